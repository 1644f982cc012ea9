-- The day of the last export of each site: by the site that lines are known by, or that patients name.
select
    site,
    max(delivered_on) as last_on
from (
    select
        site,
        delivered_on
    from staging.lines
    union all
    select
        p.site_id,
        d.delivered_on
    from staging.patients as p
    inner join raw.deliveries as d on p.delivery = d.delivery
) as delivered
where coalesce(site, '') != ''
group by site
