-- The records of staging.patients, each from the first delivery on that is read as the same sex and age: before, it may
-- have been in quarantine. What else a record says may have been added since.
with
read_lines as (
    select
        r.record,
        r.delivery,
        r.line,
        r.delivered_on,
        {
            sex: sex.value,
            born_first: birth.first_day,
            born_last: birth.last_day,
            age: age.value
        } as said
    from staging.received as r
    inner join raw.patients as w on r.delivery = w.delivery and r.line = w.line
    left join reading.sex as sex on cell(w.cells, 'sex') = sex.received
    left join reading.day as birth on cell(w.cells, 'birth_date') = birth.received
    left join reading.number as age on cell(w.cells, 'age_years') = age.received
    where r.table_name = 'patients'
)

select
    s.*,
    said.known_from
from staging.patients as s
inner join (
    select latest.record, min(earlier.delivered_on) as known_from
    from staging.patients as p
    inner join read_lines as latest on p.delivery = latest.delivery and p.file_line = latest.line
    inner join read_lines as earlier on latest.record = earlier.record and latest.said is not distinct from earlier.said
    group by latest.record
) as said on s.record = said.record
