-- raw: whatever arrived, as text, append-only. A line is never changed once it is here.
create table if not exists raw.deliveries (
    delivery varchar primary key,
    file varchar not null,
    table_name varchar,
    delivered_on date not null,
    arrived_at timestamptz not null,
    sequence integer not null,
    bytes bigint not null,
    lines integer not null,
    status varchar not null,
    problem varchar,
    position integer
);
alter table raw.deliveries add column if not exists source varchar;
alter table raw.deliveries add column if not exists profile varchar;
alter table raw.deliveries add column if not exists profile_version varchar;
alter table raw.deliveries add column if not exists sheet varchar;
alter table raw.deliveries add column if not exists is_relative boolean default false;
alter table raw.deliveries add column if not exists generation integer default 0;
-- the same bytes may be delivered again on a later day, which puts a correction back
create table if not exists raw.landings (
    landing integer, file varchar, content varchar, delivered_on date, arrived_at timestamptz, generation integer
);
alter table raw.landings add column if not exists sha256 varchar;
update raw.landings set sha256 = content where sha256 is null;
comment on table raw.landings is 'When which bytes were dropped under which name: a file that is dropped again is a delivery again';
comment on column raw.landings.landing is 'Order of arrival';
comment on column raw.landings.file is 'Path in the landing folder';
comment on column raw.landings.content is
'As what it is kept: the SHA-256 of the file; of the same bytes of another site or table, a hash of that and of these';
comment on column raw.landings.delivered_on is 'Day of the export: the date in its path, else the day of arrival';
comment on column raw.landings.arrived_at is 'When the platform saw it';
comment on column raw.landings.sha256 is 'SHA-256 of the file';
comment on column raw.landings.generation is 'How often the file had been replaced on that day';
comment on table raw.deliveries is 'Every export file that arrived, known by the SHA-256 of its bytes';
comment on column raw.deliveries.delivery is 'SHA-256 of the file';
comment on column raw.deliveries.file is 'Path in the landing folder when it arrived';
comment on column raw.deliveries.table_name is 'Native table that it holds';
comment on column raw.deliveries.delivered_on is 'Day of the export: its folder''s, else its name''s, else the day of arrival';
comment on column raw.deliveries.arrived_at is 'When the platform first saw it';
comment on column raw.deliveries.sequence is 'Order of arrival';
comment on column raw.deliveries.bytes is 'Size of the file';
comment on column raw.deliveries.lines is 'Rows of data in it';
comment on column raw.deliveries.status is 'accepted, rejected (cannot be read), unrecognised (no native table) or passed over (no table at all)';
comment on column raw.deliveries.problem is 'Why it is not accepted and what to do';
comment on column raw.deliveries.source is 'SHA-256 of the file that this native table was made of; null: the file itself is native';
comment on column raw.deliveries.profile is 'Registry profile that made it';
comment on column raw.deliveries.profile_version is 'What the profile read then: a hash of its keys and of its data dictionary';
comment on column raw.deliveries.is_relative is 'Whether its days are counted from an anchor, so that they are no days of the calendar';
comment on column raw.deliveries.sheet is 'Sheet or member of that file in which it stood';
comment on column raw.deliveries.generation is 'How often the file had been replaced on that day';
comment on column raw.deliveries.position is 'Order in the current data cut (later amends earlier); null: not in the cut';

create table if not exists raw.patients (
    delivery varchar, file varchar, line integer, arrived_at timestamptz, cells map(varchar, varchar), problem varchar
);
create table if not exists raw.treatments (
    delivery varchar, file varchar, line integer, arrived_at timestamptz, cells map(varchar, varchar), problem varchar
);
create table if not exists raw.labs (
    delivery varchar, file varchar, line integer, arrived_at timestamptz, cells map(varchar, varchar), problem varchar
);
create table if not exists raw.assessments (
    delivery varchar, file varchar, line integer, arrived_at timestamptz, cells map(varchar, varchar), problem varchar
);
create table if not exists raw.follow_up (
    delivery varchar, file varchar, line integer, arrived_at timestamptz, cells map(varchar, varchar), problem varchar
);
create table if not exists raw.outcomes (
    delivery varchar, file varchar, line integer, arrived_at timestamptz, cells map(varchar, varchar), problem varchar
);
