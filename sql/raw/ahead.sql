-- raw.ahead: exports of the cut that were delivered under no day but one that lies ahead: no later export would amend them.
select distinct
    l.file,
    l.sha256,
    l.delivered_on
from raw.landings as l
semi join (
    from raw.deliveries where position is not null
) as d on l.content = coalesce(d.source, d.delivery)
anti join (
    from raw.landings where not lies_ahead(delivered_on, arrived_at)
) as other on l.content = other.content
order by l.file;
