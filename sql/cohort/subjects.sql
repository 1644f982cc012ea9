-- cohort.subjects: every patient who arrived and did not withdraw consent, with time zero, arm and baseline marker, or the reason for leaving.
create or replace table cohort.subjects as
with
arrived as (
    select
        patient as patient_id,
        min(delivered_on) as first_day,
        -- the same whatever order the tables of a delivery come in
        min(position * 1e9 + line) filter (where table_name = 'patients') as arrival_order,
        bool_or(table_name = 'patients') as has_record
    from staging.lines
    where patient is not null and status != 'withdrawn'
    group by patient
    -- who started after the follow-up that is asked for had not yet arrived
    having patient not in (
        select t.patient_id from staging.treatments as t
        where t.line = 1
        group by t.patient_id
        having not is_known(min(t.start_date))
    )
),

time_zero as (
    select patient_id, min(start_date) as trtsdt
    from staging.treatments
    where line = 1 and is_known(start_date)
    group by patient_id
),

new_therapy as (
    select patient_id, min(start_date) as newtrtdt
    from staging.treatments
    where line > 1 and is_known(start_date)
    group by patient_id
),

experimental as (
    select distinct z.patient_id
    from time_zero as z
    cross join study.settings as settings
    inner join staging.treatments as t
        on z.patient_id = t.patient_id
        and t.line = 1
        and t.drug = settings.experimental_drug
        and is_known(t.start_date)
        and date_diff('day', z.trtsdt, t.start_date) <= settings.arm_window_days
),

-- the last result of the marker in the window about time zero
marker as (
    select
        z.patient_id,
        b.collected_on,
        b.beyond_limit,
        case
            when b.beyond_limit = '<' and settings.below_loq = 'half' then b.marker_value / 2
            when b.beyond_limit = '<' and settings.below_loq = 'zero' then 0
            else b.marker_value
        end as value
    from time_zero as z
    cross join study.settings as settings
    inner join staging.labs as b
        on z.patient_id = b.patient_id
        and b.analyte = settings.analyte
        and is_known(b.collected_on)
        and date_diff('day', z.trtsdt, b.collected_on)
        between settings.window_first_day and settings.window_last_day
    qualify row_number() over (partition by z.patient_id order by b.collected_on desc) = 1
),

-- a registry that gives times instead of dates needs no follow-up
timed as (
    select distinct patient_id
    from staging.outcomes
),

described as (
    select
        a.patient_id as usubjid,
        p.site_id as siteid,
        coalesce(date_sub('year', p.birth_date, z.trtsdt), p.age_years)::double as age,
        nullif(p.sex, 'U') as sex,
        z.trtsdt,
        m.value as marker,
        m.collected_on as markdt,
        m.beyond_limit as marklim,
        if(is_known(f.died_on), f.died_on, null) as dthdt,
        case
            when f.cause_of_death in ('disease', 'cancer', 'tumour', 'tumor', 'progression', 'disease progression', 'progressive disease') then 'disease'
            when f.cause_of_death != 'unknown' then 'other'
        end as dthcaus,
        -- least() passes over nulls: without a last contact it would be the day of censoring
        if(f.last_contact_on is null, null, least(f.last_contact_on, settings.censored_on)) as lstalvdt,
        w.newtrtdt,
        if(exists(from raw.deliveries as d where d.position is not null and d.is_relative), 'Y', null) as relfl,
        if(e.patient_id is not null, 'E', 'C') as armcd,
        if(e.patient_id is not null, settings.experimental_label, settings.control_label) as arm,
        a.first_day,
        a.arrival_order,
        case
            when not a.has_record then 'No patient record'
            when p.patient_id is null then 'Patient record in quarantine'
            when z.trtsdt is null then 'No first-line treatment'
            when f.patient_id is null and o.patient_id is null then 'No follow-up'
            when m.value is null then 'No baseline marker in the window'
        end as exclreas
    from arrived as a
    cross join study.settings as settings
    left join staging.patients as p on a.patient_id = p.patient_id
    left join time_zero as z on a.patient_id = z.patient_id
    left join experimental as e on a.patient_id = e.patient_id
    left join marker as m on a.patient_id = m.patient_id
    left join staging.vital_status as f on a.patient_id = f.patient_id
    left join new_therapy as w on a.patient_id = w.patient_id
    left join timed as o on a.patient_id = o.patient_id
)

select
    usubjid as "USUBJID",
    siteid as "SITEID",
    age as "AGE",
    sex as "SEX",
    if(trtsdt is null, null, arm) as "ARM",
    if(trtsdt is null, null, armcd) as "ARMCD",
    trtsdt as "TRTSDT",
    marker as "MARKER",
    markdt as "MARKDT",
    marklim as "MARKLIM",
    dthdt as "DTHDT",
    if(dthdt is null, null, dthcaus) as "DTHCAUS",
    lstalvdt as "LSTALVDT",
    relfl as "RELFL",
    newtrtdt as "NEWTRTDT",
    if(exclreas is null or exclreas = 'No baseline marker in the window', 'Y', 'N') as "ITTFL",
    if(exclreas is null, 'Y', 'N') as "ANALFL",
    exclreas as "EXCLREAS",
    row_number() over (order by first_day, arrival_order nulls last, usubjid) as "SUBJSEQ"
from described
order by "SUBJSEQ";

comment on table cohort.subjects is 'Who arrived and did not withdraw consent: time zero, arm and baseline marker, or the reason for not being analysed';
comment on column cohort.subjects."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.subjects."SITEID" is 'Study site';
comment on column cohort.subjects."AGE" is 'Age at treatment start (completed years, or as the registry gives it)';
comment on column cohort.subjects."SEX" is 'Sex: F or M';
comment on column cohort.subjects."ARM" is 'Treatment arm';
comment on column cohort.subjects."ARMCD" is 'Treatment arm: E experimental, C control';
comment on column cohort.subjects."TRTSDT" is 'Start of first-line treatment: time zero';
comment on column cohort.subjects."MARKER" is 'Baseline marker in the study''s unit: last result in the window';
comment on column cohort.subjects."MARKDT" is 'Day of the baseline marker';
comment on column cohort.subjects."MARKLIM" is '< or > where the marker was beyond the assay''s limit; the study file says what value it takes';
comment on column cohort.subjects."DTHDT" is 'Date of death';
comment on column cohort.subjects."DTHCAUS" is 'Cause of death: disease or other; null: not known';
comment on column cohort.subjects."LSTALVDT" is 'Date last known alive or of death';
comment on column cohort.subjects."RELFL" is 'Y: days are counted from an anchor, so that nothing is said of the calendar';
comment on column cohort.subjects."NEWTRTDT" is 'Start of the first therapy of a later line';
comment on column cohort.subjects."ITTFL" is 'Y: treated first-line, consented, followed up';
comment on column cohort.subjects."ANALFL" is 'Y: in the analyses (ITTFL and a baseline marker)';
comment on column cohort.subjects."EXCLREAS" is 'First reason for not being analysed';
comment on column cohort.subjects."SUBJSEQ" is 'Order in which the patient first arrived';
