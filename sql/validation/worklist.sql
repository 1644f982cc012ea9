-- validation.worklist: what the data manager has to look at, one row a problem: what stops or is set aside first, then by age.
-- A file of which a profile made tables is named as it arrived, with the sheet in it.
select
    coalesce(f.file, d.file) as file,
    coalesce(d.sheet, '') as sheet,
    p.table_name,
    p.file_line,
    p.record,
    p.patient_id,
    p.delivery,
    p.column_name,
    p.value,
    p.value_before,
    p.sentence,
    p.severity,
    p.rule,
    s.first_seen_on
from staging.problems as p
inner join raw.deliveries as d on p.delivery = d.delivery
inner join staging.first_seen as s on p.table_name = s.table_name and p.record = s.record and p.rule = s.rule
left join raw.sources as f on d.source = f.source and d.sheet = f.sheet
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
