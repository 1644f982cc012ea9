-- report.minimal_cells: counts of fewer patients than the study file allows (quality.minimal_cell) leave the report tables.
-- A hidden count is null and `suppressed` says how it is shown: `n <5`, or `n not shown` where it would give away another one
-- by subtraction. A share goes with its count, every estimate with a small n, and so does what is one patient's: least and greatest.
create or replace temp table shown as
select
    id,
    bool_or(what = 'n') as no_n,
    bool_or(what = 'n' and is_small) as small_n,
    bool_or(what != 'estimate') as no_events,
    bool_or(what = 'estimate') as no_estimate,
    bool_or(what = 'events' and is_small) as small_events
from hidden
group by id;

alter table report.results add column if not exists suppressed varchar;
comment on column report.results.suppressed is 'Counts that are hidden because few patients are behind them, and how they are shown';
update report.results as r set
    n = if(s.no_n, null, n),
    events = if(s.no_events, null, events),
    estimate = if(s.is_silent, null, estimate),
    ci_low = if(s.is_silent, null, ci_low),
    ci_high = if(s.is_silent, null, ci_high),
    std_error = if(s.is_silent, null, std_error),
    p_value = if(s.small_n, null, p_value),
    note = if(
        s.is_silent,
        concat_ws('; ', note, 'few patients: not shown'),
        note
    ),
    code = if(s.is_silent, concat_ws(' ', code, 'few_patients'), code),
    suppressed = nullif(concat_ws(
        '; ',
        case when s.small_n then 'n <' || settings.minimal_cell when s.no_n then 'n not shown' end,
        case
            when not s.no_events or events is null or events = 0 then null
            when s.small_events then 'events <' || settings.minimal_cell
            else 'events not shown'
        end
    ), '')
from (
    select
        h.*,
        h.small_n or h.no_estimate
        or r.statistic in ('rate', 'sensitivity', 'specificity', 'ppv', 'npv') as is_silent
    from shown as h
    inner join report.results as r on h.id = r.rowid
) as s
cross join study.settings as settings
where r.rowid = s.id;

-- a fraction of the planned events is a count of events
create or replace temp table told_fractions as
from report.results where analysis = 'monitoring' and contains(suppressed, 'events');
update report.results set
    estimate = if(statistic = 'information_fraction', null, estimate),
    "at" = null,
    suppressed = concat_ws('; ', suppressed, 'fraction of the planned events not shown')
where analysis = 'monitoring' and model = 'group sequential' and exists(from told_fractions);
delete from report.curves where analysis = 'monitoring' and exists(from told_fractions);
drop table told_fractions;

update report.results set
    estimate = null,
    note = concat_ws('; ', note, 'the value of a single patient: not shown'),
    code = concat_ws(' ', code, 'single_patient'),
    suppressed = concat_ws('; ', suppressed, 'estimate not shown')
where statistic in ('min', 'max') and estimate is not null;

-- from one quarter, or one cut, to the next a few patients are added: these counts are rounded down
update report.results as r set
    n = n - n % settings.minimal_cell,
    events = events - events % settings.minimal_cell,
    suppressed = if(
        contains(coalesce(suppressed, ''), 'rounded down'),
        suppressed,
        concat_ws('; ', suppressed, 'n and events rounded down to multiples of ' || settings.minimal_cell)
    )
from study.settings as settings
where analysis = 'evidence' and (n > 0 or events > 0);

alter table report.flow add column if not exists suppressed varchar;
comment on column report.flow.suppressed is 'How the count is shown where few patients are behind it';
update report.flow as f set suppressed = 'n <' || settings.minimal_cell
from study.settings as settings
where n between 1 and settings.minimal_cell - 1;
-- one hidden count of several that add up is known by subtraction: the next one goes as well
update report.flow as f set suppressed = 'n not shown'
where step in (
    select arg_min(o.step, o.n) from report.flow as o
    inner join (
        select s.kind from report.flow as s where s.suppressed is not null and s.kind in ('excluded', 'arm') group by s.kind having count(*) = 1
    ) as alone on o.kind = alone.kind
    where o.suppressed is null and o.n > 0
    group by o.kind
);
update report.flow set suppressed = 'n not shown'
where kind = 'arrived'
and (select count(*) from report.flow as f where f.kind = 'excluded' and f.suppressed is not null) = 1;
update report.flow set n = null where suppressed is not null;

alter table report.data_quality add column if not exists suppressed varchar;
comment on column report.data_quality.suppressed is 'How the count is shown where it is small';
update report.data_quality as q set n = null, suppressed = 'n <' || settings.minimal_cell
from study.settings as settings
where n between 1 and settings.minimal_cell - 1;

update report.history as h set
    n = nullif(n - n % settings.minimal_cell, 0),
    events = nullif(events - events % settings.minimal_cell, 0)
from study.settings as settings;

-- the steps are left out one by one in Python (minimal_cells.thinned); what is left is rounded down, so that no two numbers
-- at risk differ by a few, and how many are above each cut-off is not said at all
update report.curves as c set at_risk = nullif(at_risk - at_risk % settings.minimal_cell, 0)
from study.settings as settings
where at_risk > 0;
update report.curves set at_risk = null
where analysis not in ('survival', 'weighting');
-- curves of single patients
delete from report.curves where analysis = 'response';

drop table hidden;
drop table families;
drop table shown;
