-- cohort.as_read: every patient who arrived and did not withdraw consent, as the records that could be read have them:
-- time zero, arm, baseline marker, response and ends, or the reason for leaving. What could not be read is not in it
-- (cohort.decisive).
create or replace table cohort.as_read as
with
arrived as (
    select
        patient as patient_id,
        min(delivered_on) as first_day,
        -- the same whatever order the tables of a delivery come in
        min(position * 1e9 + line) filter (where table_name = 'patients') as arrival_order,
        bool_or(table_name = 'patients') as has_record
    from staging.lines
    where patient is not null and status != 'withdrawn' and not coalesce(is_struck, false)
    group by patient
    -- who started after the follow-up that is asked for had not yet arrived
    having patient not in (
        select t.patient_id from staging.treatments as t
        where t.line = 1 and t.certainty != 'negated'
        group by t.patient_id
        having not is_known(min(t.start_date))
    )
),

-- a text that says that nothing was given is no treatment
given as (
    select * from staging.treatments
    where certainty != 'negated' and is_known(start_date)
),

-- a later line that lies before time zero, as of lines in a wrong order, ends nothing that begins there
new_therapy as (
    select g.patient_id, min(g.start_date) as newtrtdt
    from given as g
    inner join cohort.time_zero as z on g.patient_id = z.patient_id
    where g.line > 1 and g.start_date >= z.trtsdt
    group by g.patient_id
),

experimental as (
    select distinct z.patient_id
    from cohort.time_zero as z
    cross join study.settings as settings
    inner join given as t
        on z.patient_id = t.patient_id
        and t.line = 1
        and is_drug(t.substances, t.drug, settings.experimental_substances, settings.experimental_drug)
        and date_diff('day', z.trtsdt, t.start_date) <= settings.arm_window_days
),

marker as (
    select
        v.patient_id,
        v.value,
        v.collected_on,
        v.beyond_limit
    from cohort.marker_values as v
    inner join study.settings as settings on v.marker = settings.marker
    where v.is_baseline
),

-- a registry that gives times instead of dates needs no follow-up
timed as (
    select distinct patient_id
    from staging.outcomes
    where months is not null and endpoint in (select e.name from study.endpoints as e)
),

visits as (
    select a.patient_id, a.assessed_on, a.response, z.trtsdt
    from staging.assessments as a
    inner join cohort.time_zero as z on a.patient_id = z.patient_id
    where a.assessed_on >= z.trtsdt and is_known(a.assessed_on)
),

seen as (
    select
        patient_id,
        min(assessed_on) filter (response = 'PD') as pddt,
        max(assessed_on) filter (response in ('CR', 'PR', 'SD', 'PD')) as adequate_dt
    from visits
    group by patient_id
)

select
    a.patient_id,
    p.site_id,
    coalesce(date_sub('year', p.birth_date, z.trtsdt), p.age_years, date_sub('year', p.born_about, z.trtsdt))::double as age,
    if(p.birth_date is null and p.age_years is null and p.born_about is not null, 'Y', null) as age_is_imputed,
    nullif(p.sex, 'U') as sex,
    z.trtsdt,
    z.trtsdtf,
    m.value as marker,
    m.collected_on as markdt,
    m.beyond_limit as marklim,
    if(is_known(f.died_on), f.died_on, null) as dthdt,
    if(is_known(f.died_on), f.died_on_imputed, null) as dthdtf,
    case
        when f.cause_of_death in ('disease', 'cancer', 'tumour', 'tumor', 'progression', 'disease progression', 'progressive disease') then 'disease'
        when f.cause_of_death != 'unknown' then 'other'
    end as dthcaus,
    case
        -- who died after the day of censoring was alive on it, whenever he was seen
        when not is_known(f.died_on) then last_known(f.died_on)
        -- least() passes over nulls: without a last contact it would be the day of censoring
        when f.last_contact_on is not null then last_known(f.last_contact_on)
    end as lstalvdt,
    w.newtrtdt,
    v.pddt,
    v.adequate_dt,
    if(e.patient_id is not null, 'E', 'C') as armcd,
    a.first_day,
    a.arrival_order,
    a.has_record,
    case
        when not a.has_record then 'No patient record'
        when p.patient_id is null then 'Patient record in quarantine'
        when z.trtsdt is null then 'No first-line treatment'
        when f.patient_id is null and o.patient_id is null then 'No follow-up'
        when m.value is null then 'No baseline marker in the window'
    end as exclreas
from arrived as a
left join staging.patients as p on a.patient_id = p.patient_id
left join cohort.time_zero as z on a.patient_id = z.patient_id
left join experimental as e on a.patient_id = e.patient_id
left join marker as m on a.patient_id = m.patient_id
left join staging.vital_status as f on a.patient_id = f.patient_id
left join new_therapy as w on a.patient_id = w.patient_id
left join timed as o on a.patient_id = o.patient_id
left join seen as v on a.patient_id = v.patient_id
order by a.patient_id;

comment on table cohort.as_read is 'Who arrived and did not withdraw consent, as the records that could be read have them';
comment on column cohort.as_read.patient_id is 'Pseudonym of the patient';
comment on column cohort.as_read.site_id is 'Treating site';
comment on column cohort.as_read.age is 'Age at treatment start (completed years, or as the registry gives it)';
comment on column cohort.as_read.age_is_imputed is 'Y: birth is known to the month or year only, its middle was taken';
comment on column cohort.as_read.sex is 'F or M';
comment on column cohort.as_read.trtsdt is 'Start of first-line treatment: time zero';
comment on column cohort.as_read.trtsdtf is 'D: its day was imputed, M: its month too';
comment on column cohort.as_read.marker is 'Baseline marker in the study''s unit: last value in the window';
comment on column cohort.as_read.markdt is 'Day of the baseline marker';
comment on column cohort.as_read.marklim is '< or > where the marker was beyond the assay''s limit, ~ where a derived one may be on either side';
comment on column cohort.as_read.dthdt is 'Date of death';
comment on column cohort.as_read.dthdtf is 'D: its day was imputed, M: its month too';
comment on column cohort.as_read.dthcaus is 'Cause of death: disease or other; null: not known';
comment on column cohort.as_read.lstalvdt is 'Date last known alive or of death';
comment on column cohort.as_read.newtrtdt is 'Start of the first therapy of a later line';
comment on column cohort.as_read.pddt is 'First progression at or after time zero';
comment on column cohort.as_read.adequate_dt is 'Last adequate assessment at or after time zero';
comment on column cohort.as_read.armcd is 'E experimental, C control';
comment on column cohort.as_read.first_day is 'Day of the first export that holds the patient';
comment on column cohort.as_read.arrival_order is 'Order in which the patient first arrived';
comment on column cohort.as_read.has_record is 'Whether a patients export holds the patient';
comment on column cohort.as_read.exclreas is 'First reason for not being analysed, whatever is in quarantine';
