-- staging.verdicts: how many rows each rule judged at the last refresh, and how many broke it. Counts only.
create table if not exists staging.verdicts (table_name varchar, rule varchar, judged bigint, broken bigint);

comment on table staging.verdicts is 'How many rows each rule judged at the last refresh, and how many broke it';
comment on column staging.verdicts.table_name is 'Native table';
comment on column staging.verdicts.rule is 'Rule of the book';
comment on column staging.verdicts.judged is 'Rows judged';
comment on column staging.verdicts.broken is 'Rows that broke it';
