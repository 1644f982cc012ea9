-- staging.follow_up: the latest version of each visit and death, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.follow_up as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    iso_date(cell(r.cells, 'last_contact_on')) as last_contact_on,
    lower(cell(r.cells, 'vital_status')) as vital_status,
    iso_date(cell(r.cells, 'died_on')) as died_on,
    lower(cell(r.cells, 'cause_of_death')) as cause_of_death
from staging.lines as l
inner join raw.follow_up as r on l.delivery = r.delivery and l.line = r.line
where l.table_name = 'follow_up' and l.status = 'latest'
order by l.position, l.line;

comment on table staging.follow_up is 'One row a follow-up visit or death: the latest version of the record, typed';
comment on column staging.follow_up.delivery is 'SHA-256 of the export file';
comment on column staging.follow_up.file_line is 'Line in the file';
comment on column staging.follow_up.record is 'Key of the record';
comment on column staging.follow_up.patient_id is 'Pseudonym of the patient';
comment on column staging.follow_up.last_contact_on is 'Last day on which the status is known';
comment on column staging.follow_up.vital_status is 'alive or dead';
comment on column staging.follow_up.died_on is 'Day of death';
comment on column staging.follow_up.cause_of_death is 'Cause of death';
