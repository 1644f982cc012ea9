-- What the rules of staging.labs judge: its rows with the received text and the patient.
with
-- what the record said in the last delivery before that held it
before as (
    select
        l.record,
        l.position,
        min(r.file) as file,
        arg_min(cell(r.cells, 'value'), l.line) as value,
        arg_min(cell(r.cells, 'unit'), l.line) as unit
    from staging.lines as l
    inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
    semi join staging.lines as latest
        on l.table_name = latest.table_name and l.record = latest.record
        and l.position = latest.position_before and latest.status = 'latest'
    where l.table_name = 'labs'
    group by l.record, l.position
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    e.then_full as absent_from,
    before.file as file_before,
    before.value as value_before,
    if(s.analyte = settings.analyte, coalesce(s.beyond_limit, '') || s.marker_value, null) as marker_result,
    -- a result that could not be used was put right, not overwritten
    regexp_extract(before.value, '^[<>]') || (result_number(before.value) * u.factor)
        as marker_result_before,
    r.problem,
    r.file,
    r.cells as received,
    exists(
        from staging.lines as known where known.table_name = 'patients' and known.patient = s.patient_id
    ) as patient_is_known,
    p.birth_date,
    (select string_agg(known.unit, ', ' order by known.unit) from study.units as known) as known_units,
    s.analyte != settings.analyte or s.unit is null or now.factor is not null as marker_unit_is_known
from staging.labs as s
inner join staging.lines as l on l.table_name = 'labs' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.labs as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'labs' and s.delivery = e.delivery
left join before on s.record = before.record and l.position_before = before.position
left join staging.patients as p on s.patient_id = p.patient_id
cross join study.settings as settings
left join study.units as u on plain_unit(before.unit) = u.unit
left join study.units as now on plain_unit(s.unit) = now.unit
order by l.position, l.line;
