-- What the rules of staging.labs judge: its rows with the received text and the patient.
select
    s.*,
    l.delivered_on,
    l.in_conflict,
    e.then_full as absent_from,
    r.problem,
    r.file,
    r.cells as received,
    exists(
        from staging.lines as known where known.table_name = 'patients' and known.patient = s.patient_id
    ) as patient_is_known,
    p.birth_date,
    settings.unit as study_unit,
    lower(settings.unit) as study_unit_lower,
    if(s.analyte = settings.analyte, lower(s.unit), null) as marker_unit
from staging.labs as s
inner join staging.lines as l on l.table_name = 'labs' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.labs as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'labs' and s.delivery = e.delivery
left join staging.patients as p on s.patient_id = p.patient_id
cross join study.settings as settings
order by l.position, l.line;
