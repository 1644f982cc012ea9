-- raw.spellings: every patient number that arrived, so that two ways of writing one number are found although only pseudonyms are kept.
create table if not exists raw.spellings (patient varchar primary key, loosely varchar not null, is_mangled boolean not null);

-- filled at each refresh from merged_patients.csv in the home
create table if not exists raw.merged_patients (from_number varchar, from_site varchar, to_number varchar, to_site varchar);
alter table raw.merged_patients add column if not exists line integer;

-- filled at each refresh from struck_patients.csv in the home
create table if not exists raw.struck_patients (struck_on varchar, patient varchar, who varchar, why varchar);

comment on table raw.struck_patients is 'Patients who never were, struck out with a reason (il6 strike)';
comment on column raw.struck_patients.struck_on is 'Day on which it was done';
comment on column raw.struck_patients.patient is 'Pseudonym of the patient';
comment on column raw.struck_patients.who is 'Who did it';
comment on column raw.struck_patients.why is 'The reason';
comment on table raw.merged_patients is 'Numbers of one person, by pseudonym';
comment on column raw.merged_patients.from_number is 'Pseudonym of the number that is given up';
comment on column raw.merged_patients.from_site is 'Its site; empty: the only one that has the number';
comment on column raw.merged_patients.to_number is 'Pseudonym of the number that stays';
comment on column raw.merged_patients.to_site is 'Its site; empty: the only one that has the number';
comment on column raw.merged_patients.line is 'Line of the list';
comment on table raw.spellings is 'Every patient number that arrived: how it is written, without saying what it is';
comment on column raw.spellings.patient is 'Pseudonym of the number as it is written';
comment on column raw.spellings.loosely is 'Pseudonym of the number whatever its case, width, signs, leading zeros and letters that look alike';
comment on column raw.spellings.is_mangled is 'Whether it is written as a spreadsheet shortens numbers (1.0E+05), so that digits are lost';
