-- What became of the touched lines in staging.received: `fresh` is made of a part of the registry, `gone` and `come` are
-- the rows that are not what they were.
create or replace temp table before as
from staging.received as r
where r.table_name = 'patients' or (r.table_name, r.delivery, r.line) in (select (w.table_name, w.delivery, w.line) from more_lines as w);

create or replace temp table gone as
from before except from fresh;

create or replace temp table come as
from fresh except from before;

-- of several files of one export each may hold what another one does not: all of it is looked at again
create or replace temp table together as
select distinct table_name, site, batch from (from gone union all from come) as changed;

create or replace temp table in_several as
from staging.received as r
semi join together as t on r.table_name = t.table_name and r.site = t.site and r.batch = t.batch
union all
from come;

insert into touched.records
select distinct table_name, record from (from gone union all from come) as changed
union
select r.table_name, r.record
from in_several as r
semi join (
    select table_name, site, batch from in_several group by all having count(distinct delivery) > 1
) as s on r.table_name = s.table_name and r.site = s.site and r.batch = s.batch
union
-- who is of another site or another person now is held by other exports
select r.table_name, r.record
from (from before union all from fresh) as r
semi join more_lines as m on r.table_name = m.table_name and r.delivery = m.delivery and r.line = m.line;

delete from staging.received as r
where (r.table_name, r.delivery, r.line) in (select (g.table_name, g.delivery, g.line) from gone as g);

insert into staging.received by name
select * from come order by table_name, position, line;
