-- cohort.adtte: time to event, one row a patient and endpoint, by the sources that study.endpoint_sources names for it.
-- The earliest of events and competing events counts, else the patient is censored. Months are days / 30.4375, no day added.
-- An endpoint that the registry gives as a time (staging.outcomes) takes it; one without months or event is not evaluable.
create or replace table cohort.adtte as
with
starts as (
    select "USUBJID" as usubjid, "SUBJSEQ" as subjseq, 'treatment_start' as starts, "TRTSDT" as startdt, "TRTSDTF" as startdtf
    from cohort.subjects
    where "ITTFL" = 'Y'
    union all
    -- who has no response has no time from it
    select
        v."USUBJID",
        v."SUBJSEQ",
        'response',
        min(v."ADT"),
        list_extract(list(v."ADTF" order by v."ADT", v."ADTF" nulls first), 1)
    from cohort.adrs as v
    inner join cohort.adrs as b on v."USUBJID" = b."USUBJID" and b."PARAMCD" = 'BOR'
    where v."PARAMCD" = 'OVRLRESP' and v."AVALC" in ('CR', 'PR') and b."AVALC" in ('CR', 'PR')
    group by v."USUBJID", v."SUBJSEQ"
),

adequate as (
    select
        "USUBJID" as usubjid,
        max("ADT") as adt,
        list_extract(list("ADTF" order by "ADT" desc, "ADTF" nulls first), 1) as adtf
    from cohort.adrs
    where "PARAMCD" = 'OVRLRESP' and "AVALC" in ('CR', 'PR', 'SD', 'PD')
    group by "USUBJID"
),

-- everything that can end a time
sources as (
    select
        "USUBJID" as usubjid,
        'progression' as source,
        min("ADT") as adt,
        list_extract(list("ADTF" order by "ADT", "ADTF" nulls first), 1) as adtf,
        'Progressive disease' as evntdesc,
        'ADRS' as srcdom,
        'ADT' as srcvar
    from cohort.adrs
    where "PARAMCD" = 'OVRLRESP' and "AVALC" = 'PD'
    group by "USUBJID"
    union all
    select "USUBJID", 'death', "DTHDT", "DTHDTF", 'Death', 'SUBJECTS', 'DTHDT'
    from cohort.subjects
    where "DTHDT" is not null
    union all
    select "USUBJID", 'cancer_death', "DTHDT", "DTHDTF", 'Death of the cancer', 'SUBJECTS', 'DTHDT'
    from cohort.subjects
    where "DTHDT" is not null and "DTHCAUS" = 'disease'
    union all
    select "USUBJID", 'new_therapy', "NEWTRTDT", null, 'New therapy', 'SUBJECTS', 'NEWTRTDT'
    from cohort.subjects
    where "NEWTRTDT" is not null
    union all
    select
        s."USUBJID",
        'last_adequate_assessment',
        coalesce(a.adt, s."TRTSDT"),
        if(a.adt is null, s."TRTSDTF", a.adtf),
        if(a.adt is null, 'No adequate assessment', 'Last adequate assessment'),
        if(a.adt is null, 'SUBJECTS', 'ADRS'),
        if(a.adt is null, 'TRTSDT', 'ADT')
    from cohort.subjects as s
    left join adequate as a on s."USUBJID" = a.usubjid
    -- of whom no day is known there is nothing to censor
    where coalesce(a.adt, s."DTHDT", s."LSTALVDT") is not null
    union all
    select "USUBJID", 'last_contact', "LSTALVDT", null, 'Last contact', 'SUBJECTS', 'LSTALVDT'
    from cohort.subjects
    where "LSTALVDT" is not null
),

ends as (
    select
        s.usubjid,
        s.subjseq,
        s.startdt,
        s.startdtf,
        e.name as paramcd,
        c.adt,
        c.adtf,
        months_between(s.startdt, c.adt) as aval,
        x.cnsr,
        c.evntdesc,
        c.srcdom,
        c.srcvar
    from study.endpoints as e
    inner join study.endpoint_sources as x on e.name = x.endpoint
    inner join starts as s on e.starts = s.starts
    inner join sources as c on s.usubjid = c.usubjid and x.source = c.source
    qualify row_number() over (partition by s.usubjid, e.name order by x.cnsr = 1, c.adt, x.precedence) = 1
),

-- the registry's own time; a day for it is counted from time zero
given as (
    select
        s.usubjid,
        s.subjseq,
        s.startdt,
        s.startdtf,
        o.endpoint as paramcd,
        o.months as aval,
        case o.event when 'Y' then 0 when 'N' then 1 end as cnsr,
        s.startdt + round(o.months * days_per_month())::integer as adt
    from starts as s
    inner join staging.outcomes as o on s.usubjid = o.patient_id
    where s.starts = 'treatment_start'
),

every_end as (
    select ends.*
    from ends
    anti join given on ends.usubjid = given.usubjid and ends.paramcd = given.paramcd
    union all by name
    select
        usubjid,
        subjseq,
        startdt,
        startdtf,
        paramcd,
        last_known(adt) as adt,
        if(is_known(adt), aval, months_between(startdt, last_known(adt))) as aval,
        if(is_known(adt), cnsr, 1) as cnsr,
        if(is_known(adt) and cnsr = 0, 'Event as the registry gives it', 'Censored as the registry gives it') as evntdesc,
        'OUTCOMES' as srcdom,
        'TIME' as srcvar
    from given
    where aval is not null and cnsr is not null
)

select
    d.usubjid as "USUBJID",
    d.paramcd as "PARAMCD",
    coalesce(e.label, d.paramcd || ' as the registry gives it') || ' (months)' as "PARAM",
    d.startdt as "STARTDT",
    d.startdtf as "STARTDTF",
    d.adt as "ADT",
    d.adtf as "ADTF",
    d.aval as "AVAL",
    d.cnsr as "CNSR",
    d.evntdesc as "EVNTDESC",
    d.srcdom as "SRCDOM",
    d.srcvar as "SRCVAR",
    d.subjseq as "SUBJSEQ",
    s."STUDYID",
    s."TRT01P" as "TRTP"
from every_end as d
inner join cohort.subjects as s on d.usubjid = s."USUBJID"
left join study.endpoints as e on d.paramcd = e.name
order by e.position, "PARAMCD", "SUBJSEQ";

comment on table cohort.adtte is 'Time-to-event analysis dataset (ADaM ADTTE)';
comment on column cohort.adtte."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.adtte."PARAMCD" is 'Endpoint: PFS, OS, another one of the study file, or one that the registry gives as a time';
comment on column cohort.adtte."PARAM" is 'Parameter in words';
comment on column cohort.adtte."STARTDT" is 'Start of the time: of first-line treatment (time zero), or the first response';
comment on column cohort.adtte."STARTDTF" is 'Imputation of STARTDT: D its day, M its month too; null: known';
comment on column cohort.adtte."ADT" is 'Day of the event or of censoring';
comment on column cohort.adtte."ADTF" is 'Imputation of ADT: D its day, M its month too; null: known';
comment on column cohort.adtte."AVAL" is 'Time from STARTDT to ADT in months';
comment on column cohort.adtte."CNSR" is '0: event, 1: censored, 2: competing event';
comment on column cohort.adtte."EVNTDESC" is 'What the event or the censoring is';
comment on column cohort.adtte."SRCDOM" is 'Table that ADT is from';
comment on column cohort.adtte."SRCVAR" is 'Column that ADT is from';
comment on column cohort.adtte."SUBJSEQ" is 'Order in which the patient first arrived';
comment on column cohort.adtte."STUDYID" is 'Study identifier';
comment on column cohort.adtte."TRTP" is 'Planned treatment: the arm';
