-- cohort.adsl: one row a patient of the study (ADaM ADSL): arm, marker and its group by the cut-off, covariates.
create or replace table cohort.adsl as
with
-- the study file names the covariates, so the rows become columns here, typed by kind
numbers as (
    pivot (
        select "USUBJID" as usubjid, "NAME" as name, "AVAL" as value from cohort.covariates where "KIND" = 'number'
    ) on name using first(value) group by usubjid
),

categories as (
    pivot (
        select "USUBJID" as usubjid, "NAME" as name, "AVALC" as value from cohort.covariates where "KIND" = 'category'
    ) on name using first(value) group by usubjid
),

cutoff as (
    select max(estimate) as value from analysis.cutoff where statistic = 'cutoff'
)

select
    s.*,
    case when s."MARKER" >= cutoff.value then 'high' when s."MARKER" < cutoff.value then 'low' end as "MARKERGR",
    n.* exclude (usubjid),
    k.* exclude (usubjid)
from cohort.subjects as s
cross join cutoff
left join numbers as n on s."USUBJID" = n.usubjid
left join categories as k on s."USUBJID" = k.usubjid
where s."ITTFL" = 'Y'
order by s."SUBJSEQ";

comment on table cohort.adsl is 'Subject-level analysis dataset (ADaM ADSL): arm, marker, marker group, covariates';
comment on column cohort.adsl."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.adsl."SITEID" is 'Study site';
comment on column cohort.adsl."AGE" is 'Age at treatment start (years)';
comment on column cohort.adsl."SEX" is 'Sex: F or M';
comment on column cohort.adsl."ARM" is 'Treatment arm';
comment on column cohort.adsl."ARMCD" is 'Treatment arm: E experimental, C control';
comment on column cohort.adsl."TRTSDT" is 'Start of first-line treatment: time zero';
comment on column cohort.adsl."MARKER" is 'Baseline marker in the study''s unit';
comment on column cohort.adsl."MARKDT" is 'Day of the baseline marker';
comment on column cohort.adsl."MARKLIM" is '< or > where the marker was beyond the assay''s limit, ~ where a derived one may be on either side';
comment on column cohort.adsl."DTHDT" is 'Date of death';
comment on column cohort.adsl."DTHCAUS" is 'Cause of death: disease or other; null: not known';
comment on column cohort.adsl."LSTALVDT" is 'Date last known alive or of death';
comment on column cohort.adsl."RELFL" is 'Y: days are counted from an anchor, so that nothing is said of the calendar';
comment on column cohort.adsl."NEWTRTDT" is 'Start of the first therapy of a later line';
comment on column cohort.adsl."ITTFL" is 'Y: treated first-line, consented, followed up';
comment on column cohort.adsl."ANALFL" is 'Y: in the analyses (ITTFL and a baseline marker)';
comment on column cohort.adsl."EXCLREAS" is 'Reason for not being analysed';
comment on column cohort.adsl."SUBJSEQ" is 'Order in which the patient first arrived';
comment on column cohort.adsl."MARKERGR" is 'high: MARKER at or above the cut-off; low: below it';
comment on column cohort.adsl."STUDYID" is 'Study identifier';
comment on column cohort.adsl."SUBJID" is 'Subject identifier for the study: the pseudonym';
comment on column cohort.adsl."AGEU" is 'Age units';
comment on column cohort.adsl."TRT01P" is 'Planned treatment for period 01: the arm';
