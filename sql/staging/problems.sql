-- staging.problems: what Great Expectations found in each staging table; each table replaces its own rows.
create table if not exists staging.problems (
    table_name varchar, delivery varchar, file_line integer, record varchar, patient_id varchar,
    rule varchar, severity varchar, column_name varchar, value varchar, sentence varchar
);
alter table staging.problems add column if not exists value_before varchar;
alter table staging.problems add column if not exists rule_says varchar;
comment on table staging.problems is 'What Great Expectations found in each staging table; staging.quarantine is made of it';
