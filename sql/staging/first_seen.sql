-- staging.first_seen: on which day each problem was first seen; one that was put right is forgotten.
create table if not exists staging.first_seen (table_name varchar, record varchar, rule varchar, first_seen_on date);

delete from staging.first_seen as s
where not exists(
    from staging.problems as p
    where s.table_name = p.table_name and s.record = p.record and s.rule = p.rule
);

insert into staging.first_seen
select distinct p.table_name, p.record, p.rule, current_date
from staging.problems as p
where not exists(
    from staging.first_seen as s
    where p.table_name = s.table_name and p.record = s.record and p.rule = s.rule
);

comment on table staging.first_seen is 'On which day each problem was first seen, so that the worklist can show its age';
