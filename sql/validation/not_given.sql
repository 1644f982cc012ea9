-- What the study file names and no patient has, with the names that there are instead.
with
patients as (
    select list(distinct c.column_name) as names
    from raw.columns as c
    inner join raw.deliveries as d on c.delivery = d.delivery
    where d.table_name = 'patients'
),

analytes as (
    select list(distinct analyte) as names
    from staging.labs
    where certainty = 'known'
),

drugs as (
    select list(distinct name) as names
    from (select unnest(list_append(substances, lower(drug))) as name from staging.treatments) as named
)

select
    c.name as covariate,
    coalesce(p.analyte, c.name) as name,
    if(c.marker is null, patients.names, analytes.names) as known
from study.covariates as c
cross join patients
cross join analytes
left join study.marker_parts as p on c.marker = p.marker
anti join cohort.covariates as v on c.name = v."NAME" and coalesce(v."AVAL"::varchar, v."AVALC") is not null
where c.name not in ('age', 'sex')
union all
select null, s.experimental_drug, drugs.names
from study.settings as s
cross join drugs
where not exists(
    from staging.treatments as t
    where is_drug(t.substances, t.drug, s.experimental_substances, s.experimental_drug)
)
order by covariate nulls first;
