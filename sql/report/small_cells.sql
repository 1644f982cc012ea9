-- report.small_cells: which counts of report.results are small (`hidden`), and which counts add up to a published one (`families`).
create or replace temp table families as
with
cells as (
    select
        r.rowid as id,
        'n' as what,
        r.n as value,
        coalesce(r.n between 1 and settings.minimal_cell - 1, false) as is_small,
        r.*
    from report.results as r
    cross join study.settings as settings
    union all
    select
        r.rowid,
        'events',
        r.events,
        coalesce(r.events between 1 and settings.minimal_cell - 1, false)
        -- who did not is a cell as well
        or coalesce(
            r.statistic in ('rate', 'sensitivity', 'specificity', 'ppv', 'npv')
            and r.n - r.events between 1 and settings.minimal_cell - 1,
            false
        ),
        r.*
    from report.results as r
    cross join study.settings as settings
    union all
    -- a share of survivors gives away how many are not, and a count of missing values is one
    select
        r.rowid,
        'estimate',
        c.value,
        c.value between 1 and settings.minimal_cell - 1
        or r.statistic in ('survival', 'cumulative_incidence') and r.n - c.value between 1 and settings.minimal_cell - 1,
        r.*
    from report.results as r
    cross join study.settings as settings
    cross join lateral (
        select case r.statistic
            when 'survival' then round(r.n * (1 - r.estimate))
            when 'cumulative_incidence' then round(r.n * r.estimate)
            else r.estimate
        end::bigint as value
    ) as c
    where r.statistic in ('survival', 'cumulative_incidence', 'missing', 'set_aside', 'enrolled') and c.value is not null
    union all
    -- all sites less those without one are that one
    select
        r.rowid,
        'estimate',
        a.n - r.n,
        a.n - r.n between 1 and settings.minimal_cell - 1,
        r.*
    from report.results as r
    inner join report.results as a
        on r.endpoint = a.endpoint and r.population = a.population and r.contrast = a.contrast
    cross join study.settings as settings
    where
        r.statistic = 'hazard_ratio_without_site'
        and a.analysis = 'sites' and a.model = 'stratified by site' and a.statistic = 'hazard_ratio'
),

named as (
    select
        *,
        concat_ws('|', what, analysis, endpoint, contrast, model, statistic, "at", method) as kind
    from cells
)

-- a cell by itself
select id, what, value, is_small, false as go_together, md5(id || what) as family
from named
union all
-- arms, marker groups, or both crossed: these have two margins, so they go together
select
    id, what, value, is_small,
    contains(grp, '/'),
    md5(concat_ws('|', kind, 'groups', population, term, case
        when grp in ('control', 'experimental') then 'arms'
        when grp in ('high', 'low') then 'marker'
        when contains(grp, '/') then 'both'
    end))
from named
where grp is not null
union all
select
    id, what, value, is_small, false,
    md5(concat_ws('|', kind, 'populations', grp, term, population in ('control', 'experimental')))
from named
where population != 'all'
union all
-- levels of a variable; best responses are told from the response rates too, so they go together
select
    id, what, value, is_small,
    coalesce(endpoint = 'BOR', false),
    md5(concat_ws('|', kind, 'levels', population, grp, if(endpoint = 'BOR', null, split_part(term, '[', 1))))
from named
where (contains(term, '[') or endpoint = 'BOR') and statistic != 'hazard_ratio_without_site'
union all
-- a site goes with the others without it
select
    id, what, value, is_small, true,
    md5(concat_ws('|', 'site', if(what = 'events', what, 'n'), endpoint, population, contrast, term))
from named
where analysis = 'sites' and starts_with(term, 'SITEID[');

create or replace temp table hidden as
select distinct id, what, true as is_small from families where is_small
union all
-- how many a model left out, for a value that is missing, is a count as well
select id, 'n', false
from (
    select
        rowid as id,
        n,
        max(n) over (partition by population, grp) - n as left_out
    from report.results
) as models
cross join study.settings as settings
where left_out between 1 and settings.minimal_cell - 1 and n >= settings.minimal_cell;
