-- cohort.subjects: every patient who arrived and did not withdraw consent, with time zero, arm and baseline marker, or the reason for leaving.
create or replace table cohort.subjects as
with
described as (
    select
        a.*,
        case
            when a.exclreas in ('No patient record', 'Patient record in quarantine') then a.exclreas
            when exists(from cohort.decisive as d where d.patient_id = a.patient_id) then 'Decisive record in quarantine'
            else a.exclreas
        end as reason,
        if(a.armcd = 'E', settings.experimental_label, settings.control_label) as arm
    from cohort.as_read as a
    cross join study.settings as settings
)

select
    patient_id as "USUBJID",
    site_id as "SITEID",
    age as "AGE",
    sex as "SEX",
    if(trtsdt is null, null, arm) as "ARM",
    if(trtsdt is null, null, armcd) as "ARMCD",
    trtsdt as "TRTSDT",
    trtsdtf as "TRTSDTF",
    marker as "MARKER",
    markdt as "MARKDT",
    marklim as "MARKLIM",
    dthdt as "DTHDT",
    dthdtf as "DTHDTF",
    if(dthdt is null, null, dthcaus) as "DTHCAUS",
    lstalvdt as "LSTALVDT",
    if(exists(from raw.deliveries as d where d.position is not null and d.is_relative), 'Y', null) as "RELFL",
    newtrtdt as "NEWTRTDT",
    if(reason is null or reason = 'No baseline marker in the window', 'Y', 'N') as "ITTFL",
    if(reason is null, 'Y', 'N') as "ANALFL",
    reason as "EXCLREAS",
    row_number() over (order by first_day, arrival_order nulls last, patient_id) as "SUBJSEQ",
    (select study_name from study.settings) as "STUDYID",
    patient_id as "SUBJID",
    if(age is null, null, 'YEARS') as "AGEU",
    if(trtsdt is null, null, arm) as "TRT01P"
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
comment on column cohort.subjects."TRTSDTF" is 'Imputation of TRTSDT: D its day, M its month too; null: known';
comment on column cohort.subjects."MARKER" is 'Baseline marker in the study''s unit: last value in the window';
comment on column cohort.subjects."MARKDT" is 'Day of the baseline marker';
comment on column cohort.subjects."MARKLIM" is '< or > where the marker was beyond the assay''s limit, ~ where a derived one may be on either side';
comment on column cohort.subjects."DTHDT" is 'Date of death';
comment on column cohort.subjects."DTHDTF" is 'Imputation of DTHDT: D its day, M its month too; null: known';
comment on column cohort.subjects."DTHCAUS" is 'Cause of death: disease or other; null: not known';
comment on column cohort.subjects."LSTALVDT" is 'Date last known alive or of death';
comment on column cohort.subjects."RELFL" is 'Y: days are counted from an anchor, so that nothing is said of the calendar';
comment on column cohort.subjects."NEWTRTDT" is 'Start of the first therapy of a later line';
comment on column cohort.subjects."ITTFL" is 'Y: treated first-line, consented, followed up';
comment on column cohort.subjects."ANALFL" is 'Y: in the analyses (ITTFL and a baseline marker)';
comment on column cohort.subjects."EXCLREAS" is 'First reason for not being analysed';
comment on column cohort.subjects."SUBJSEQ" is 'Order in which the patient first arrived';
comment on column cohort.subjects."STUDYID" is 'Study identifier';
comment on column cohort.subjects."SUBJID" is 'Subject identifier for the study: the pseudonym';
comment on column cohort.subjects."AGEU" is 'Age units';
comment on column cohort.subjects."TRT01P" is 'Planned treatment for period 01: the arm';
