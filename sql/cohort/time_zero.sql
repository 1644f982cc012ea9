-- cohort.time_zero: the start of first-line treatment of everybody who had one. A text that says that nothing was given
-- is no treatment.
create or replace table cohort.time_zero as
select
    patient_id,
    min(start_date) as trtsdt,
    list_extract(
        list(imputed_part(start_first, start_last) order by start_date, imputed_part(start_first, start_last) nulls first), 1
    ) as trtsdtf
from staging.treatments
where certainty != 'negated' and is_known(start_date) and line = 1
group by patient_id
order by patient_id;

comment on table cohort.time_zero is 'The start of first-line treatment of everybody who had one';
comment on column cohort.time_zero.patient_id is 'Pseudonym of the patient';
comment on column cohort.time_zero.trtsdt is 'Start of first-line treatment: time zero';
comment on column cohort.time_zero.trtsdtf is 'D: its day was imputed, M: its month too; null: it is known';
