-- touched.patients: what the rules of a result ask of other tables of its patient, now.
create or replace temp table patients_now as
select patient_id, md5(list(says order by says)::varchar) as says
from (
    select p.patient_id, p::varchar as says
    from (select * exclude (delivery, file_line, record) from staging.patients) as p
    union all
    select t.patient_id, t::varchar
    from (select * exclude (delivery, file_line, record) from staging.treatments) as t
    union all
    select v.patient_id, v::varchar
    from staging.vital_status as v
    union all
    select distinct l.patient, 'known'
    from staging.lines as l
    where l.table_name = 'patients' and l.patient is not null
) as said
group by patient_id;
