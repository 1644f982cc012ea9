-- staging.follow_up: the latest version of each visit and death, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.follow_up as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    -- of a death whose last contact is empty, it is the day of death
    if(contact.received is null and status.value = 'dead', died.day, contact.day) as last_contact_on,
    if(contact.received is null and status.value = 'dead', died.first_day, contact.first_day) as last_contact_first,
    if(contact.received is null and status.value = 'dead', died.last_day, contact.last_day) as last_contact_last,
    status.value as vital_status,
    died.day as died_on,
    died.first_day as died_first,
    died.last_day as died_last,
    lower(cell(r.cells, 'cause_of_death')) as cause_of_death
from staging.lines as l
inner join raw.follow_up as r on l.delivery = r.delivery and l.line = r.line
left join reading.day as contact on cell(r.cells, 'last_contact_on') = contact.received
left join reading.vital_status as status on cell(r.cells, 'vital_status') = status.received
left join reading.day as died on cell(r.cells, 'died_on') = died.received
where l.table_name = 'follow_up' and l.status = 'latest'
order by l.position, l.line;

comment on table staging.follow_up is 'One row a follow-up visit or death: the latest version of the record, typed';
comment on column staging.follow_up.delivery is 'SHA-256 of the export file';
comment on column staging.follow_up.file_line is 'Line in the file';
comment on column staging.follow_up.record is 'Key of the record';
comment on column staging.follow_up.patient_id is 'Pseudonym of the patient';
comment on column staging.follow_up.last_contact_on is 'Last day on which the status is known: of the dead without one, the day of death';
comment on column staging.follow_up.last_contact_first is 'First of the days on which it may be';
comment on column staging.follow_up.last_contact_last is 'Last of the days on which it may be';
comment on column staging.follow_up.vital_status is 'alive, dead, lost (to follow-up) or unknown: who is not dead was alive on that day';
comment on column staging.follow_up.died_on is 'Day of death';
comment on column staging.follow_up.died_first is 'First of the days on which death may have been';
comment on column staging.follow_up.died_last is 'Last of the days on which death may have been';
comment on column staging.follow_up.cause_of_death is 'Cause of death';
