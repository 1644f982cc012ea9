-- cohort.marker_values: every value of each marker of the study, from the results of one sample: the same day, and the same
-- time of day where it is given. A marker of one analyte has a value for each result; a derived one where no part is missing.
-- A result beyond a limit of the assay takes the value that the study file chooses, before it enters an expression.
create or replace table cohort.marker_values as
with recursive
parts as (
    select
        marker,
        analyte,
        row_number() over (partition by marker order by analyte) as position,
        count(*) over (partition by marker) as n_parts
    from study.marker_parts
),

results as (
    select
        m.marker,
        m.patient_id,
        m.collected_on,
        m.collected_at,
        p.position,
        p.n_parts,
        {'part': m.part, 'value': m.value, 'beyond_limit': m.beyond_limit} as result,
        {'delivery': m.delivery, 'file_line': m.file_line} as record
    from cohort.markers as m
    inner join parts as p on m.marker = p.marker and m.part = p.analyte
    where m.is_used and m.collected_on is not null
),

-- a result without a time of day may be of any sample of its day: then it is not said which sample came later
samples as (
    select
        marker,
        patient_id,
        collected_on,
        collected_at,
        collected_at is not null as is_timed,
        position,
        n_parts,
        [result] as results,
        [record] as records
    from results
    where position = 1
    union all
    select
        s.marker,
        s.patient_id,
        s.collected_on,
        coalesce(s.collected_at, r.collected_at),
        s.is_timed and r.collected_at is not null,
        r.position,
        s.n_parts,
        list_append(s.results, r.result),
        list_append(s.records, r.record)
    from samples as s
    inner join results as r
        on s.marker = r.marker
        and s.patient_id = r.patient_id
        and s.collected_on = r.collected_on
        and s.position + 1 = r.position
        and coalesce(s.collected_at = r.collected_at, true)
),

-- numbered once: what is said of a sample below is joined by its number
complete as materialized (
    select
        s.*,
        m.below_loq,
        m.window_first_day,
        m.window_last_day,
        row_number() over () as sample
    from samples as s
    inner join study.markers as m on s.marker = m.marker
    where s.position = s.n_parts
),

-- the results of a sample as they count, at the limits of the assay, and each beyond a limit further beyond; in one place,
-- since every marker's formula is planned wherever a value is asked for
variants as (
    select
        sample,
        marker,
        unnest(list_concat(
        [
            {
                'which': 'counts',
                'parts': list_transform(results, lambda r: {
                    'k': r['part'],
                    'v': case
                        when r['beyond_limit'] = '<' and below_loq = 'half' then r['value'] / 2
                        when r['beyond_limit'] = '<' and below_loq = 'zero' then 0
                        else r['value']
                    end
                })
            },
            {'which': 'at limit', 'parts': list_transform(results, lambda r: {'k': r['part'], 'v': r['value']})}
        ],
        list_transform(
            list_filter(results, lambda r: r['beyond_limit'] is not null),
            lambda moved: {
                'which': 'moved',
                'parts': list_transform(results, lambda r: {
                    'k': r['part'],
                    'v': case
                        when r['part'] != moved['part'] then r['value']
                        when r['beyond_limit'] = '<' then r['value'] / 2
                        else r['value'] * 2
                    end
                })
            }
        )
    )) as variant
    from complete
),

outcomes as (
    select
        sample,
        variant['which'] as which,
        marker_value(marker, map_from_entries(variant['parts'])) as value
    from variants
),

of_samples as (
    select
        sample,
        max(value) filter (where which = 'counts') as value,
        max(value) filter (where which = 'at limit') as value_at_limit,
        list(value) filter (where which = 'moved') as moved
    from outcomes
    group by sample
),

valued as (
    select
        c.sample,
        c.marker,
        c.patient_id,
        c.collected_on,
        if(c.is_timed, c.collected_at, null) as collected_at,
        c.results,
        c.records,
        c.n_parts,
        o.value_at_limit,
        o.value,
        -- whether the value rises or falls as each result beyond a limit lies further beyond
        list_distinct(
            list_transform(coalesce(o.moved, []), lambda further: coalesce(sign(further - o.value_at_limit), 0))
        ) as directions,
        coalesce(
            is_known(c.collected_on)
            and date_diff('day', z.trtsdt, c.collected_on) between c.window_first_day and c.window_last_day, false
        ) as in_window
    from complete as c
    inner join of_samples as o on c.sample = o.sample
    left join cohort.time_zero as z on c.patient_id = z.patient_id
),

flagged as (
    select
        *,
        case
            when n_parts = 1 and value_at_limit = results[1].value then results[1].beyond_limit
            when directions = [-1] then '<'
            when directions = [1] then '>'
            when len(directions) > 0 then '~'
        end as beyond_limit
    from valued
),

-- the last in the window about time zero; of one day, the last by its time
baselines as (
    select sample
    from flagged
    where in_window
    qualify row_number() over (
        partition by marker, patient_id
        order by collected_on desc, collected_at desc nulls last, value_at_limit desc, beyond_limit, records[1].file_line
    ) = 1
)

select
    f.marker,
    f.patient_id,
    f.collected_on,
    f.collected_at,
    f.value,
    f.value_at_limit,
    f.beyond_limit,
    f.results,
    f.records,
    b.sample is not null as is_baseline
from flagged as f
left join baselines as b on f.sample = b.sample
order by f.marker, f.patient_id, f.collected_on, f.records;

comment on table cohort.marker_values is 'Every value of each marker of the study, from the results of one sample';
comment on column cohort.marker_values.marker is 'The marker, by its label';
comment on column cohort.marker_values.patient_id is 'Pseudonym of the patient';
comment on column cohort.marker_values.collected_on is 'Day of the sample';
comment on column cohort.marker_values.collected_at is 'Time of day in seconds, where each result has it';
comment on column cohort.marker_values.value is 'Value in the marker''s unit; null where the expression has none (division by zero, logarithm of 0 or less)';
comment on column cohort.marker_values.value_at_limit is 'Value where a result beyond a limit is taken at the limit';
comment on column cohort.marker_values.beyond_limit is '< or > where the true value is below or above, ~ where results beyond a limit do not tell which';
comment on column cohort.marker_values.results is 'The results that it is made of, by analyte';
comment on column cohort.marker_values.records is 'Their records: delivery and line';
comment on column cohort.marker_values.is_baseline is 'Whether it is the baseline value: the last in the window about time zero';
