-- release.silent: a row that differs by few patients from an earlier release, and was not in the last one, is not shown at all.
create or replace temp table silent as
select standing.id from standing where standing.id not in (select pairs.id from pairs where pairs.how in ('exact', 'alike'));
delete from report.curves as c
where exists(
    from report.results as r
    where r.rowid in (select silent.id from silent) and r.analysis = c.analysis
    and (
        r.endpoint is not distinct from c.endpoint
        or not exists(from report.results as o where o.analysis = c.analysis and o.endpoint is not distinct from c.endpoint)
    )
);
update report.results set
    estimate = null,
    ci_low = null,
    ci_high = null,
    std_error = null,
    df = null,
    p_value = null,
    n = null,
    events = null,
    true_n = null,
    true_events = null,
    note = 'few patients differ from an earlier release: not shown',
    suppressed = 'n not shown; events not shown'
where rowid in (select silent.id from silent);
drop table silent;
