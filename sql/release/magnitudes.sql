-- release.magnitudes: means, medians and quartiles are rounded to what a few patients cannot move; where the largest value
-- makes up most of a sum (dominance), mean and spread are not shown. As many patients as the minimal cell, each two standard
-- deviations away, move a mean by 2 * cell * sd / n: the step is the next one of 1, 2, 5, 10, ... that is not smaller.
create or replace temp table magnitudes as
with
described as (
    select
        population,
        grp,
        term,
        max(n) as n,
        max(estimate) filter (statistic = 'sd') as sd,
        max(estimate) filter (statistic = 'mean') as mean,
        max(estimate) filter (statistic = 'max') as largest,
        max(estimate) filter (statistic = 'min') as least
    from report.results
    where analysis = 'baseline' and contrast is null
    group by population, grp, term
),

moved as (
    select
        d.*,
        2 * settings.minimal_cell * d.sd / d.n as moved_by,
        pow(10, floor(log10(2 * settings.minimal_cell * d.sd / d.n))) as power
    from described as d
    cross join study.settings as settings
    where d.sd > 0 and d.n > 0
)

select
    population,
    grp,
    term,
    power * case
        when moved_by <= power then 1
        when moved_by <= 2 * power then 2
        when moved_by <= 5 * power then 5
        else 10
    end as step,
    least >= 0 and largest > disclosure.dominance * mean * n as is_dominated
from moved
cross join study.disclosure as disclosure;

alter table report.results add column if not exists suppressed varchar;
update report.results as r set
    estimate = if(m.is_dominated and r.statistic in ('mean', 'sd'), null, round(r.estimate / m.step) * m.step),
    ci_low = null,
    ci_high = null,
    std_error = null,
    note = if(
        m.is_dominated and r.statistic in ('mean', 'sd'),
        concat_ws('; ', r.note, 'one patient makes up most of it: not shown'),
        concat_ws('; ', r.note, 'rounded to ' || m.step)
    )
from magnitudes as m
where r.analysis = 'baseline' and r.contrast is null and r.statistic in ('mean', 'sd', 'median', 'q1', 'q3')
and r.population is not distinct from m.population and r.grp is not distinct from m.grp and r.term is not distinct from m.term;
drop table magnitudes;
