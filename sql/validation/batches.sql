-- validation.batches: the exports in the cut, one row a table, site and day, with the files that they are made of.
select
    r.table_name,
    r.site,
    r.batch,
    string_agg(distinct d.file, ', ' order by d.file) as file,
    max(r.delivered_on) as delivered_on,
    count(distinct r.record) filter (where not r.is_withdrawn) as records,
    quantile_disc(r.day, 0.5) as median_day
from staging.received as r
inner join raw.deliveries as d on r.delivery = d.delivery
group by r.table_name, r.site, r.batch
union all by name
select
    table_name,
    '' as site,
    position as batch,
    file,
    delivered_on,
    0 as records
from raw.deliveries
where position is not null and lines = 0
order by table_name, batch, site;
