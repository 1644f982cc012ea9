-- raw.erased: lines that were erased because a patient is to be forgotten; their numbers are left, so that no line is lost.
create table if not exists raw.erased (table_name varchar, delivery varchar, line integer);
alter table raw.deliveries add column if not exists erased integer default 0;

comment on table raw.erased is 'Lines that were erased because a patient is to be forgotten';
comment on column raw.erased.table_name is 'Native table';
comment on column raw.erased.delivery is 'SHA-256 of the export file as it arrived';
comment on column raw.erased.line is 'Line in the file as it arrived';
comment on column raw.deliveries.erased is 'Rows of it that were erased because a patient is to be forgotten';
