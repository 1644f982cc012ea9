-- cohort.adtr: sum of target lesion diameters by visit (ADaM ADTR), and its change from before treatment.
-- The baseline is the last sum at or before time zero; as for best response, visits count up to progression or new therapy.
create or replace table cohort.adtr as
with
measured as (
    select
        c."USUBJID" as usubjid,
        c."SUBJSEQ" as subjseq,
        c."TRTSDT" as trtsdt,
        a.assessed_on as adt,
        a.sum_of_diameters_mm as aval
    from cohort.subjects as c
    inner join staging.assessments as a on c."USUBJID" = a.patient_id
    where c."ITTFL" = 'Y' and a.sum_of_diameters_mm is not null and is_known(a.assessed_on)
),

baseline as (
    select usubjid, max(adt) as adt, arg_max(aval, adt) as aval
    from measured
    where adt <= trtsdt
    group by usubjid
),

last_day as (
    select
        c."USUBJID" as usubjid,
        least(
            coalesce(
                (
                    select min(r."ADT") from cohort.adrs as r
                    where r."USUBJID" = c."USUBJID" and r."PARAMCD" = 'OVRLRESP' and r."AVALC" = 'PD'
                ), 'infinity'
            ),
            coalesce(c."NEWTRTDT", 'infinity')
        ) as adt
    from cohort.subjects as c
)

select
    m.usubjid as "USUBJID",
    'SUMDIAM' as "PARAMCD",
    'Sum of target lesion diameters (mm)' as "PARAM",
    m.aval as "AVAL",
    m.adt as "ADT",
    if(m.adt = b.adt, 'Y', null) as "ABLFL",
    if(m.adt > m.trtsdt and m.adt <= d.adt, 'Y', null) as "ANL01FL",
    b.aval as "BASE",
    if(m.adt > m.trtsdt and b.aval > 0, 100 * (m.aval - b.aval) / b.aval, null) as "PCHG",
    m.subjseq as "SUBJSEQ",
    s."STUDYID",
    s."TRT01P" as "TRTP"
from measured as m
inner join cohort.subjects as s on m.usubjid = s."USUBJID"
inner join last_day as d on m.usubjid = d.usubjid
left join baseline as b on m.usubjid = b.usubjid
order by "SUBJSEQ", "ADT";

comment on table cohort.adtr is 'Tumour results analysis dataset (ADaM ADTR): sum of diameters by visit and its change';
comment on column cohort.adtr."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.adtr."PARAMCD" is 'SUMDIAM: sum of target lesion diameters';
comment on column cohort.adtr."PARAM" is 'Parameter in words';
comment on column cohort.adtr."AVAL" is 'Sum of diameters (mm)';
comment on column cohort.adtr."ADT" is 'Day of the assessment';
comment on column cohort.adtr."ABLFL" is 'Y: the baseline record, the last at or before time zero';
comment on column cohort.adtr."ANL01FL" is 'Y: after time zero, up to progression or new therapy';
comment on column cohort.adtr."BASE" is 'Sum of diameters at baseline (mm)';
comment on column cohort.adtr."PCHG" is 'Change from baseline in percent';
comment on column cohort.adtr."SUBJSEQ" is 'Order in which the patient first arrived';
comment on column cohort.adtr."STUDYID" is 'Study identifier';
comment on column cohort.adtr."TRTP" is 'Planned treatment: the arm';
