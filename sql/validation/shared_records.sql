-- validation.shared_records: how much two exports of a table and site share. A pair of an export with itself gives its size.
-- Who withdrew consent is not counted: such a patient may be gone. Follow-up is compared by patient, not by visit.
with
held as (
    select
        table_name,
        site,
        if(table_name = 'follow_up' and number is not null, number, record) as record,
        batch,
        sum(hash(content)::hugeint) as content
    from staging.received
    where not is_withdrawn
    group by all
),

-- most records stand in one export: of these no past need be written out
exports_of_a_record as (
    select table_name, site, record, count(*) as n, min(batch) as batch
    from held
    group by table_name, site, record
),

compared as (
    select
        h.*,
        lag(h.content) over (partition by h.table_name, h.site, h.record order by h.batch) as content_before
    from held as h
    semi join (select * from exports_of_a_record where n > 1) as e
        on h.table_name = e.table_name and h.site = e.site and h.record = e.record
),

versioned as (
    select
        *,
        sum(if(content is distinct from content_before, 1, 0)) over (partition by table_name, site, record order by batch) as version
    from compared
),

-- records with the same past are counted together: pairs are then few, however many records there are
pasts as (
    select
        table_name,
        site,
        past,
        count(*) as records
    from (
        select table_name, site, list({'batch': batch, 'version': version} order by batch) as past
        from versioned
        group by table_name, site, record
    ) as of_a_record
    group by table_name, site, past
    union all
    select
        table_name,
        site,
        [{'batch': batch, 'version': 1::hugeint}] as past,
        count(*) as records
    from exports_of_a_record
    where n = 1
    group by table_name, site, batch
),

opened as (
    select
        table_name,
        site,
        past,
        records,
        unnest(past) as later
    from pasts
),

pairs as (
    select
        table_name,
        site,
        records,
        later,
        unnest(past) as earlier
    from opened
),

shared as (
    select
        table_name,
        site,
        later['batch'] as later,
        earlier['batch'] as earlier,
        sum(records)::bigint as shared,
        coalesce(sum(records) filter (where later['version'] = earlier['version']), 0)::bigint as unchanged
    from pairs
    where earlier['batch'] <= later['batch']
    group by all
),

-- the same of patients: those with the same past are counted together
patient_pasts as (
    select table_name, site, past, count(*) as patients
    from (
        select table_name, site, list(distinct batch order by batch) as past
        from staging.received
        where not is_withdrawn and number is not null
        group by table_name, site, number
    ) as of_a_patient
    group by table_name, site, past
),

patient_opened as (
    select table_name, site, past, patients, unnest(past) as later
    from patient_pasts
),

patient_pairs as (
    select table_name, site, patients, later, unnest(past) as earlier
    from patient_opened
),

shared_patients as (
    select table_name, site, later, earlier, sum(patients)::bigint as patients
    from patient_pairs
    where earlier <= later
    group by all
)

select
    coalesce(s.table_name, p.table_name) as table_name,
    coalesce(s.site, p.site) as site,
    coalesce(s.later, p.later) as later,
    coalesce(s.earlier, p.earlier) as earlier,
    coalesce(s.shared, 0) as shared,
    coalesce(s.unchanged, 0) as unchanged,
    coalesce(p.patients, 0) as patients
from shared as s
full join shared_patients as p
    on s.table_name = p.table_name and s.site = p.site and s.later = p.later and s.earlier = p.earlier
order by all;
