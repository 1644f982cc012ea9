-- cohort.panel: the baseline value of each marker of the study's panel, of every patient of the study; one row each.
create or replace table cohort.panel as
select
    s."USUBJID",
    p.label as "PARAM",
    v.value as "AVAL"
from cohort.subjects as s
inner join cohort.marker_values as v on s."USUBJID" = v.patient_id
inner join study.panel as p on v.marker = p.marker
where v.is_baseline and v.value is not null
order by s."USUBJID", p.label;

comment on table cohort.panel is 'Baseline values of the markers of the study''s panel';
comment on column cohort.panel."USUBJID" is 'Pseudonym of the patient';
comment on column cohort.panel."PARAM" is 'The marker: an analyte, or the label of an expression of analytes';
comment on column cohort.panel."AVAL" is 'Its baseline value, taken as that of the study''s own marker is';
