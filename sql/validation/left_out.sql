-- validation.left_out: patients who are not what they were delivered as: struck out, merged into another number, no longer delivered.
with
counted as (
    select
        patient,
        min_by(delivery, (position, line)) as delivery,
        min_by(line, (position, line)) as file_line,
        count(*) as lines,
        bool_and(status = 'removed') as is_gone,
        bool_or(is_struck) as is_struck,
        list(distinct number) as numbers,
        max(delivered_on) as last_delivered_on
    from staging.lines
    where patient is not null
    group by patient
),

merged as (
    select
        m.to_number,
        min_by(l.delivery, (l.position, l.line)) as delivery,
        min_by(l.line, (l.position, l.line)) as file_line,
        count(*) as lines,
        max(l.delivered_on) as last_delivered_on
    from raw.merged_patients as m
    inner join staging.lines as l on m.from_number = l.number
    group by m.from_number, m.to_number
)

select
    'struck out' as what,
    s.patient as patient_id,
    c.delivery,
    c.file_line,
    s.struck_on as since,
    s.who,
    s.why,
    coalesce(c.lines, 0) as lines
from raw.struck_patients as s
-- before sites told patients apart, a patient was a number
left join counted as c on c.is_struck and (c.patient = s.patient or list_contains(c.numbers, s.patient))
union all by name
select
    'merged into another number' as what,
    m.to_number as patient_id,
    m.delivery,
    m.file_line,
    m.last_delivered_on::varchar as since,
    m.lines
from merged as m
union all by name
select
    'no longer in the full export' as what,
    c.patient as patient_id,
    c.delivery,
    c.file_line,
    c.last_delivered_on::varchar as since,
    c.lines
from counted as c
where c.is_gone and not c.is_struck
order by what, since, patient_id;
