-- report.data_quality: what became of every received line, and how often each rule was broken. Counts only.
create or replace table report.data_quality as
with
lines as (
    unpivot staging.balance
    on current, superseded, duplicate, removed, quarantined, withdrawn, forgotten, passed_over, unaccounted
    into name name value n
)

select
    table_name,
    'lines' as kind,
    replace(if(name = 'quarantined', 'in quarantine', name), '_', ' ') as name,
    null as severity,
    n,
    null as sentence
from lines
where n > 0
union all
select table_name, 'rule', rule, severity, count(*), min(rule_says)
from staging.quarantine
group by table_name, rule, severity
order by kind, table_name, severity, name;

comment on table report.data_quality is 'What became of every received line, and how often each rule was broken';
comment on column report.data_quality.table_name is 'Native table; (no table): lines of which a profile makes none';
comment on column report.data_quality.kind is 'lines (what became of them) or rule (of the book)';
comment on column report.data_quality.name is 'current, superseded, duplicate, removed, in quarantine, withdrawn, forgotten, passed over; or the rule';
comment on column report.data_quality.severity is 'quarantine: the row is set aside; warn: it is used; info: it was accepted as it is';
comment on column report.data_quality.n is 'Lines';
comment on column report.data_quality.sentence is 'What the rule asks';
