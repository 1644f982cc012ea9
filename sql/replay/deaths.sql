-- What staging.vital_status knows of deaths, each from the first delivery of its record on.
select
    v.* exclude (last_contact_on),
    said.known_from
from staging.vital_status as v
inner join (
    select
        f.patient_id,
        f.died_on,
        min(r.delivered_on) as known_from
    from staging.follow_up as f
    inner join staging.received as r on r.table_name = 'follow_up' and f.record = r.record
    group by f.patient_id, f.died_on
) as said on v.patient_id = said.patient_id and v.died_on = said.died_on
