-- cohort.set_aside: patients who are not analysed because a decisive record is in quarantine, as their records are read.
-- An endpoint has its time where dates give one; it is for the analysis of what these patients could change.
create or replace table cohort.set_aside as
select
    s."USUBJID",
    s."ARMCD",
    s."MARKER",
    months_between(a.trtsdt, if(a.pddt <= coalesce(a.dthdt, a.pddt), a.pddt, coalesce(a.dthdt, a.adequate_dt, a.trtsdt))) as "time_PFS",
    coalesce(a.pddt, a.dthdt) is not null as "event_PFS",
    months_between(a.trtsdt, coalesce(a.dthdt, a.lstalvdt)) as "time_OS",
    a.dthdt is not null as "event_OS"
from cohort.subjects as s
inner join cohort.as_read as a on s."USUBJID" = a.patient_id
where s."EXCLREAS" = 'Decisive record in quarantine'
order by s."SUBJSEQ";

comment on table cohort.set_aside is 'Patients who are not analysed because a decisive record is in quarantine, as their records are read';
comment on column cohort.set_aside."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.set_aside."ARMCD" is 'Treatment arm: E experimental, C control';
comment on column cohort.set_aside."MARKER" is 'Baseline marker in the study''s unit';
comment on column cohort.set_aside."time_PFS" is 'Progression-free survival (months)';
comment on column cohort.set_aside."event_PFS" is 'Whether it ended with progression or death';
comment on column cohort.set_aside."time_OS" is 'Overall survival (months)';
comment on column cohort.set_aside."event_OS" is 'Whether it ended with death';
