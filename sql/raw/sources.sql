-- raw.sources, raw.passed_over, raw.columns: what a file was before native tables were made of it, and its columns.
create table if not exists raw.sources (source varchar, sheet varchar, file varchar, lines integer);
create table if not exists raw.passed_over (source varchar, sheet varchar, line integer, reason varchar);
create table if not exists raw.columns (
    delivery varchar, sheet varchar, column_name varchar, place integer, is_read boolean, filled integer
);
-- made anew at each refresh by column_changes.sql; the worklist reads it whatever became of that
create table if not exists raw.column_changes (
    file varchar, table_name varchar, column_name varchar, change varchar, sentence varchar, delivery varchar
);

comment on table raw.sources is 'Sheets of the files of which native tables were made: their lines are counted before that';
comment on column raw.sources.source is 'SHA-256 of the file';
comment on column raw.sources.sheet is 'Sheet or member; empty for a text file';
comment on column raw.sources.file is 'Path in the landing folder when it arrived';
comment on column raw.sources.lines is 'Lines of data in it';

comment on table raw.passed_over is 'Lines, columns and sheets that are in no table, and why; every other line is in at least one raw table';
comment on column raw.passed_over.source is 'SHA-256 of the file';
comment on column raw.passed_over.sheet is 'Sheet or member';
comment on column raw.passed_over.line is 'Line in it; null: a column, or all of the sheet';
comment on column raw.passed_over.reason is 'Why no table is made of it: a title, a total, hidden, no table ...';

comment on table raw.columns is 'Columns of every export: which of them are read, and how many lines have them filled';
comment on column raw.columns.delivery is 'SHA-256 of the export file, or of the file that it was made of';
comment on column raw.columns.sheet is 'Sheet or member of that file; empty for a text file';
comment on column raw.columns.column_name is 'Name in the header';
comment on column raw.columns.place is 'Place in the header, counted from 1';
comment on column raw.columns.is_read is 'Whether its values enter the platform, else they stay in the export as kept; null: an identifier of the profile';
comment on column raw.columns.filled is 'Lines that have it filled';
