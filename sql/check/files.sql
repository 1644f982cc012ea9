-- check.files: each file that was looked at, as which table it would be read, and what would become of its lines.
with
lines as (
    select
        l.table_name,
        l.delivery,
        count(*) as received,
        count(*) filter (where q.delivery is not null) as set_aside
    from staging.lines as l
    left join (
        select distinct table_name, delivery, file_line from staging.problems where severity = 'quarantine'
    ) as q on l.table_name = q.table_name and l.delivery = q.delivery and l.line = q.file_line
    group by l.table_name, l.delivery
)

select
    d.file,
    coalesce(d.table_name, '') as table_name,
    d.status,
    coalesce(d.problem, '') as problem,
    coalesce(nullif(d.profile, 'native'), '') as profile,
    coalesce(l.received, 0) as received,
    coalesce(l.set_aside, 0) as set_aside
from raw.deliveries as d
left join lines as l on d.delivery = l.delivery
order by d.sequence;
