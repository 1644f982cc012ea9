-- cohort.adtte: time to event. PFS: first PD or death, else censored at the last adequate assessment (at time zero
-- without one). OS: death, else censored at last contact. Months are days / 30.4375, no day added.
-- An endpoint that the registry gives as a time (staging.outcomes) takes it; one without months or event is not evaluable.
create or replace table cohort.adtte as
with
progression as (
    select "USUBJID" as usubjid, min("ADT") as adt
    from cohort.adrs
    where "PARAMCD" = 'OVRLRESP' and "AVALC" = 'PD'
    group by "USUBJID"
),

adequate as (
    select "USUBJID" as usubjid, max("ADT") as adt
    from cohort.adrs
    where "PARAMCD" = 'OVRLRESP' and "AVALC" in ('CR', 'PR', 'SD', 'PD')
    group by "USUBJID"
),

times as (
    select
        c."USUBJID" as usubjid,
        c."SUBJSEQ" as subjseq,
        c."TRTSDT" as startdt,
        c."DTHDT" as dthdt,
        c."LSTALVDT" as lstalvdt,
        p.adt as pddt,
        a.adt as adequate_dt
    from cohort.subjects as c
    left join progression as p on c."USUBJID" = p.usubjid
    left join adequate as a on c."USUBJID" = a.usubjid
    where c."ITTFL" = 'Y'
),

ends as (
    select
        usubjid,
        subjseq,
        startdt,
        'PFS' as paramcd,
        'Progression-free survival (months)' as param,
        case
            when pddt <= coalesce(dthdt, pddt) then pddt
            when dthdt is not null then dthdt
            when adequate_dt is not null then adequate_dt
            else startdt
        end as adt,
        if(pddt is null and dthdt is null, 1, 0) as cnsr,
        case
            when pddt <= coalesce(dthdt, pddt) then 'Progressive disease'
            when dthdt is not null then 'Death'
            when adequate_dt is not null then 'Last adequate assessment'
            else 'No adequate assessment'
        end as evntdesc,
        case
            when pddt <= coalesce(dthdt, pddt) then 'ADRS'
            when dthdt is not null then 'SUBJECTS'
            when adequate_dt is not null then 'ADRS'
            else 'SUBJECTS'
        end as srcdom,
        case
            when pddt <= coalesce(dthdt, pddt) then 'ADT'
            when dthdt is not null then 'DTHDT'
            when adequate_dt is not null then 'ADT'
            else 'TRTSDT'
        end as srcvar
    from times
    where coalesce(pddt, dthdt, adequate_dt, lstalvdt) is not null
    union all
    select
        usubjid,
        subjseq,
        startdt,
        'OS',
        'Overall survival (months)',
        coalesce(dthdt, lstalvdt),
        if(dthdt is null, 1, 0),
        if(dthdt is null, 'Last contact', 'Death'),
        'SUBJECTS',
        if(dthdt is null, 'LSTALVDT', 'DTHDT')
    from times
),

-- the registry's own time; a day for it is counted from time zero
given as (
    select
        t.usubjid,
        t.subjseq,
        t.startdt,
        o.endpoint as paramcd,
        o.months as aval,
        case o.event when 'Y' then 0 when 'N' then 1 end as cnsr,
        t.startdt + round(o.months * 30.4375)::integer as adt
    from times as t
    inner join staging.outcomes as o on t.usubjid = o.patient_id
),

every_end as (
    select
        ends.*,
        months_between(ends.startdt, ends.adt) as aval
    from ends
    anti join given on ends.usubjid = given.usubjid and ends.paramcd = given.paramcd
    where ends.adt is not null
    union all by name
    select
        usubjid,
        subjseq,
        startdt,
        paramcd,
        case paramcd
            when 'PFS' then 'Progression-free survival (months)'
            when 'OS' then 'Overall survival (months)'
            else paramcd || ' as the registry gives it (months)'
        end as param,
        if(is_known(adt), adt, settings.censored_on) as adt,
        if(is_known(adt), cnsr, 1) as cnsr,
        if(is_known(adt) and cnsr = 0, 'Event as the registry gives it', 'Censored as the registry gives it') as evntdesc,
        'OUTCOMES' as srcdom,
        'TIME' as srcvar,
        if(is_known(adt), aval, months_between(startdt, settings.censored_on)) as aval
    from given
    cross join study.settings as settings
    where aval is not null and cnsr is not null
)

select
    usubjid as "USUBJID",
    paramcd as "PARAMCD",
    param as "PARAM",
    startdt as "STARTDT",
    adt as "ADT",
    aval as "AVAL",
    cnsr as "CNSR",
    evntdesc as "EVNTDESC",
    srcdom as "SRCDOM",
    srcvar as "SRCVAR",
    subjseq as "SUBJSEQ"
from every_end
order by "PARAMCD" desc, "SUBJSEQ";

comment on table cohort.adtte is 'Time-to-event analysis dataset (ADaM ADTTE)';
comment on column cohort.adtte."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.adtte."PARAMCD" is 'Endpoint: PFS, OS, or one that the registry gives as a time';
comment on column cohort.adtte."PARAM" is 'Parameter in words';
comment on column cohort.adtte."STARTDT" is 'Time zero: start of first-line treatment';
comment on column cohort.adtte."ADT" is 'Day of the event or of censoring';
comment on column cohort.adtte."AVAL" is 'Time from STARTDT to ADT in months';
comment on column cohort.adtte."CNSR" is '0: event, 1: censored';
comment on column cohort.adtte."EVNTDESC" is 'What the event or the censoring is';
comment on column cohort.adtte."SRCDOM" is 'Table that ADT is from';
comment on column cohort.adtte."SRCVAR" is 'Column that ADT is from';
comment on column cohort.adtte."SUBJSEQ" is 'Order in which the patient first arrived';
