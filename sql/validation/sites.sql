-- What each site has delivered, and what is open of it; a site is told by its lines, or by what patients say of themselves.
with
located as (
    select
        l.*,
        coalesce(nullif(l.site, ''), p.site_id) as located_at
    from staging.lines as l
    left join (
        select patient_id, any_value(site_id) as site_id from staging.patients group by patient_id
    ) as p on l.patient = p.patient_id
)

select
    l.located_at as site,
    count(distinct l.patient) as patients,
    count(*) filter (l.status = 'latest') as records,
    max(l.delivered_on) as last_export,
    count(distinct concat_ws('|', l.table_name, l.delivery, l.line)) filter (q.severity = 'quarantine') as set_aside,
    count(q.rule) as open_problems
from located as l
left join staging.quarantine as q on l.table_name = q.table_name and l.delivery = q.delivery and l.line = q.file_line
where l.located_at != ''
group by l.located_at
order by l.located_at;
