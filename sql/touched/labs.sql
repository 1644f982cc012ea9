-- Which lines of staging.labs are made anew: those that changed, with all of their record; those that broke a rule; and the
-- others of the same patient's day, since whether times of a day can be compared rests on all of them.
create or replace temp table lines_made as
with
changed as (
    select delivery, line from touched.lines
    union
    select l.delivery, l.line
    from staging.lines as l
    semi join touched.lines as t on l.table_name = t.table_name and l.record = t.record
    union
    select delivery, line from touched.broken_labs
),

days as (
    select r.patient, r.day
    from staging.received as r
    semi join changed as c on r.delivery = c.delivery and r.line = c.line
    where r.table_name = 'labs'
    union
    select t.patient, r.day
    from touched.lines as t
    inner join staging.received as r on t.table_name = r.table_name and t.delivery = r.delivery and t.line = r.line
)

select r.delivery, r.line
from staging.received as r
semi join days as d on r.patient is not distinct from d.patient and r.day is not distinct from d.day
where r.table_name = 'labs'
union
select delivery, line from changed;
