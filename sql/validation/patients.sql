-- What the rules of staging.patients judge: its rows with the received text.
with
-- what the record said in the last delivery before that held it
before as (
    select
        l.record,
        l.position,
        min(r.file) as file,
        arg_min(birth.day, l.line) as birth_date,
        arg_min(sex.value, l.line) as sex
    from staging.lines as l
    inner join raw.patients as r on l.delivery = r.delivery and l.line = r.line
    left join reading.day as birth on cell(r.cells, 'birth_date') = birth.received
    left join reading.sex as sex on cell(r.cells, 'sex') = sex.received
    semi join staging.lines as latest
        on l.table_name = latest.table_name and l.record = latest.record
        and l.position = latest.position_before and latest.status = 'latest'
    where l.table_name = 'patients'
    group by l.record, l.position
),

started as (
    select
        l.patient,
        min(day.day) as treatment_start
    from staging.lines as l
    inner join raw.treatments as r on l.delivery = r.delivery and l.line = r.line
    inner join reading.line as line on cell(r.cells, 'line') = line.received and line.value = 1
    inner join reading.day as day on cell(r.cells, 'start_date') = day.received
    where l.table_name = 'treatments' and l.status = 'latest'
    group by l.patient
),

-- patients whose number another patient has as well, written in another way: where that one stands
numbers as (
    select
        p.patient_id,
        l.site,
        w.loosely,
        min_by(r.file || ', line ' || l.line, l.position) as place
    from staging.patients as p
    inner join staging.lines as l on l.table_name = 'patients' and p.delivery = l.delivery and p.file_line = l.line
    inner join raw.patients as r on p.delivery = r.delivery and p.file_line = r.line
    inner join raw.spellings as w on l.number = w.patient
    group by p.patient_id, l.site, w.loosely
),

alike as (
    select
        one.patient_id,
        min(other.place) as spelt_at
    from numbers as one
    inner join numbers as other
        on one.site is not distinct from other.site and one.loosely = other.loosely and one.patient_id != other.patient_id
    group by one.patient_id
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    l.differs_in_details,
    e.then_full as absent_from,
    before.file as file_before,
    before.birth_date as birth_date_before,
    before.sex as sex_before,
    r.problem,
    r.file,
    r.cells as received,
    date_diff('day', s.born_about, coalesce(t.treatment_start, s.diagnosis_date, l.delivered_on)) / days_per_year() as age_by_birth_date,
    abs(s.age_years - date_diff('day', s.birth_date, t.treatment_start) / days_per_year()) as years_apart,
    is_placeholder(cell(r.cells, 'birth_date')) as birth_date_is_placeholder,
    is_placeholder(cell(r.cells, 'diagnosis_date')) as diagnosis_date_is_placeholder,
    s.site_id is null and bool_or(s.site_id is not null) over () as site_is_missing,
    (s.liver_metastases_n > 0) != (s.largest_metastasis_mm > 0) as size_contradicts_number,
    alike.spelt_at is not null as is_spelt_twice,
    alike.spelt_at,
    coalesce(w.is_mangled, false) as number_is_mangled
from staging.patients as s
inner join staging.lines as l on l.table_name = 'patients' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.patients as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'patients' and l.site = e.site and l.batch = e.batch
left join alike on s.patient_id = alike.patient_id
left join before on s.record = before.record and l.position_before = before.position
left join started as t on s.patient_id = t.patient
left join raw.spellings as w on l.number = w.patient
order by l.position, l.line;
