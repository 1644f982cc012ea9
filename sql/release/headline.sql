-- release.headline: the headline of a release is made of what is shown; what counts few patients in it is hidden as well.
alter table report.headline add column if not exists suppressed varchar;
comment on column report.headline.suppressed is 'Counts that are hidden because few patients are behind them, and how they are shown';
update report.headline as h set
    suppressed = nullif(concat_ws(
        '; ',
        if(n between 1 and settings.minimal_cell - 1, 'n <' || settings.minimal_cell, null),
        if(events between 1 and settings.minimal_cell - 1, 'events <' || settings.minimal_cell, null),
        if(least(n_first, n_second) between 1 and settings.minimal_cell - 1, 'n_first not shown; n_second not shown', null)
    ), '')
from study.settings as settings;
update report.headline set
    n = if(starts_with(suppressed, 'n <'), null, n),
    events = if(contains(suppressed, 'events <'), null, events),
    n_first = if(contains(suppressed, 'n_first'), null, n_first),
    n_second = if(contains(suppressed, 'n_first'), null, n_second);
