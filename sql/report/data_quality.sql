-- report.data_quality: what became of every received line, and how often each rule was broken. Counts only.
create or replace table report.data_quality as
with
lines as (
    select
        l.table_name,
        case
            when l.status = 'latest' and p.file_line is not null then 'in quarantine'
            when l.status = 'latest' then 'current'
            else l.status
        end as name
    from staging.lines as l
    left join (
        select distinct table_name, delivery, file_line from staging.quarantine where severity = 'quarantine'
    ) as p on l.table_name = p.table_name and l.delivery = p.delivery and l.line = p.file_line
)

select table_name, 'lines' as kind, name, null as severity, count(*) as n, null as sentence
from lines
group by table_name, name
union all
select table_name, 'rule', rule, severity, count(*), min(rule_says)
from staging.quarantine
group by table_name, rule, severity
order by kind, table_name, severity, name;

comment on table report.data_quality is 'What became of every received line, and how often each rule was broken';
comment on column report.data_quality.table_name is 'Native table';
comment on column report.data_quality.kind is 'lines (what became of them) or rule (of the book)';
comment on column report.data_quality.name is 'current, superseded, duplicate, in quarantine; or the rule';
comment on column report.data_quality.severity is 'quarantine: the row is set aside; warn: it is used';
comment on column report.data_quality.n is 'Lines';
comment on column report.data_quality.sentence is 'What the rule asks';
