-- raw.answers: what was answered to the worklist, the last answer to each problem; filled at each refresh from answers.csv in the home.
create table if not exists raw.answers (
    table_name varchar, record varchar, rule varchar, value_hash varchar, status varchar, who varchar, comment varchar, answered_on date
);

comment on table raw.answers is 'What was answered to the worklist: the last answer to each problem';
comment on column raw.answers.table_name is 'Native table';
comment on column raw.answers.record is 'Key of the record';
comment on column raw.answers.rule is 'Rule of the book';
comment on column raw.answers.value_hash is 'Hash of the value that was answered for: an answer holds for no other';
comment on column raw.answers.status is 'open, answered, accepted as is or fixed';
comment on column raw.answers.who is 'Who answered';
comment on column raw.answers.comment is 'What they wrote';
comment on column raw.answers.answered_on is 'Day on which the workbook was read';
