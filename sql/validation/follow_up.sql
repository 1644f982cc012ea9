-- What the rules of staging.follow_up judge: its rows with the received text, birth and treatment start.
with
-- what each export said of a patient, by its latest visit; a death is said whatever the visits
said as (
    select
        l.patient,
        l.batch,
        min(r.file) as file,
        max(contact.day) as last_contact_on,
        if(bool_or(status.value = 'dead'), 'dead', 'alive') as vital_status,
        min(died.day) as died_on
    from staging.lines as l
    inner join raw.follow_up as r on l.delivery = r.delivery and l.line = r.line
    left join reading.day as contact on cell(r.cells, 'last_contact_on') = contact.received
    left join reading.vital_status as status on cell(r.cells, 'vital_status') = status.received
    left join reading.day as died on cell(r.cells, 'died_on') = died.received
    where l.table_name = 'follow_up' and l.patient is not null
    group by l.patient, l.batch
),

before as (
    select
        patient,
        batch,
        lag(file) over by_export as file,
        lag(last_contact_on) over by_export as last_contact_on,
        lag(vital_status) over by_export as vital_status,
        lag(died_on) over by_export as died_on
    from said
    window by_export as (partition by patient order by batch)
),

-- the visit that counts is held against them: the latest one, or the death
counts as (
    select
        s.delivery,
        s.file_line
    from staging.follow_up as s
    qualify row_number() over (
        partition by s.patient_id
        order by s.vital_status = 'dead' desc nulls last, s.last_contact_on desc nulls last, s.file_line desc
    ) = 1
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    l.differs_in_details,
    e.then_full as absent_from,
    before.file as file_before,
    if(counts.file_line is null, null, before.last_contact_on) as last_contact_on_before,
    if(counts.file_line is null, null, before.died_on) as died_on_before,
    if(s.vital_status = 'dead', 'dead', 'alive') as is_dead,
    -- who was dead and is alive on a later day was not dead; alive on an earlier one says nothing of it
    if(
        counts.file_line is not null and before.vital_status = 'dead' and before.died_on is not null
        and (s.vital_status = 'dead' or s.last_contact_on is null or s.last_contact_on <= before.died_on), 'dead', null
    ) as is_dead_before,
    coalesce(
        counts.file_line is not null and s.vital_status != 'dead' and s.last_contact_on > before.died_on, false
    ) as death_is_taken_back,
    is_dead_before as vital_status_before,
    r.problem,
    r.file,
    r.cells as received,
    s.patient_id is null or s.patient_id in (
        select patient from staging.lines where table_name = 'patients' and patient is not null
    ) as patient_is_known,
    coalesce(w.is_mangled, false) as number_is_mangled,
    p.birth_date,
    t.treatment_start,
    t.last_start,
    is_placeholder(cell(r.cells, 'last_contact_on')) as last_contact_on_is_placeholder,
    is_placeholder(cell(r.cells, 'died_on')) as died_on_is_placeholder
from staging.follow_up as s
inner join staging.lines as l on l.table_name = 'follow_up' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.follow_up as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'follow_up' and l.site = e.site and l.batch = e.batch
left join before on s.patient_id = before.patient and l.batch = before.batch
left join counts on s.delivery = counts.delivery and s.file_line = counts.file_line
left join staging.patients as p on s.patient_id = p.patient_id
left join (
    select
        patient_id,
        min(start_date) filter (line = 1) as treatment_start,
        max(start_date) as last_start
    from staging.treatments group by patient_id
) as t on s.patient_id = t.patient_id
left join raw.spellings as w on l.number = w.patient
order by l.position, l.line;
