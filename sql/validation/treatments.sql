-- What the rules of staging.treatments judge: its rows with the received text and the patient.
with
-- what the record said in the last delivery before that held it
before as (
    select
        l.record,
        l.position,
        min(r.file) as file,
        min(iso_date(cell(r.cells, 'start_date'))) as start_date
    from staging.lines as l
    inner join raw.treatments as r on l.delivery = r.delivery and l.line = r.line
    semi join staging.lines as latest
        on l.table_name = latest.table_name and l.record = latest.record
        and l.position = latest.position_before and latest.status = 'latest'
    where l.table_name = 'treatments'
    group by l.record, l.position
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    e.then_full as absent_from,
    before.file as file_before,
    -- a record of several courses started with its first one
    if(
        s.start_date = min(s.start_date) over (partition by s.record), before.start_date, null
    ) as start_date_before,
    r.problem,
    r.file,
    r.cells as received,
    exists(
        from staging.lines as known where known.table_name = 'patients' and known.patient = s.patient_id
    ) as patient_is_known,
    p.birth_date,
    p.diagnosis_date
from staging.treatments as s
inner join staging.lines as l on l.table_name = 'treatments' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.treatments as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'treatments' and s.delivery = e.delivery
left join before on s.record = before.record and l.position_before = before.position
left join staging.patients as p on s.patient_id = p.patient_id
order by l.position, l.line;
