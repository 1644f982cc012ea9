-- Which patients are in which table, from which delivery on: what cohort.subjects asks of staging.lines.
select
    table_name,
    patient,
    delivered_on,
    delivered_on as known_from,
    'latest' as status,
    false as is_struck,
    min(position) as position,
    min_by(line, (position, line)) as line
from staging.lines
where patient is not null and status != 'withdrawn' and not coalesce(is_struck, false)
group by table_name, patient, delivered_on
