-- staging.reused_numbers: numbers that stand for two people: birth date or sex differs within an export, or both differ from
-- the first export's and treatment begins anew.
create or replace table staging.reused_numbers as
with
-- who a number is: by its first export and by the one that counts
persons as (
    select
        l.site,
        l.number,
        l.batch,
        l.patient,
        l.delivered_on,
        l.delivery,
        l.line,
        birth.day as birth_date,
        sex.value as sex
    from staging.lines as l
    inner join raw.patients as r on l.delivery = r.delivery and l.line = r.line
    inner join reading.day as birth on cell(r.cells, 'birth_date') = birth.received
    inner join reading.sex as sex on cell(r.cells, 'sex') = sex.received
    where l.table_name = 'patients' and birth.day is not null and sex.value is not null
),

other_person as (
    select
        site,
        number,
        arg_max(patient, delivered_on) as patient,
        arg_max(delivery, delivered_on) as delivery,
        arg_max(line, delivered_on) as line,
        arg_max(sex, delivered_on) as sex,
        arg_max(birth_date, delivered_on) as birth_date
    from persons
    group by site, number
    having arg_min(sex, delivered_on) != arg_max(sex, delivered_on)
    and arg_min(birth_date, delivered_on) != arg_max(birth_date, delivered_on)
),

since as (
    select
        o.site,
        o.number,
        min(p.delivered_on) as first_day
    from other_person as o
    inner join persons as p on o.site = p.site and o.number = p.number and o.sex = p.sex and o.birth_date = p.birth_date
    group by o.site, o.number
),

started as (
    select
        o.site,
        o.number,
        list(distinct day.day) filter (l.delivered_on < o.first_day) as then_started,
        list(distinct day.day) filter (l.delivered_on >= o.first_day) as now_started
    from since as o
    inner join staging.lines as l on l.table_name = 'treatments' and o.site = l.site and o.number = l.number
    inner join raw.treatments as r on l.delivery = r.delivery and l.line = r.line
    inner join reading.line as line on cell(r.cells, 'line') = line.received and line.value = 1
    inner join reading.day as day on cell(r.cells, 'start_date') = day.received and day.day is not null
    group by o.site, o.number
),

-- of the last export of the patient
two_people as (
    select
        arg_max(patient, line) as patient,
        arg_max(delivery, line) as delivery,
        max(line) as line
    from persons
    group by site, number, batch
    having min(sex) != max(sex) or min(birth_date) != max(birth_date)
    qualify batch = max(batch) over (partition by site, number)
)

select
    o.patient as patient_id,
    o.delivery,
    o.line as file_line
from other_person as o
inner join started as s on o.site = s.site and o.number = s.number
where len(s.then_started) > 0 and len(s.now_started) > 0 and not list_has_any(s.then_started, s.now_started)
union
select * from two_people
order by patient_id;

comment on table staging.reused_numbers is
'Numbers that stand for two people: birth date or sex differs in one export, or both from before and treatment begins anew';
comment on column staging.reused_numbers.patient_id is 'Pseudonym of the patient';
comment on column staging.reused_numbers.delivery is 'SHA-256 of the export file that holds the last patient record';
comment on column staging.reused_numbers.file_line is 'Its line there';
