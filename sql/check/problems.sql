-- check.problems: what would be set aside or listed of exports that are not delivered yet, and what it would cost the study.
-- The registry's number of a patient is not repeated; file and line say whom it is of.
with
costs as (
    select table_name, delivery, file_line, string_agg(distinct sentence, '. ' order by sentence) as cost
    from cohort.decisive
    group by table_name, delivery, file_line
),

found as (
    select
        p.delivery,
        p.table_name,
        p.file_line,
        p.column_name,
        if(p.column_name = 'patient_id', null, p.value) as value,
        p.sentence,
        p.severity,
        c.cost
    from staging.problems as p
    left join costs as c on p.table_name = c.table_name and p.delivery = c.delivery and p.file_line = c.file_line
    union all by name
    select
        c.delivery,
        c.table_name,
        c.file_line,
        '(line)' as column_name,
        'The record is not clear' as sentence,
        'quarantine' as severity,
        c.cost
    from costs as c
    anti join staging.problems as p
        on c.table_name = p.table_name and c.delivery = p.delivery and c.file_line = p.file_line
)

select
    coalesce(s.file, d.file) as file,
    coalesce(d.sheet, '') as sheet,
    f.* exclude (delivery)
from found as f
inner join raw.deliveries as d on f.delivery = d.delivery
left join raw.sources as s on d.source = s.source and d.sheet = s.sheet
order by
    list_position(['quarantine', 'cell', 'warn'], f.severity), f.cost is null, file, sheet, f.file_line, f.column_name;
