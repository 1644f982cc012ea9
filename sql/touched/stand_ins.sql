-- touched.stand_ins: for each site that the lines of a delivery name, and each that they are of, one of these lines; of the
-- deliveries in `delivered_now` that have none yet, and of `more_lines`.
insert into touched.stand_ins
with
named as (
    select 'treatments' as table_name, delivery, line, cells['site_id'] as site_id from raw.treatments
    union all
    select 'labs', delivery, line, cells['site_id'] from raw.labs
    union all
    select 'assessments', delivery, line, cells['site_id'] from raw.assessments
    union all
    select 'follow_up', delivery, line, cells['site_id'] from raw.follow_up
    union all
    select 'outcomes', delivery, line, cells['site_id'] from raw.outcomes
)

select n.table_name, n.delivery, min(n.line) as line
from named as n
inner join staging.received as r on n.table_name = r.table_name and n.delivery = r.delivery and n.line = r.line
where n.delivery in (select d.delivery from delivered_now as d anti join touched.deliveries as k on d.delivery = k.delivery)
or (n.table_name, n.delivery, n.line) in (select (m.table_name, m.delivery, m.line) from more_lines as m)
group by n.table_name, n.delivery, n.site_id, r.site;
