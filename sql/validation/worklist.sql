-- validation.worklist: what the data manager has to look at, one row a problem: what stops or is set aside first, then by age.
-- A file of which a profile made tables is named as it arrived, with the sheet in it. What a record costs the studies
-- (study.decisive) is said beside it; what later full exports no longer hold is listed for information.
with
costs as (
    select table_name, delivery, file_line, string_agg(distinct sentence, '. ' order by sentence) as cost
    from study.decisive
    group by table_name, delivery, file_line
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
    p.value,
    p.value_before,
    if(p.column_name = 'value', trim(u.cells['unit']), null) as unit,
    l.site,
    p.sentence,
    p.severity,
    p.rule,
    s.first_seen_on,
    costs.cost
from staging.problems as p
inner join raw.deliveries as d on p.delivery = d.delivery
inner join staging.first_seen as s on p.table_name = s.table_name and p.record = s.record and p.rule = s.rule
left join raw.sources as f on d.source = f.source and d.sheet = f.sheet
left join costs on p.table_name = costs.table_name and p.delivery = costs.delivery and p.file_line = costs.file_line
left join staging.lines as l on p.table_name = l.table_name and p.delivery = l.delivery and p.file_line = l.line
left join raw.labs as u on p.table_name = 'labs' and p.delivery = u.delivery and p.file_line = u.line
union all by name
select
    d.file,
    '' as sheet,
    c.table_name,
    c.file_line,
    l.record,
    c.patient_id,
    c.delivery,
    l.site,
    '(line)' as column_name,
    split_part(c.sentence, ': the patient', 1) as sentence,
    'quarantine' as severity,
    c.code as rule,
    d.arrived_at::date as first_seen_on,
    c.sentence as cost
from study.decisive as c
inner join raw.deliveries as d on c.delivery = d.delivery
inner join staging.lines as l on c.table_name = l.table_name and c.delivery = l.delivery and c.file_line = l.line
anti join staging.problems as p on c.table_name = p.table_name and c.delivery = p.delivery and c.file_line = p.file_line
union all by name
select
    d.file,
    '' as sheet,
    m.table_name,
    m.file_line,
    l.record,
    m.patient_id,
    m.delivery,
    l.site,
    m.column_name,
    m.sentence,
    'warn' as severity,
    m.rule,
    d.arrived_at::date as first_seen_on
from study.remarks as m
inner join raw.deliveries as d on m.delivery = d.delivery
inner join staging.lines as l on m.table_name = l.table_name and m.delivery = l.delivery and m.file_line = l.line
union all by name
select
    d.file,
    '' as sheet,
    l.table_name,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    l.delivery,
    l.site,
    '(line)' as column_name,
    'The record is in ' || newer.file || ' no longer, which holds the patient, and is not used; nothing is to be done if that is right' as sentence,
    'info' as severity,
    'record_is_removed' as rule,
    newer.delivered_on as first_seen_on
from staging.lines as l
inner join raw.deliveries as d on l.delivery = d.delivery
inner join staging.exports as newer on l.table_name = newer.table_name and l.site = newer.site and l.removed_by = newer.batch
where l.status = 'removed'
union all by name
select
    file,
    coalesce(sheet, '') as sheet,
    table_name,
    '(file)' as column_name,
    problem as sentence,
    'block' as severity,
    status as rule,
    arrived_at::date as first_seen_on
from raw.deliveries
where status in ('rejected', 'unrecognised')
union all by name
select
    file,
    coalesce(sheet, '') as sheet,
    table_name,
    '(file)' as column_name,
    sentence,
    'block' as severity,
    rule,
    arrived_at::date as first_seen_on
from exports_in_doubt()
union all by name
select
    c.file,
    '' as sheet,
    c.table_name,
    c.column_name,
    c.sentence,
    if(c.change = 'new', 'warn', 'block') as severity,
    'column_is_' || c.change as rule,
    d.arrived_on as first_seen_on
from raw.column_changes as c
inner join (
    select coalesce(source, delivery) as delivery, min(arrived_at)::date as arrived_on
    from raw.deliveries group by coalesce(source, delivery)
) as d on c.delivery = d.delivery
order by
    list_position(['block', 'quarantine', 'cell', 'warn', 'info'], severity), cost is null, first_seen_on, file, sheet, file_line, rule;
