-- staging.reused_numbers: numbers that stand for two people, and people who stand under two numbers.
-- Two people: birth or sex differs within an export, or both differ from the first export's and treatment begins anew. A birth
-- of which month, year or only an age is known lies between two days.
-- One person: the number stands in two spellings, or moved to another site, and neither sex nor birth tells them apart; or
-- who has sex, birth date and start of treatment of one whom the full exports no longer hold came under another number.
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
        coalesce(birth.first_day, (l.delivered_on - to_years(age.value::integer + 2))::date) as born_first,
        coalesce(birth.last_day, (l.delivered_on - to_years(age.value::integer - 1))::date) as born_last,
        sex.value as sex
    from staging.lines as l
    inner join raw.patients as r on l.delivery = r.delivery and l.line = r.line
    inner join reading.sex as sex on cell(r.cells, 'sex') = sex.received
    left join reading.day as birth on cell(r.cells, 'birth_date') = birth.received
    left join reading.number as age on cell(r.cells, 'age_years') = age.received and age.value between 0 and 150
    where l.table_name = 'patients' and sex.value in ('F', 'M') and (birth.first_day is not null or age.value is not null)
),

other_person as (
    select
        site,
        number,
        arg_max(patient, delivered_on) as patient,
        arg_max(delivery, delivered_on) as delivery,
        arg_max(line, delivered_on) as line,
        arg_max(sex, delivered_on) as sex,
        arg_max(born_first, delivered_on) as born_first,
        arg_max(born_last, delivered_on) as born_last
    from persons
    group by site, number
    having arg_min(sex, delivered_on) != arg_max(sex, delivered_on)
    and greatest(arg_min(born_first, delivered_on), arg_max(born_first, delivered_on))
    > least(arg_min(born_last, delivered_on), arg_max(born_last, delivered_on))
),

since as (
    select
        o.site,
        o.number,
        min(p.delivered_on) as first_day
    from other_person as o
    inner join persons as p
        on o.site = p.site
        and o.number = p.number
        and o.sex = p.sex
        and o.born_first <= p.born_last
        and o.born_last >= p.born_first
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
    having min(sex) != max(sex) or max(born_first) > min(born_last)
    qualify batch = max(batch) over (partition by site, number)
),

first_held as (
    select patient, min(batch) as batch
    from staging.lines
    where table_name = 'patients' and patient is not null
    group by patient
),

first_treated as (
    select patient_id, min(start_date) as started_on
    from staging.treatments
    where line = 1
    group by patient_id
),

-- who a patient is now
known as (
    select
        p.patient_id,
        p.delivery,
        p.file_line,
        nullif(p.sex, 'U') as sex,
        p.birth_date,
        p.born_about,
        p.age_years,
        l.site,
        l.number,
        l.batch,
        w.loosely,
        h.batch as first_batch,
        t.started_on,
        -- most patients under new numbers look like an update
        e.kind = 'full' or e.records * 2 >= e.followed_records as is_of_full,
        e.then_full is not null as is_absent,
        count(*) over (partition by l.site, p.sex, p.birth_date, t.started_on) as n_alike,
        p.patient_id in (
            select o.patient from staging.lines as o
            where o.table_name != 'patients' and o.status = 'latest' and o.patient is not null
        ) as has_lines
    from staging.patients as p
    inner join staging.lines as l on l.table_name = 'patients' and p.delivery = l.delivery and p.file_line = l.line
    inner join staging.exports as e on e.table_name = 'patients' and l.site = e.site and l.batch = e.batch
    inner join raw.spellings as w on l.number = w.patient
    inner join first_held as h on p.patient_id = h.patient
    left join first_treated as t on p.patient_id = t.patient_id
),

one_person as (
    select one.patient_id, one.delivery, one.file_line
    from known as one
    inner join known as other
        on one.site = other.site and one.loosely = other.loosely and one.patient_id != other.patient_id and other.has_lines
    where coalesce(one.sex = other.sex, true)
    and coalesce(one.birth_date = other.birth_date, abs(one.born_about - other.born_about) <= 366, true)
    and coalesce(abs(one.age_years - other.age_years) <= 1, true)
    union
    select one.patient_id, one.delivery, one.file_line
    from known as one
    inner join known as other
        on one.site != other.site and one.number = other.number
        and one.sex = other.sex and one.birth_date = other.birth_date and other.has_lines
    where one.is_absent != other.is_absent
    union
    select one.patient_id, one.delivery, one.file_line
    from known as one
    inner join known as other
        on one.site = other.site and one.sex = other.sex and one.birth_date = other.birth_date
        and one.started_on = other.started_on and one.number != other.number
    -- sex and days that three patients share tell nobody
    where one.n_alike = 2
    and ((one.batch < other.first_batch and other.is_of_full) or (other.batch < one.first_batch and one.is_of_full))
)

select
    'number_reused' as code,
    o.patient as patient_id,
    o.delivery,
    o.line as file_line
from other_person as o
inner join started as s on o.site = s.site and o.number = s.number
where len(s.then_started) > 0 and len(s.now_started) > 0 and not list_has_any(s.then_started, s.now_started)
union
select
    'number_reused' as code,
    *
from two_people
union
select
    'person_twice' as code,
    *
from one_person
order by patient_id, code;

comment on table staging.reused_numbers is 'Numbers that stand for two people, and people who stand under two numbers';
comment on column staging.reused_numbers.code is 'number_reused or person_twice';
comment on column staging.reused_numbers.patient_id is 'Pseudonym of the patient';
comment on column staging.reused_numbers.delivery is 'SHA-256 of the export file that holds the last patient record';
comment on column staging.reused_numbers.file_line is 'Its line there';
