-- touched: what the staging tables of a large registry rest on, so that a delivery makes those lines anew that it touches.
-- It is a cache beside them: where it does not fit, or is gone, they are made anew as a whole.
create schema if not exists touched;
create table if not exists touched.basis (table_name varchar, generation varchar, rests_on varchar);
comment on table touched.basis is 'Staging tables that stand, when each was last made as a whole, and on what besides the lines it rests';
create table if not exists touched.deliveries (delivery varchar, says varchar);
comment on table touched.deliveries is 'Deliveries whose lines are in staging.received, and all that these take from their delivery';
create table if not exists touched.stand_ins (table_name varchar, delivery varchar, line integer);
comment on table touched.stand_ins is 'A line of each delivery for each site that it names: they stand for the lines that are not touched';
create table if not exists touched.records (table_name varchar, record varchar);
comment on table touched.records is 'Records of which staging.lines is to be made anew';
create table if not exists touched.full_exports (table_name varchar, site varchar, batch integer, delivered_on date);
comment on table touched.full_exports is 'Full exports on which staging.lines rests';
create table if not exists touched.lines (table_name varchar, delivery varchar, line integer, record varchar, patient varchar);
comment on table touched.lines is 'Lines that changed in staging.lines, and are to be read and judged';
create table if not exists touched.broken_labs (delivery varchar, line integer);
comment on table touched.broken_labs is 'Lines of staging.labs that broke a rule when they were last judged: they are made and judged anew each time';
create table if not exists touched.patients (patient_id varchar, says varchar);
comment on table touched.patients is 'What other tables said of each patient when staging.labs was last judged';
create table if not exists touched.lab_exports (site varchar, batch integer, then_full varchar);
comment on table touched.lab_exports is 'Exports of results, and the full one that came later, when staging.labs was last judged';
