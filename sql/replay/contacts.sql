-- Days on which a patient was known to be alive or dead, by delivery. A later export that says only the latest visit
-- does not take away what an earlier one said.
select
    r.patient as patient_id,
    r.day as last_contact_on,
    min(r.delivered_on) as known_from
from staging.received as r
anti join staging.problems as q
    on q.severity = 'quarantine' and q.table_name = 'follow_up' and r.delivery = q.delivery and r.line = q.file_line
where
    r.table_name = 'follow_up'
    and not r.is_withdrawn
    and r.day is not null
    and r.patient in (select patient_id from staging.vital_status)
group by r.patient, r.day
