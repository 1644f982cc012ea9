-- validation.worklist: what the data manager has to look at, one row a problem: what stops or is set aside first, then by age.
-- A file of which a profile made tables is named as it arrived, with the sheet in it.
-- A cell that says that there is nothing (ND, -99) was judged as an empty one; here it is shown as it was received.
with
empty as (
    select distinct table_name, delivery, file_line
    from staging.problems
    where value is null and column_name != '(line)'
),

given as (
    select 'patients' as table_name, delivery, line as file_line, cells from raw.patients
    union all
    select 'treatments', delivery, line, cells from raw.treatments
    union all
    select 'labs', delivery, line, cells from raw.labs
    union all
    select 'assessments', delivery, line, cells from raw.assessments
    union all
    select 'follow_up', delivery, line, cells from raw.follow_up
),

received as (
    select g.*
    from given as g
    semi join empty as e
        on g.table_name = e.table_name and g.delivery = e.delivery and g.file_line = e.file_line
)

select
    coalesce(f.file, d.file) as file,
    coalesce(d.sheet, '') as sheet,
    p.table_name,
    p.file_line,
    p.record,
    p.patient_id,
    p.delivery,
    p.column_name,
    coalesce(p.value, r.cells[p.column_name]) as value,
    p.value_before,
    p.sentence,
    p.severity,
    p.rule,
    s.first_seen_on
from staging.problems as p
inner join raw.deliveries as d on p.delivery = d.delivery
inner join staging.first_seen as s on p.table_name = s.table_name and p.record = s.record and p.rule = s.rule
left join raw.sources as f on d.source = f.source and d.sheet = f.sheet
left join received as r on p.table_name = r.table_name and p.delivery = r.delivery and p.file_line = r.file_line
union all
select
    file, coalesce(sheet, ''), table_name, null, null, null, null, '(file)', null, null, problem, 'block', status, arrived_at::date
from raw.deliveries
where status in ('rejected', 'unrecognised')
union all
select
    c.file, '', c.table_name, null, null, null, null, c.column_name, null, null, c.sentence,
    if(c.change = 'new', 'warn', 'block'), 'column_is_' || c.change, d.arrived_on
from raw.column_changes as c
inner join (
    select coalesce(source, delivery) as delivery, min(arrived_at)::date as arrived_on
    from raw.deliveries group by coalesce(source, delivery)
) as d on c.delivery = d.delivery
order by severity, first_seen_on, file, sheet, file_line, rule;
