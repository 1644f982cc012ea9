-- staging.judged: which rules a row breaks that says this, by the rules and libraries of a version. A row that a later
-- delivery does not touch says the same again, and is not judged again. No row stands here: a hash of what its rules read.
create table if not exists staging.judged (
    table_name varchar, version varchar, content uhugeint, broken varchar []
);
comment on table staging.judged is 'Rules that a row breaks, by what it says: rows that say the same are not judged again';
comment on column staging.judged.table_name is 'Native table';
comment on column staging.judged.version is 'Hash of the rules, and of the versions of the libraries that judge by them';
comment on column staging.judged.content is 'Hash of the columns that the rules read';
comment on column staging.judged.broken is 'Rules that it breaks; an empty list for most';
