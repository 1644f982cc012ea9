-- release.differences: report.results in terms of how many patients differ from the last release (the schema `earlier`), so that
-- the search for small counts finds small differences: a difference of a few patients gives these away.
create or replace table report.results as
select
    new.* exclude (n, events, estimate),
    null::double as estimate,
    abs(new.n - old.n) as n,
    abs(new.events - old.events) as events
from earlier.current_results as new
left join pairs on new.rowid = pairs.id
left join earlier.results as old on pairs.old = old.rowid
order by new.rowid;
