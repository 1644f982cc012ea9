-- release.magnitudes: means, medians and quartiles are rounded to what a few patients cannot move; where the largest value
-- makes up most of a sum (dominance), mean and spread are not shown. As many patients as the minimal cell, each two standard
-- deviations away, move a mean by 2 * cell * sd / n: the step is the next one of 1, 2, 5, 10, ... that is not smaller. Of survival
-- times the standard deviation is that of the estimate, times the root of n; its interval says it where nothing else does.
create or replace temp table magnitudes as
with
described as (
    select
        analysis,
        endpoint,
        population,
        grp,
        term,
        max(n) as n,
        max(estimate) filter (statistic = 'sd') as sd,
        max(estimate) filter (statistic = 'mean') as mean,
        max(estimate) filter (statistic = 'max') as largest,
        max(estimate) filter (statistic = 'min') as least
    from report.results
    where analysis in ('baseline', 'study_course') and contrast is null
    group by analysis, endpoint, population, grp, term
),

spreads as (
    select
        r.rowid as id,
        d.n,
        d.sd,
        coalesce(d.least >= 0 and d.largest > disclosure.dominance * d.mean * d.n and r.statistic in ('mean', 'sd'), false) as is_dominated
    from report.results as r
    inner join described as d
        on r.analysis = d.analysis and r.endpoint is not distinct from d.endpoint
        and r.population is not distinct from d.population and r.grp is not distinct from d.grp and r.term is not distinct from d.term
    cross join study.disclosure as disclosure
    where r.contrast is null and r.statistic in ('mean', 'sd', 'median', 'q1', 'q3')
    union all
    select
        r.rowid,
        r.n,
        sqrt(r.n) * coalesce(r.std_error, (r.ci_high - r.ci_low) / 3.92, 2 * abs(r.estimate - coalesce(r.ci_low, r.ci_high)) / 3.92),
        false
    from report.results as r
    where r.analysis not in ('baseline', 'study_course')
    and (r.statistic in ('mean', 'median', 'follow_up_median') or contains(r.statistic, 'rmst')) and r.estimate is not null
),

moved as (
    select
        s.*,
        2 * settings.minimal_cell * s.sd / s.n as moved_by,
        pow(10, floor(log10(2 * settings.minimal_cell * s.sd / s.n))) as power
    from spreads as s
    cross join study.settings as settings
    where s.sd > 0 and s.n > 0
)

select
    s.id,
    s.is_dominated,
    m.power * case
        when m.moved_by <= m.power then 1
        when m.moved_by <= 2 * m.power then 2
        when m.moved_by <= 5 * m.power then 5
        else 10
    end as step
from spreads as s
left join moved as m on s.id = m.id
-- where nobody differs there is nothing to be moved
where m.id is not null or s.sd is null;

alter table report.results add column if not exists suppressed varchar;
update report.results as r set
    estimate = if(m.is_dominated or m.step is null, null, round(r.estimate / m.step) * m.step),
    ci_low = if(r.analysis in ('baseline', 'study_course'), null, round(r.ci_low / m.step) * m.step),
    ci_high = if(r.analysis in ('baseline', 'study_course'), null, round(r.ci_high / m.step) * m.step),
    std_error = null,
    note = case
        when m.is_dominated then concat_ws('', rtrim(r.note, '.') || '; ', 'one patient makes up most of it: not shown')
        when m.step is null then concat_ws('', rtrim(r.note, '.') || '; ', 'how far few patients move it is not known: not shown')
        else concat_ws('', rtrim(r.note, '.') || '; ', format('rounded to {:g}', m.step))
    end
from magnitudes as m
where r.rowid = m.id;
drop table magnitudes;
