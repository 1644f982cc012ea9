-- Results of the marker in staging.labs, each from the first delivery on that says the same of value and unit.
select
    s.*,
    said.known_from
from staging.labs as s
cross join study.settings as settings
inner join staging.received as r
    on r.table_name = 'labs' and s.delivery = r.delivery and s.file_line = r.line
inner join (
    select record, part, decisive_content, min(delivered_on) as known_from
    from staging.received
    where table_name = 'labs'
    group by record, part, decisive_content
) as said on r.record = said.record and r.part = said.part and r.decisive_content = said.decisive_content
where s.analyte in (select p.analyte from study.marker_parts as p where p.marker = settings.marker)
