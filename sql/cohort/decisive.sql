-- cohort.decisive: records that cannot be read, break a rule or are not clear, and that could move time zero, arm, marker,
-- response or an endpoint of their patient. Such a patient is not evaluable until the record is put right.
-- A line with too many or too few cells is read cell by cell: what stands in the wrong column can seldom be read there.
-- A day that is known in part lies anywhere between its first and last day, an unreadable or impossible one anywhere.
create or replace table cohort.decisive as
with
people as (
    select
        a.*,
        least(a.pddt, a.newtrtdt, 'infinity'::date) as last_day,
        coalesce(a.pddt, a.dthdt) is not null as has_pfs_event,
        if(a.pddt <= coalesce(a.dthdt, a.pddt), a.pddt, coalesce(a.dthdt, a.adequate_dt, a.trtsdt)) as pfs_day,
        exists(from staging.outcomes as o where o.patient_id = a.patient_id and o.endpoint = 'PFS') as has_pfs_given,
        exists(from staging.outcomes as o where o.patient_id = a.patient_id and o.endpoint = 'OS') as has_os_given
    from cohort.as_read as a
    where a.has_record
),

-- best response first; what is not evaluable, or nothing, last
visits as (
    select
        p.patient_id,
        a.assessed_on,
        p.last_day,
        list_position(['CR', 'PR', 'SD', 'PD', 'NE'], a.response) as place
    from staging.assessments as a
    inner join people as p on a.patient_id = p.patient_id
    where a.assessed_on between p.trtsdt and p.last_day and is_known(a.assessed_on)
),

best as (
    select patient_id, min(place) as place
    from visits
    group by patient_id
),

treatments as (
    select
        patient_id,
        delivery,
        file_line,
        len(columns) > 0 as is_set_aside,
        certainty = 'negated' and not list_contains(columns, 'drug') as is_negated,
        line is null or list_contains(columns, 'line') as line_is_unknown,
        line,
        -- a name that no dictionary holds may be another name of it, where the study file does not say that it is none
        certainty = 'missing' or list_contains(columns, 'drug')
        or is_drug(substances, drug, settings.experimental_substances, settings.experimental_drug)
        or list_has_any(may_be, settings.experimental_substances)
        or (
            (certainty = 'unknown' or list_contains(may_be, '*'))
            and not list_has_any(settings.control_drugs, [drug, '*'])
        ) as may_be_experimental,
        if(list_contains(columns, 'start_date') and start_date is not null, null, coalesce(start_date, start_first)) as first_day,
        if(list_contains(columns, 'start_date') and start_date is not null, null, coalesce(start_date, start_last)) as last_day
    from (
        select *, []::varchar[] as columns from staging.treatments
        union all by name
        select * from staging.treatments_set_aside
    ) as every_one
    cross join study.settings as settings
),

of_treatments as (
    select
        t.*,
        p.trtsdt,
        p.newtrtdt,
        p.armcd,
        coalesce(t.first_day, '-infinity'::date) as earliest,
        coalesce(t.last_day, 'infinity'::date) as latest,
        coalesce(b.place, 5) as best_place
    from treatments as t
    inner join people as p on t.patient_id = p.patient_id
    left join best as b on t.patient_id = b.patient_id
    where not t.is_negated and is_known(coalesce(t.first_day, '-infinity'::date))
),

start_may_move as (
    select patient_id, 'treatments' as table_name, delivery, file_line, 'start_may_move' as code
    from of_treatments
    where is_set_aside and (line_is_unknown or line = 1) and (trtsdt is null or earliest < trtsdt)
),

arm_may_move as (
    select t.patient_id, 'treatments', t.delivery, t.file_line, 'arm_may_move'
    from of_treatments as t
    cross join study.settings as settings
    where t.armcd = 'C' and t.trtsdt is not null and t.may_be_experimental
    and (t.line_is_unknown or t.line = 1)
    and t.earliest <= t.trtsdt + settings.arm_window_days
),

therapy_may_move as (
    select t.patient_id, 'treatments', t.delivery, t.file_line, 'response_may_move'
    from of_treatments as t
    where t.is_set_aside and (t.line_is_unknown or t.line > 1) and t.trtsdt is not null
    and greatest(t.earliest, t.trtsdt) < coalesce(t.newtrtdt, 'infinity'::date)
    and t.best_place < coalesce(
        (
            select min(v.place) from visits as v
            where v.patient_id = t.patient_id and v.assessed_on <= greatest(t.earliest, t.trtsdt)
        ), 5
    )
),

-- results of the marker that are not clear, or cannot be read, and may be of the baseline sample or a later one
open_results as (
    select
        m.*,
        greatest(m.collected_first, p.trtsdt + settings.window_first_day) as first_day,
        least(m.collected_last, p.trtsdt + settings.window_last_day) as last_day
    from cohort.markers as m
    inner join people as p on m.patient_id = p.patient_id
    inner join study.settings as settings on m.marker = settings.marker
    where not m.is_used and p.trtsdt is not null and is_known(m.collected_first)
    and m.collected_first <= p.trtsdt + settings.window_last_day
    and m.collected_last >= greatest(p.trtsdt + settings.window_first_day, coalesce(p.markdt, '-infinity'::date))
),

-- a derived marker has a value only where every other analyte has, or may have, a result of the same day
marker_may_move as (
    select m.patient_id, 'labs', m.delivery, m.file_line, 'marker_may_move'
    from open_results as m
    left join cohort.markers as o
        on m.marker = o.marker
        and m.patient_id = o.patient_id
        and m.part != o.part
        and m.record is distinct from o.record
        and o.collected_first <= m.last_day
        and o.collected_last >= m.first_day
    group by m.marker, m.part, m.patient_id, m.delivery, m.file_line
    having count(distinct o.part) + 1 = (select count(*) from study.marker_parts as p where p.marker = m.marker)
),

baseline as (
    select v.*
    from cohort.marker_values as v
    inner join study.settings as settings on v.marker = settings.marker
    where v.is_baseline
),

-- two values of the day that counts, of which it is not said which came later
same_day as (
    select v.patient_id, 'labs', r.record.delivery, r.record.file_line, 'same_day_results'
    from cohort.marker_values as v
    inner join baseline as b
        on v.marker = b.marker and v.patient_id = b.patient_id and v.collected_on = b.collected_on
    inner join people as p on v.patient_id = p.patient_id
    cross join unnest(v.records) as r (record)
    where v.results is distinct from b.results
    and not list_contains(b.records, r.record)
    and (v.collected_at is null or b.collected_at is null or v.collected_at = b.collected_at)
),

no_value as (
    select b.patient_id, 'labs', r.record.delivery, r.record.file_line, 'marker_has_no_value'
    from baseline as b
    inner join people as p on b.patient_id = p.patient_id
    cross join unnest(b.records) as r (record)
    where b.value is null and not list_contains(list_transform(b.results, lambda r: r.value is null), true)
),

assessments as (
    select
        a.patient_id,
        a.delivery,
        a.file_line,
        if(a.response is null or list_has_any(a.columns, ['response', '(record)']), null, a.response) as response,
        if(list_contains(a.columns, 'assessed_on') and a.assessed_on is not null, null, coalesce(a.assessed_on, a.assessed_first)) as first_day,
        if(list_contains(a.columns, 'assessed_on') and a.assessed_on is not null, null, coalesce(a.assessed_on, a.assessed_last)) as last_day
    from staging.assessments_set_aside as a
),

of_assessments as (
    select
        a.patient_id,
        a.delivery,
        a.file_line,
        a.response is null or a.response = 'PD' as may_be_progression,
        a.response is null or a.response != 'NE' as may_be_adequate,
        if(a.response is null, 1, list_position(['CR', 'PR', 'SD', 'PD', 'NE'], a.response)) as place,
        greatest(coalesce(a.first_day, '-infinity'::date), p.trtsdt) as earliest,
        coalesce(a.last_day, 'infinity'::date) as latest,
        p.has_pfs_event,
        p.has_pfs_given,
        p.pfs_day,
        p.last_day,
        coalesce(b.place, 5) as best_place
    from assessments as a
    inner join people as p on a.patient_id = p.patient_id
    left join best as b on a.patient_id = b.patient_id
    where coalesce(a.last_day, 'infinity'::date) >= p.trtsdt
    and is_known(greatest(coalesce(a.first_day, '-infinity'::date), p.trtsdt))
),

progression_may_move as (
    select patient_id, 'assessments', delivery, file_line, 'progression_may_move'
    from of_assessments
    where not has_pfs_given and (
        (may_be_progression and (not has_pfs_event or earliest < pfs_day))
        or (may_be_adequate and not has_pfs_event and latest > pfs_day)
    )
),

response_may_move as (
    select a.patient_id, 'assessments', a.delivery, a.file_line, 'response_may_move'
    from of_assessments as a
    cross join study.settings as settings
    where a.earliest <= a.last_day and a.may_be_adequate and (
        settings.confirm_response
        or a.place < a.best_place
        or (
            a.may_be_progression and a.earliest < a.last_day
            and a.best_place < least(
                coalesce(
                    (
                        select min(v.place) from visits as v
                        where v.patient_id = a.patient_id and v.assessed_on <= a.earliest
                    ), 5
                ), 4
            )
        )
    )
),

of_follow_up as (
    select
        f.patient_id,
        f.delivery,
        f.file_line,
        p.dthdt,
        p.lstalvdt,
        f.vital_status is null or f.vital_status = 'dead' or f.died_first is not null
        or list_has_any(f.columns, ['vital_status', 'died_on', '(record)']) as may_be_death,
        if(list_contains(f.columns, 'died_on') and f.died_on is not null, null, f.died_first) as died_first,
        if(list_contains(f.columns, 'died_on') and f.died_on is not null, null, f.died_last) as died_last,
        if(
            list_has_any(f.columns, ['last_contact_on', '(record)']) and f.last_contact_on is not null,
            'infinity'::date,
            coalesce(f.last_contact_last, 'infinity'::date)
        ) as latest
    from staging.follow_up_set_aside as f
    inner join people as p on f.patient_id = p.patient_id
    where not p.has_os_given or not p.has_pfs_given
),

death_may_move as (
    select patient_id, 'follow_up', delivery, file_line, 'death_may_move'
    from of_follow_up
    where may_be_death and (dthdt is null or coalesce(dthdt not between died_first and died_last, true))
    -- what can lie beyond the day of censoring alone moves nothing before it
    and is_known(coalesce(died_first, '-infinity'::date))
),

contact_may_move as (
    select patient_id, 'follow_up', delivery, file_line, 'contact_may_move'
    from of_follow_up
    where dthdt is null and last_known(latest) > coalesce(lstalvdt, '-infinity'::date)
),

deaths_differ as (
    select f.patient_id, 'follow_up', f.delivery, f.file_line, 'deaths_differ'
    from staging.follow_up as f
    inner join staging.vital_status as s on f.patient_id = s.patient_id
    inner join people as p on f.patient_id = p.patient_id
    where s.days_of_death > 1 and f.died_on is not null and not p.has_os_given
),

-- a time that is set aside leaves its endpoint to the dates, if there are any
outcome_may_move as (
    select o.patient_id, 'outcomes', o.delivery, o.file_line, 'outcome_may_move'
    from staging.outcomes_set_aside as o
    inner join people as p on o.patient_id = p.patient_id
    where coalesce(o.endpoint in (select e.name from study.endpoints as e), true)
),

number_reused as (
    select patient_id, 'patients', delivery, file_line, code
    from staging.reused_numbers
),

every_one as (
    from start_may_move
    union
    from arm_may_move
    union
    from therapy_may_move
    union
    from marker_may_move
    union
    from same_day
    union
    from no_value
    union
    from progression_may_move
    union
    from response_may_move
    union
    from death_may_move
    union
    from contact_may_move
    union
    from deaths_differ
    union
    from outcome_may_move
    union
    from number_reused
),

sentences (code, sentence) as (
    values
    ('start_may_move', 'It may be the start of first-line treatment'),
    ('arm_may_move', 'It may be the experimental drug, which decides the arm'),
    ('marker_may_move', 'It may be the baseline marker'),
    ('same_day_results', 'Two different results of the day of the baseline marker have no time of day'),
    (
        'marker_has_no_value',
        'The expression of the marker has no value for these results (it divides by zero, or takes the logarithm of 0 or less)'
    ),
    ('progression_may_move', 'It may be the progression, or the last assessment before it'),
    ('response_may_move', 'It may change the best response'),
    ('death_may_move', 'It may be a death, or another day of death'),
    ('contact_may_move', 'It may be the last contact'),
    ('deaths_differ', 'Two days of death are given'),
    ('outcome_may_move', 'It may be the time to an endpoint'),
    (
        'number_reused',
        'The number stands for two people: birth date or sex differs; '
        || 'give one of them another number'
    ),
    (
        'person_twice',
        'The patient stands under two numbers: another spelling, another site, or a new number after the full exports '
        || 'no longer hold the old one; write the number in one way, or join the two in merged_patients.csv'
    )
)

select
    e.patient_id,
    e.table_name,
    e.delivery,
    e.file_line,
    e.code,
    s.sentence || ': the patient leaves the analysis until it is put right' as sentence
from every_one as e
inner join sentences as s on e.code = s.code
order by e.patient_id, e.table_name, e.delivery, e.file_line, e.code;

comment on table cohort.decisive is 'Records in quarantine, or not clear, that could move time zero, arm, marker, response or an endpoint';
comment on column cohort.decisive.patient_id is 'Pseudonym of the patient';
comment on column cohort.decisive.table_name is 'Native table';
comment on column cohort.decisive.delivery is 'SHA-256 of the export file';
comment on column cohort.decisive.file_line is 'Line in the file';
comment on column cohort.decisive.code is 'What it could move';
comment on column cohort.decisive.sentence is 'What it costs';
