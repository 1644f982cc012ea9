-- cuts.patients: each patient of the working cut, why not analysed, and what is known, as hashes that two cuts compare.
-- Kept in IL6_HOME beside the cuts, never published: a row is a patient.
with
baseline as (
    select
        "USUBJID" as patient,
        md5(row("SITEID", "AGE", "SEX", "ARM", "TRTSDT", "MARKER", "MARKDT", "MARKLIM")::varchar) as content
    from cohort.subjects
),

covariates as (
    select "USUBJID" as patient, md5(string_agg("NAME" || "KIND" || coalesce("AVAL"::varchar, "AVALC", ''), '|' order by "NAME")) as content
    from cohort.covariates
    group by "USUBJID"
),

response as (
    select "USUBJID" as patient, md5(string_agg("PARAMCD" || "AVALC" || coalesce("ADT"::varchar, ''), '|' order by "PARAMCD", "ADT", "AVALC")) as content
    from cohort.adrs
    group by "USUBJID"
),

follow_up as (
    select "USUBJID" as patient, md5(string_agg("PARAMCD" || "ADT"::varchar || "CNSR", '|' order by "PARAMCD")) as content
    from cohort.adtte
    group by "USUBJID"
)

select
    s."USUBJID" as patient,
    s."EXCLREAS" as reason,
    a."MARKERGR" as marker_group,
    md5(b.content || coalesce(c.content, '')) as baseline,
    r.content as response,
    f.content as follow_up
from cohort.subjects as s
inner join baseline as b on s."USUBJID" = b.patient
left join covariates as c on s."USUBJID" = c.patient
left join response as r on s."USUBJID" = r.patient
left join follow_up as f on s."USUBJID" = f.patient
left join cohort.adsl as a on s."USUBJID" = a."USUBJID"
order by s."USUBJID";
