-- The lines on which staging.lines rests for the records that are touched: their own, those of exports of several files,
-- and which full exports hold their patients.
with
of_records as (
    from staging.received as r
    semi join touched.records as t on r.table_name = t.table_name and r.record = t.record
),

several as (
    select r.table_name, r.site, r.batch
    from staging.received as r
    semi join of_records as t on r.table_name = t.table_name and r.site = t.site and r.batch = t.batch
    group by r.table_name, r.site, r.batch
    having count(distinct r.delivery) > 1
),

full_exports as (
    from staging.exports where kind = 'full'
)

from of_records
union all
from staging.received as r
semi join several as s on r.table_name = s.table_name and r.site = s.site and r.batch = s.batch
anti join touched.records as t on r.table_name = t.table_name and r.record = t.record
union all by name
select distinct r.table_name, r.site, r.number, r.batch
from staging.received as r
semi join full_exports as f on r.table_name = f.table_name and r.site = f.site and r.batch = f.batch
semi join of_records as t on r.number = t.number
