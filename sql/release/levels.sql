-- release.levels: a category whose levels no list declares may say anything: its levels leave no site.
delete from report.results
where lower(regexp_extract(term, '^([^\[]+)\[', 1)) in (
    select name from study.covariates where kind = 'category' and levels is null and name != 'sex'
);
