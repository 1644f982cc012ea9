-- The records of staging.assessments, each from the first delivery on that says the same of what is decisive.
select
    s.*,
    said.known_from
from staging.assessments as s
inner join staging.received as r
    on r.table_name = 'assessments' and s.delivery = r.delivery and s.file_line = r.line
inner join (
    select record, part, decisive_content, min(delivered_on) as known_from
    from staging.received
    where table_name = 'assessments'
    group by record, part, decisive_content
) as said on r.record = said.record and r.part = said.part and r.decisive_content = said.decisive_content
