-- cohort.adrs: response by RECIST 1.1. OVRLRESP once a visit, BOR (best overall response) once a patient.
-- Best response counts visits up to progression or new therapy; no assessment at all is NE.
create or replace table cohort.adrs as
with
visits as (
    select
        c."USUBJID" as usubjid,
        c."SUBJSEQ" as subjseq,
        a.assessed_on as adt,
        a.response as avalc,
        imputed_part(a.assessed_first, a.assessed_last) as adtf
    from cohort.subjects as c
    inner join staging.assessments as a on c."USUBJID" = a.patient_id
    where c."ITTFL" = 'Y' and a.assessed_on >= c."TRTSDT" and is_known(a.assessed_on)
),

last_day as (
    select
        c."USUBJID" as usubjid,
        c."SUBJSEQ" as subjseq,
        least(
            coalesce((select min(v.adt) from visits as v where v.usubjid = c."USUBJID" and v.avalc = 'PD'), 'infinity'),
            coalesce(c."NEWTRTDT", 'infinity')
        ) as adt
    from cohort.subjects as c
    where c."ITTFL" = 'Y'
),

counted as (
    select v.usubjid, v.adt, v.avalc
    from visits as v
    inner join last_day as d on v.usubjid = d.usubjid
    where v.adt <= d.adt
),

-- on request a response counts once it is seen again four weeks later; until then it is stable disease
confirmed as (
    select
        v.usubjid,
        v.adt,
        case
            when not settings.confirm_response or v.avalc not in ('CR', 'PR') then v.avalc
            when exists(
                from counted as later
                where later.usubjid = v.usubjid
                and later.adt >= v.adt + 28
                and (later.avalc = 'CR' or later.avalc = v.avalc)
            ) then v.avalc
            when v.avalc = 'CR' and exists(
                from counted as later
                where later.usubjid = v.usubjid and later.adt >= v.adt + 28 and later.avalc = 'PR'
            ) then 'PR'
            else 'SD'
        end as avalc
    from counted as v
    cross join study.settings as settings
),

best as (
    select usubjid, avalc, min(adt) as adt
    from confirmed
    group by usubjid, avalc
    qualify row_number() over (
        partition by usubjid order by list_position(['CR', 'PR', 'SD', 'PD', 'NE'], avalc)
    ) = 1
),

responses as (
    select
        usubjid,
        'OVRLRESP' as paramcd,
        'Overall response by visit' as param,
        avalc,
        adt,
        adtf,
        subjseq
    from visits
    union all
    select d.usubjid, 'BOR', 'Best overall response', coalesce(b.avalc, 'NE'), b.adt, v.adtf, d.subjseq
    from last_day as d
    left join best as b on d.usubjid = b.usubjid
    left join (
        select usubjid, adt, if(bool_or(adtf is null), null, max(adtf)) as adtf from visits group by usubjid, adt
    ) as v on b.usubjid = v.usubjid and b.adt = v.adt
)

select
    r.usubjid as "USUBJID",
    r.paramcd as "PARAMCD",
    r.param as "PARAM",
    r.avalc as "AVALC",
    r.adt as "ADT",
    r.adtf as "ADTF",
    r.subjseq as "SUBJSEQ",
    s."STUDYID",
    s."TRT01P" as "TRTP"
from responses as r
inner join cohort.subjects as s on r.usubjid = s."USUBJID"
order by "PARAMCD", "SUBJSEQ", "ADT";

comment on table cohort.adrs is 'Response analysis dataset (ADaM ADRS), RECIST 1.1';
comment on column cohort.adrs."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.adrs."PARAMCD" is 'OVRLRESP: overall response at a visit; BOR: best overall response';
comment on column cohort.adrs."PARAM" is 'Parameter in words';
comment on column cohort.adrs."AVALC" is 'CR, PR, SD, PD, NE';
comment on column cohort.adrs."ADT" is 'Day of the assessment (of BOR: of the first one with it)';
comment on column cohort.adrs."ADTF" is 'Imputation of ADT: D its day, M its month too; null: known';
comment on column cohort.adrs."SUBJSEQ" is 'Order in which the patient first arrived';
comment on column cohort.adrs."STUDYID" is 'Study identifier';
comment on column cohort.adrs."TRTP" is 'Planned treatment: the arm';
