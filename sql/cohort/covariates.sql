-- cohort.covariates: the study file's covariates of each patient, typed by their kind; one row each. A column of the
-- native format is taken as staging reads it (mutant and Mutant are one level), any other as received.
create or replace table cohort.covariates as
with
native as (
    select
        patient_id,
        to_json({
            site_id: site_id,
            primary_site: primary_site,
            metastasis_timing: metastasis_timing,
            liver_metastases_n: liver_metastases_n,
            largest_metastasis_mm: largest_metastasis_mm,
            extrahepatic: extrahepatic,
            ras_status: ras_status,
            braf_status: braf_status,
            ecog: ecog
        }) as columns
    from staging.patients
),

named as (
    select
        s.patient_id,
        c.name,
        c.kind,
        -- a cell of the native format that was set aside is missing
        if(json_exists(n.columns, '$.' || c.name), n.columns ->> c.name, cell(r.cells, c.name)) as value
    from staging.patients as s
    inner join native as n on s.patient_id = n.patient_id
    inner join raw.patients as r on s.delivery = r.delivery and s.file_line = r.line
    cross join study.covariates as c
    where c.name not in ('age', 'sex')
)

select
    patient_id as "USUBJID",
    name as "NAME",
    kind as "KIND",
    if(kind = 'number', plain_number(value), null) as "AVAL",
    if(kind = 'category', value, null) as "AVALC"
from named
order by patient_id, name;

comment on table cohort.covariates is 'Covariates of each patient, one row each; columns of ADSL are made of it';
comment on column cohort.covariates."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.covariates."NAME" is 'Covariate as the study file names it, lower case';
comment on column cohort.covariates."KIND" is 'number or category';
comment on column cohort.covariates."AVAL" is 'Value of a number';
comment on column cohort.covariates."AVALC" is 'Value of a category';
