-- What the rules of staging.assessments judge: its rows with the received text, treatment start and end of follow-up.
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
    t.treatment_start,
    -- a scan before treatment has diameters and no response yet
    if(s.response = 'NE', null, s.assessed_on) as responded_on,
    f.last_contact_on,
    f.died_on
from staging.assessments as s
inner join staging.lines as l on l.table_name = 'assessments' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.assessments as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'assessments' and s.delivery = e.delivery
left join (
    select patient_id, min(start_date) as treatment_start
    from staging.treatments where line = 1 group by patient_id
) as t on s.patient_id = t.patient_id
left join staging.follow_up as f on s.patient_id = f.patient_id
order by l.position, l.line;
