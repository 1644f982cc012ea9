-- touched.deliveries: the deliveries in the cut now, each with all that staging.received takes from it beside its lines.
create or replace temp table delivered_now as
with
held as (
    select 'patients' as table_name, delivery, count(*) as n from raw.patients group by delivery
    union all
    select 'treatments', delivery, count(*) from raw.treatments group by delivery
    union all
    select 'labs', delivery, count(*) from raw.labs group by delivery
    union all
    select 'assessments', delivery, count(*) from raw.assessments group by delivery
    union all
    select 'follow_up', delivery, count(*) from raw.follow_up group by delivery
    union all
    select 'outcomes', delivery, count(*) from raw.outcomes group by delivery
),

columns_read as (
    select delivery, list(column_name order by column_name) as names
    from raw.columns
    where is_read
    group by delivery
),

landed as (
    select content, list([landing::varchar, file, delivered_on::varchar, arrived_at::varchar] order by landing) as places
    from raw.landings
    group by content
)

select
    h.delivery,
    h.table_name,
    h.n,
    d.position is not null as is_in_the_cut,
    -- a delivery whose bytes were read as another table, or with other columns, says something else
    md5([
        h.table_name, h.n::varchar, d.file, d.table_name, d.delivered_on::varchar, d.generation::varchar,
        d.position::varchar, d.source, c.names::varchar, l.places::varchar
    ]::varchar) as says
from held as h
left join raw.deliveries as d on h.delivery = d.delivery
left join columns_read as c on h.delivery = c.delivery
left join landed as l on coalesce(d.source, d.delivery) = l.content;
