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
    suppressed = old.suppressed,
    note = if(
        contains(coalesce(old.note, ''), 'as in the release before'),
        old.note,
        concat_ws('; ', old.note, 'as in the release before: too few patients have changed since')
    )
from pairs
inner join earlier.results as old on pairs.old = old.rowid
where new.rowid = pairs.id and new.rowid in (select standing.id from standing);

delete from report.curves as new
where (new.analysis, coalesce(new.endpoint, '')) in (
    select (r.analysis, coalesce(r.endpoint, '')) from report.results as r where r.rowid in (select standing.id from standing)
);

insert into report.curves by name
select old.*
from earlier.curves as old
where (old.analysis, coalesce(old.endpoint, '')) in (
    select (r.analysis, coalesce(r.endpoint, '')) from report.results as r where r.rowid in (select standing.id from standing)
);
