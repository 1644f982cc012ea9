-- What the rules of staging.assessments judge: its rows with the received text, treatment, follow-up and the visits before.
with
started as (
    select
        patient_id,
        min(start_date) filter (line = 1) as treatment_start,
        min(start_date) filter (line > 1) as later_line
    from staging.treatments
    group by patient_id
),

-- sums that can be held against each other: of one visit, of a possible size, of the first line
measured as (
    select
        a.delivery,
        a.file_line,
        a.patient_id,
        a.assessed_on,
        a.response,
        a.assessed_on <= t.treatment_start as is_before,
        a.sum_of_diameters_mm as size,
        lag(a.sum_of_diameters_mm) over by_visit as size_before,
        lead(a.sum_of_diameters_mm) over by_visit as size_after
    from staging.assessments as a
    inner join started as t on a.patient_id = t.patient_id
    inner join staging.lines as l on l.table_name = 'assessments' and a.delivery = l.delivery and a.file_line = l.line
    where not l.in_conflict and a.sum_of_diameters_mm between 0 and 1000
    and a.assessed_on <= coalesce(t.later_line, 'infinity')
    window by_visit as (partition by a.patient_id order by a.assessed_on, a.file_line)
),

-- fivefold of both neighbours, or too small to be measured before treatment (RECIST 1.1: 10 mm)
sized as (
    select
        *,
        coalesce(
            size > 0 and greatest(size / size_before, size_before / size) >= 5
            and coalesce(greatest(size / size_after, size_after / size), 5) >= 5,
            false
        ) or is_before and size > 0 and size < 10 as is_other_unit,
        is_before and assessed_on = max(assessed_on) filter (is_before) over (partition by patient_id) as is_baseline
    from measured
),

against as (
    select
        *,
        min(if(is_baseline and not is_other_unit, size, null)) over (partition by patient_id) as size_at_baseline,
        min(if(is_other_unit, null, size)) over (
            partition by patient_id order by assessed_on, file_line
            rows between unbounded preceding and 1 preceding
        ) as size_at_best
    from sized
),

-- RECIST 1.1: a response is 30% less than at baseline, progression 20% and 5 mm more than at best. One per cent is for
-- rounding; progression can be by new lesions, so that it needs no growth.
compared as (
    select
        delivery,
        file_line,
        is_other_unit,
        case
            when is_before or size_at_baseline is null then null
            when response in ('PR', 'CR') and size > 0.71 * size_at_baseline
                then 'The response is ' || response || ', but the sum of diameters is less than 30% below that before treatment'
            when response = 'SD' and size < 0.69 * size_at_baseline
                then 'The response is SD, but the sum of diameters is 30% or more below that before treatment'
            when response in ('SD', 'PR', 'CR') and size > greatest(1.21 * size_at_best, size_at_best + 5)
                then 'The response is ' || response || ', but the sum of diameters is 20% or more above the smallest one before'
        end as contradiction
    from against
),

undone as (
    select
        a.delivery,
        a.file_line
    from staging.assessments as a
    inner join started as t on a.patient_id = t.patient_id
    where a.assessed_on >= t.treatment_start and a.assessed_on <= coalesce(t.later_line, 'infinity')
    qualify a.response in ('PR', 'CR') and bool_or(a.response = 'PD') over (
        partition by a.patient_id order by a.assessed_on, a.file_line
        rows between unbounded preceding and 1 preceding
    )
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    l.differs_in_details,
    e.then_full as absent_from,
    r.problem,
    r.file,
    r.cells as received,
    s.patient_id is null or s.patient_id in (
        select patient from staging.lines where table_name = 'patients' and patient is not null
    ) as patient_is_known,
    coalesce(w.is_mangled, false) as number_is_mangled,
    p.birth_date,
    t.treatment_start,
    -- a scan before treatment has diameters and no response yet
    if(s.response = 'NE', null, s.assessed_on) as responded_on,
    f.last_contact_on,
    f.died_on,
    is_placeholder(cell(r.cells, 'assessed_on')) as assessed_on_is_placeholder,
    c.contradiction,
    coalesce(c.is_other_unit, false) as is_other_unit,
    exists(from undone where s.delivery = undone.delivery and s.file_line = undone.file_line) as responds_after_progression
from staging.assessments as s
inner join staging.lines as l on l.table_name = 'assessments' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.assessments as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'assessments' and l.site = e.site and l.batch = e.batch
left join staging.patients as p on s.patient_id = p.patient_id
left join started as t on s.patient_id = t.patient_id
left join staging.vital_status as f on s.patient_id = f.patient_id
left join raw.spellings as w on l.number = w.patient
left join compared as c on s.delivery = c.delivery and s.file_line = c.file_line
order by l.position, l.line;
