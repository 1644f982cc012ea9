-- release.levels: a category whose levels no list declares may say anything: its levels leave no site.
delete from report.results
where lower(regexp_extract(term, '^([^\[]+)\[', 1)) in (
    select name from study.covariates where kind = 'category' and levels is null and name != 'sex'
);

-- a site of few patients is none that anybody should read of, and what is written in its place may be anything
delete from report.results
where term in (
    select r.term
    from report.results as r
    cross join study.settings as settings
    where starts_with(r.term, 'SITEID[')
    group by r.term
    having coalesce(max(r.n) filter (r.statistic != 'hazard_ratio_without_site'), 0) < any_value(settings.minimal_cell)
);
