-- staging.quarantine: the data manager's worklist. One row a broken rule, where it is, and what to do.
create or replace table staging.quarantine as
select
    p.table_name,
    d.file,
    p.file_line,
    p.record,
    p.patient_id,
    p.column_name,
    p.value,
    p.value_before,
    p.rule,
    p.severity,
    p.sentence,
    p.rule_says,
    d.delivered_on,
    p.delivery
from staging.problems as p
inner join raw.deliveries as d on p.delivery = d.delivery
order by p.severity, p.table_name, d.position, p.file_line, p.rule;

comment on table staging.quarantine is 'The data manager''s worklist: which rows are wrong, why, and what to do';
comment on column staging.quarantine.table_name is 'Native table';
comment on column staging.quarantine.file is 'Export file';
comment on column staging.quarantine.file_line is 'Line in the file';
comment on column staging.quarantine.record is 'Key of the record, as check results name it';
comment on column staging.quarantine.patient_id is 'Pseudonym of the patient';
comment on column staging.quarantine.column_name is 'Column that the rule judges';
comment on column staging.quarantine.value is 'Value as received';
comment on column staging.quarantine.value_before is 'Value in the last delivery before, of a rule across time';
comment on column staging.quarantine.rule is 'Rule of the book that is broken';
comment on column staging.quarantine.severity is 'quarantine: the row is set aside; warn: the row is used, look at it';
comment on column staging.quarantine.sentence is 'What is wrong and what to do';
comment on column staging.quarantine.rule_says is 'The rule in general: names no file and no row';
comment on column staging.quarantine.delivered_on is 'Day of the export';
comment on column staging.quarantine.delivery is 'SHA-256 of the export file';
