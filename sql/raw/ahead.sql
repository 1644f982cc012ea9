-- raw.ahead: files of the cut that were delivered under no day but one that lies ahead.
create or replace temp view ahead as
select
    d.file,
    coalesce(d.source, d.delivery) as content,
    d.sheet,
    d.table_name,
    d.delivered_on,
    d.arrived_at,
    'The day of the export lies ahead, so that no later export would amend it; '
    || 'drop it into a folder that is named after the day of the export' as sentence
from raw.deliveries as d
anti join (
    from raw.landings where not lies_ahead(delivered_on, arrived_at)
) as l on coalesce(d.source, d.delivery) = l.content
where d.position is not null and lies_ahead(d.delivered_on, d.arrived_at)
order by d.sequence;
