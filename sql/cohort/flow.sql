-- cohort.flow: every patient who arrived is analysed or counted under one reason (STROBE item 13).
-- Who withdrew consent is in no cohort table: they are counted where their lines are set apart.
create or replace table cohort.flow as
with
withdrawn as (
    select count(distinct patient) as n
    from staging.lines
    where status = 'withdrawn'
),

steps (step, label, reason) as (
    values
    (2, 'No patient record', 'No patient record'),
    (3, 'Patient record in quarantine', 'Patient record in quarantine'),
    (5, 'Decisive record in quarantine', 'Decisive record in quarantine'),
    (6, 'No first-line treatment', 'No first-line treatment'),
    (7, 'No follow-up', 'No follow-up'),
    (8, 'No baseline marker in the window', 'No baseline marker in the window')
)

select
    1 as step,
    'Arrived' as label,
    'arrived' as kind,
    (select count(*) from cohort.subjects) + (select withdrawn.n from withdrawn) as n
union all
select 4, 'Consent withdrawn', 'excluded', n
from withdrawn
union all
select s.step, s.label, 'excluded', count(c."USUBJID")
from steps as s
left join cohort.subjects as c on s.reason = c."EXCLREAS"
group by s.step, s.label
union all
select 9, 'Analysed', 'analysed', count(*)
from cohort.subjects
where "ANALFL" = 'Y'
union all
select 10, settings.control_label, 'arm', count(c."USUBJID")
from study.settings as settings
left join cohort.subjects as c on c."ANALFL" = 'Y' and c."ARMCD" = 'C'
group by settings.control_label
union all
select 11, settings.experimental_label, 'arm', count(c."USUBJID")
from study.settings as settings
left join cohort.subjects as c on c."ANALFL" = 'Y' and c."ARMCD" = 'E'
group by settings.experimental_label
order by step;

comment on table cohort.flow is 'Patient flow: every patient who arrived is analysed or counted under one reason';
comment on column cohort.flow.step is 'Order in the flow';
comment on column cohort.flow.label is 'Step, or reason for not being analysed';
comment on column cohort.flow.kind is 'arrived, excluded, analysed, or arm (of the analysed)';
comment on column cohort.flow.n is 'Patients';
