-- What became of the touched records in staging.lines: `fresh` is made of a part of the lines.
create or replace temp table before as
from staging.lines as l
semi join touched.records as t on l.table_name = t.table_name and l.record = t.record;

create or replace temp table gone as
from before except from fresh;

create or replace temp table come as
from fresh except from before;

delete from staging.lines as l
where (l.table_name, l.delivery, l.line) in (select (g.table_name, g.delivery, g.line) from gone as g);

insert into staging.lines by name
select * from come order by table_name, position, line;

insert into touched.lines
select distinct table_name, delivery, line, record, patient
from (from gone union all from come) as changed
where table_name = 'labs';

delete from touched.records;
