-- touched.records: of a table and site of which other exports are full ones now, all records are looked at again. Of
-- patients it is also the other tables: who is in a full export of patients is held by the others of that day.
insert into touched.records
with
full_now as (
    select table_name, site, batch, delivered_on
    from staging.exports
    where kind = 'full'
),

changed as (
    (from full_now except from touched.full_exports)
    union all
    (from touched.full_exports except from full_now)
)

select distinct r.table_name, r.record
from staging.received as r
semi join changed as c on r.site = c.site and (r.table_name = c.table_name or c.table_name = 'patients');
