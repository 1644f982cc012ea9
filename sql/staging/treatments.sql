-- staging.treatments: the latest version of each drug given, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.treatments as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    line.value as line,
    lower(cell(r.cells, 'drug')) as drug,
    coalesce(drug.substances, []) as substances,
    coalesce(drug.certainty, 'missing') as certainty,
    coalesce(drug.may_be, []) as may_be,
    started.day as start_date,
    started.first_day as start_first,
    started.last_day as start_last,
    ended.day as end_date
from staging.lines as l
inner join raw.treatments as r on l.delivery = r.delivery and l.line = r.line
left join reading.line as line on cell(r.cells, 'line') = line.received
left join reading.drug as drug on cell(r.cells, 'drug') = drug.received
left join reading.day as started on cell(r.cells, 'start_date') = started.received
left join reading.day as ended on cell(r.cells, 'end_date') = ended.received
where l.table_name = 'treatments' and l.status = 'latest'
order by l.position, l.line;

comment on table staging.treatments is 'One row a treatment given: the latest version of the record, typed';
comment on column staging.treatments.delivery is 'SHA-256 of the export file';
comment on column staging.treatments.file_line is 'Line in the file';
comment on column staging.treatments.record is 'Key of the record';
comment on column staging.treatments.patient_id is 'Pseudonym of the patient';
comment on column staging.treatments.line is 'Line of treatment: 1 is first-line';
comment on column staging.treatments.drug is 'Drug or regimen as received, lower case';
comment on column staging.treatments.substances is 'Substances that were given, by their names in data/drugs.csv';
comment on column staging.treatments.certainty is 'known, negated, unclear, unknown or missing';
comment on column staging.treatments.may_be is 'Substances that may have been given beside these; * stands for any';
comment on column staging.treatments.start_date is 'First day';
comment on column staging.treatments.start_first is 'First of the days on which it may have started';
comment on column staging.treatments.start_last is 'Last of the days on which it may have started';
comment on column staging.treatments.end_date is 'Last day';
