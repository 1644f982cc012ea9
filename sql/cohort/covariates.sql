-- cohort.covariates: the study file's covariates of each patient, typed by their kind; one row each. A column of the
-- native format is taken as staging reads it (mutant and Mutant are one level), any other as received. A category's value
-- that is none of the declared levels counts as other; where no list is declared, so does one that fewer than 5 patients have.
-- A laboratory result is its baseline value.
create or replace table cohort.covariates as
with
-- what lies beyond a limit, or in a unit that the study does not know, is no number to compare
plain as (
    select
        received,
        value
    from reading.number
    where comparator = '' and unit is null
),

native as (
    select
        patient_id,
        to_json({
            site_id: site_id,
            primary_site: primary_site,
            primary_resected: primary_resected,
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
        c.levels,
        -- a cell of the native format that was set aside is missing
        if(json_exists(n.columns, '$.' || c.name), n.columns ->> c.name, cell_or_level(r.cells, c.name, c.levels)) as value,
        if(json_exists(n.columns, '$.' || c.name), try_cast(n.columns ->> c.name as double), plain.value) as number
    from staging.patients as s
    inner join native as n on s.patient_id = n.patient_id
    inner join raw.patients as r on s.delivery = r.delivery and s.file_line = r.line
    cross join study.covariates as c
    left join plain on cell(r.cells, c.name) = plain.received
    where c.name not in ('age', 'sex') and c.marker is null
),

-- a cell that is wrong does not take the place of an earlier one of the record that was right
judged as (
    select
        *,
        case kind
            when 'number' then number is not null
            else list_contains(list_transform(levels, lambda one: lower(one)), lower(trim(value))) or lower(trim(value)) = 'other'
        end as is_right
    from named
),

kept as (
    select
        w.patient_id,
        w.name,
        arg_max(cell_or_level(r.cells, w.name, w.levels), earlier.position) as value,
        arg_max(plain.value, earlier.position) as number
    from judged as w
    inner join staging.patients as s on w.patient_id = s.patient_id
    inner join staging.lines as l on l.table_name = 'patients' and s.delivery = l.delivery and s.file_line = l.line
    inner join staging.lines as earlier
        on earlier.table_name = 'patients' and earlier.record = l.record and earlier.position < l.position
    inner join raw.patients as r on earlier.delivery = r.delivery and earlier.line = r.line
    left join plain on cell(r.cells, w.name) = plain.received
    where not w.is_right and case w.kind
        when 'number' then plain.value is not null
        else list_contains(list_transform(w.levels, lambda one: lower(one)), lower(cell_or_level(r.cells, w.name, w.levels)))
    end
    group by w.patient_id, w.name
),

settled as (
    select j.* replace (coalesce(k.value, j.value) as value, coalesce(k.number, j.number) as number)
    from judged as j
    left join kept as k on j.patient_id = k.patient_id and j.name = k.name
),

levelled as (
    select
        *,
        case
            when kind != 'category' or value is null then null
            when levels is not null then coalesce(levels[list_position(list_transform(levels, lambda one: lower(one)), lower(trim(value)))], 'other')
            when count(*) over (partition by name, value) >= 5 then value
            else 'other'
        end as level
    from settled
),

measured as (
    select
        s.patient_id,
        c.name,
        c.kind,
        v.value
    from staging.patients as s
    cross join study.covariates as c
    left join cohort.marker_values as v on s.patient_id = v.patient_id and c.marker = v.marker and v.is_baseline
    where c.marker is not null
)

select
    patient_id as "USUBJID",
    name as "NAME",
    kind as "KIND",
    if(kind = 'number', number, null) as "AVAL",
    level as "AVALC",
    if(level = 'other' and lower(trim(value)) != 'other', 'Y', null) as "OTHERFL"
from levelled
union all
select
    patient_id,
    name,
    kind,
    value,
    null,
    null
from measured
order by "USUBJID", "NAME";

comment on table cohort.covariates is 'Covariates of each patient, one row each; columns of ADSL are made of it';
comment on column cohort.covariates."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.covariates."NAME" is 'Covariate as the study file names it, lower case';
comment on column cohort.covariates."KIND" is 'number or category';
comment on column cohort.covariates."AVAL" is 'Value of a number';
comment on column cohort.covariates."AVALC" is 'Level of a category; other: a value that is no declared level';
comment on column cohort.covariates."OTHERFL" is 'Y: what was received is no declared level and counts as other';
