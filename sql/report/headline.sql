-- report.headline: what was published beside this cut's figure, with its interval; then what no subgroup P can say,
-- the treatment-by-marker interaction.
create or replace table report.headline as
with
groups as (
    select endpoint, grp, n, estimate as median
    from report.results
    where analysis = 'survival' and statistic = 'median' and grp is not null
),

claims as (
    select
        p.*,
        case p.population
            when 'all' then split_part(p.contrast, ' vs ', 1)
            when 'marker_high' then split_part(p.contrast, ' vs ', 1) || '/high'
            when 'marker_low' then split_part(p.contrast, ' vs ', 1) || '/low'
            else p.population || '/' || split_part(p.contrast, ' vs ', 1)
        end as first_grp,
        case p.population
            when 'all' then split_part(p.contrast, ' vs ', 2)
            when 'marker_high' then split_part(p.contrast, ' vs ', 2) || '/high'
            when 'marker_low' then split_part(p.contrast, ' vs ', 2) || '/low'
            else p.population || '/' || split_part(p.contrast, ' vs ', 2)
        end as second_grp
    from study.published as p
),

now as (
    select
        c.*,
        r.estimate as now_estimate,
        r.ci_low as now_low,
        r.ci_high as now_high,
        r.p_value as now_p,
        r.n as now_n,
        r.events as now_events,
        r.note as now_note,
        h.estimate as hr,
        h.ci_low as hr_low,
        h.ci_high as hr_high,
        a.n as n_first,
        b.n as n_second,
        a.median as median_first,
        b.median as median_second
    from claims as c
    left join report.results as r
        on c.analysis = r.analysis
        and c.statistic = r.statistic
        and c.population = r.population
        and c.endpoint is not distinct from r.endpoint
        and c.contrast is not distinct from r.contrast
        and c.grp is not distinct from r.grp
        and c.term is not distinct from r.term
    left join report.results as h
        on c.statistic = 'logrank'
        and h.analysis = 'cox'
        and h.statistic = 'hazard_ratio'
        and h.model = 'univariable'
        and c.population = h.population
        and c.endpoint = h.endpoint
        and c.contrast = h.contrast
    left join groups as a on c.endpoint = a.endpoint and c.first_grp = a.grp
    left join groups as b on c.endpoint = b.endpoint and c.second_grp = b.grp
)

select
    position,
    claim,
    source,
    endpoint,
    population,
    contrast,
    estimate as published_estimate,
    p_value as published_p_value,
    n as published_n,
    if(statistic = 'logrank', 'hazard_ratio', statistic) as measure,
    if(statistic = 'logrank', hr, now_estimate) as estimate,
    if(statistic = 'logrank', hr_low, now_low) as ci_low,
    if(statistic = 'logrank', hr_high, now_high) as ci_high,
    now_p as p_value,
    if(statistic = 'logrank', 'log-rank', null) as test,
    coalesce(now_n, 0) as n,
    now_events as events,
    n_first,
    n_second,
    median_first,
    median_second,
    case
        when now_estimate is null then coalesce('Cannot be judged: ' || now_note, 'Not part of this study file''s analyses.')
        when p_value is null then null
        when p_value < 0.05 and now_p < 0.05 then 'A difference, as published.'
        when p_value >= 0.05 and now_p >= 0.05 then 'No difference shown, as published; that is not evidence of none.'
        when now_p < 0.05 then 'A difference where none was published.'
        else 'Not shown in this cut.'
    end as reading
from now
union all by name
select
    999 + e.position as position,
    'Does the marker predict the benefit? Treatment-by-marker interaction, ' || r.endpoint as claim,
    'not reported; needed before a marker is called predictive' as source,
    r.endpoint,
    r.population,
    r.contrast,
    null::double as published_estimate,
    null::double as published_p_value,
    null::varchar as published_n,
    r.statistic as measure,
    r.estimate,
    r.ci_low,
    r.ci_high,
    r.p_value,
    'likelihood ratio' as test,
    r.n,
    r.events,
    null::bigint as n_first,
    null::bigint as n_second,
    null::double as median_first,
    null::double as median_second,
    case
        when r.estimate is null then 'Cannot be judged: ' || r.note
        when r.p_value < 0.05 then 'The effect of treatment differs by marker group in these data.'
        else 'No evidence that the effect of treatment differs by marker: two subgroup P values do not make a predictive marker.'
    end as reading
from report.results as r
inner join study.endpoints as e on r.endpoint = e.name
where r.analysis = 'interaction' and r.statistic = 'ratio_of_hazard_ratios'
order by position;

comment on table report.headline is 'Published claims beside this cut''s figures, and the interaction that the claims imply';
comment on column report.headline.position is 'Order';
comment on column report.headline.claim is 'What was claimed';
comment on column report.headline.source is 'Where it was published';
comment on column report.headline.endpoint is 'Endpoint, or null';
comment on column report.headline.population is 'Who is in';
comment on column report.headline.contrast is 'What is compared';
comment on column report.headline.published_estimate is 'Figure as published';
comment on column report.headline.published_p_value is 'P as published';
comment on column report.headline.published_n is 'Patients as published';
comment on column report.headline.measure is 'What estimate is: hazard_ratio, ratio_of_hazard_ratios, median, ...';
comment on column report.headline.estimate is 'This cut''s figure';
comment on column report.headline.ci_low is 'Lower 95% confidence limit';
comment on column report.headline.ci_high is 'Upper 95% confidence limit';
comment on column report.headline.p_value is 'This cut''s two-sided P';
comment on column report.headline.test is 'Test that P is of';
comment on column report.headline.n is 'Patients';
comment on column report.headline.events is 'Events';
comment on column report.headline.n_first is 'Patients in the first group of the contrast';
comment on column report.headline.n_second is 'Patients in the second group';
comment on column report.headline.median_first is 'Median months in the first group';
comment on column report.headline.median_second is 'Median months in the second group';
comment on column report.headline.reading is 'How claim and cut go together, in words';
