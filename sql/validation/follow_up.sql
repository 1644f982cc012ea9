-- What the rules of staging.follow_up judge: its rows with the received text, birth and treatment start.
with
-- what the record said in the last delivery before that held it
before as (
    select
        l.record,
        l.position,
        min(r.file) as file,
        arg_min(iso_date(cell(r.cells, 'last_contact_on')), l.line) as last_contact_on,
        arg_min(lower(cell(r.cells, 'vital_status')), l.line) as vital_status,
        arg_min(iso_date(cell(r.cells, 'died_on')), l.line) as died_on
    from staging.lines as l
    inner join raw.follow_up as r on l.delivery = r.delivery and l.line = r.line
    semi join staging.lines as latest
        on l.table_name = latest.table_name and l.record = latest.record
        and l.position = latest.position_before and latest.status = 'latest'
    where l.table_name = 'follow_up'
    group by l.record, l.position
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    e.then_full as absent_from,
    before.file as file_before,
    before.last_contact_on as last_contact_on_before,
    before.died_on as died_on_before,
    if(before.vital_status = 'dead' and before.died_on is not null, 'dead', null) as vital_status_before,
    r.problem,
    r.file,
    r.cells as received,
    s.patient_id is null or exists(
        from staging.lines as known where known.table_name = 'patients' and known.patient = s.patient_id
    ) as patient_is_known,
    coalesce(w.is_mangled, false) as number_is_mangled,
    p.birth_date,
    t.treatment_start,
    t.last_start,
    is_placeholder(s.last_contact_on) as contact_is_placeholder
from staging.follow_up as s
inner join staging.lines as l on l.table_name = 'follow_up' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.follow_up as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'follow_up' and s.delivery = e.delivery
left join before on s.record = before.record and l.position_before = before.position
left join staging.patients as p on s.patient_id = p.patient_id
left join (
    select
        patient_id,
        min(start_date) filter (line = 1) as treatment_start,
        max(start_date) as last_start
    from staging.treatments group by patient_id
) as t on s.patient_id = t.patient_id
left join raw.spellings as w on s.patient_id = w.patient
order by l.position, l.line;
