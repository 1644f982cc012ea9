-- What the rules of staging.follow_up judge: its rows with the received text, birth and treatment start.
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
    t.treatment_start
from staging.follow_up as s
inner join staging.lines as l on l.table_name = 'follow_up' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.follow_up as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'follow_up' and s.delivery = e.delivery
left join staging.patients as p on s.patient_id = p.patient_id
left join (
    select patient_id, min(start_date) as treatment_start
    from staging.treatments where line = 1 group by patient_id
) as t on s.patient_id = t.patient_id
order by l.position, l.line;
