-- release.standing: rows of report.results (`standing`) keep what the last release said: fewer patients than may be told apart
-- came or left, or none did, so that any other figure would be of few patients. What they are drawn with stands as well.
alter table report.results add column if not exists suppressed varchar;
update report.results as new set
    estimate = old.estimate,
    ci_low = old.ci_low,
    ci_high = old.ci_high,
    std_error = old.std_error,
    df = old.df,
    p_value = old.p_value,
    n = old.n,
    events = old.events,
    true_n = old.true_n,
    true_events = old.true_events,
    "at" = old."at",
    method = old.method,
    code = old.code,
    suppressed = old.suppressed,
    note = if(
        contains(coalesce(old.note, ''), 's in the release before'),
        old.note,
        concat_ws('', rtrim(old.note, '.') || '; ', 'as in the release before: too few patients have changed since')
    )
from pairs
inner join earlier.results as old on pairs.old = old.rowid
where new.rowid = pairs.id and pairs.how in ('exact', 'alike') and new.rowid in (select standing.id from standing);

-- a curve belongs to the rows of its endpoint, or of its analysis where none has its endpoint's name
create or replace temp table standing_curves as
select distinct c.analysis, c.endpoint
from (from report.curves union all by name from earlier.curves) as c
inner join report.results as r on c.analysis = r.analysis
where r.rowid in (select standing.id from standing)
and (
    c.endpoint is not distinct from r.endpoint
    or not exists(from report.results as o where o.analysis = c.analysis and o.endpoint is not distinct from c.endpoint)
);

delete from report.curves as new
where (new.analysis, coalesce(new.endpoint, '')) in (select (s.analysis, coalesce(s.endpoint, '')) from standing_curves as s);

-- they are thinned already: they come back once the others are
create or replace temp table kept_curves as
select old.*
from earlier.curves as old
where (old.analysis, coalesce(old.endpoint, '')) in (select (s.analysis, coalesce(s.endpoint, '')) from standing_curves as s);
drop table standing_curves;
