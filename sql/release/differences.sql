-- release.differences: report.results in terms of how many patients differ from an earlier release (the schema `earlier`), so that
-- the search for small counts finds small differences: a difference of a few patients gives these away.
create or replace table report.results as
select
    new.* exclude (n, events, estimate),
    if(new.statistic in ('missing', 'set_aside', 'enrolled') and pairs.how != 'group', abs(new.estimate - old.estimate), null) as estimate,
    abs(new.n - old.true_n) as n,
    if(pairs.how = 'group', null, abs(new.events - old.true_events)) as events
from earlier.current_results as new
left join pairs on new.rowid = pairs.id
left join earlier.results as old on pairs.old = old.rowid
order by new.rowid;
