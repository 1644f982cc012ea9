-- staging.treatments: the latest version of each drug given, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.treatments as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    whole_number(cell(r.cells, 'line')) as line,
    lower(cell(r.cells, 'drug')) as drug,
    iso_date(cell(r.cells, 'start_date')) as start_date,
    iso_date(cell(r.cells, 'end_date')) as end_date
from staging.lines as l
inner join raw.treatments as r on l.delivery = r.delivery and l.line = r.line
where l.table_name = 'treatments' and l.status = 'latest'
order by l.position, l.line;

comment on table staging.treatments is 'One row a drug given: the latest version of the record, typed';
comment on column staging.treatments.delivery is 'SHA-256 of the export file';
comment on column staging.treatments.file_line is 'Line in the file';
comment on column staging.treatments.record is 'Key of the record';
comment on column staging.treatments.patient_id is 'Pseudonym of the patient';
comment on column staging.treatments.line is 'Line of treatment: 1 is first-line';
comment on column staging.treatments.drug is 'Drug, lower case';
comment on column staging.treatments.start_date is 'First day of the drug';
comment on column staging.treatments.end_date is 'Last day of the drug';
