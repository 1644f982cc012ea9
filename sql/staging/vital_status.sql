-- staging.vital_status: one row a patient: when last known alive, and when dead. The latest visit counts; no visit undoes a death.
create or replace table staging.vital_status as
with
visits as (
    select
        s.*,
        l.position,
        l.position = max(l.position) filter (s.died_on is not null) over (partition by s.patient_id) as is_last_of_deaths
    from staging.follow_up as s
    inner join staging.lines as l on l.table_name = 'follow_up' and s.delivery = l.delivery and s.file_line = l.line
)

select
    patient_id,
    max(last_contact_on) as last_contact_on,
    min(died_on) filter (is_last_of_deaths) as died_on,
    list_extract(
        list(imputed_part(died_first, died_last) order by died_on, file_line)
        filter (is_last_of_deaths and died_on is not null), 1
    ) as died_on_imputed,
    count(distinct died_on) filter (is_last_of_deaths) as days_of_death,
    -- two causes of one death are no known one
    if(
        count(distinct cause_of_death) filter (is_last_of_deaths) = 1,
        min(cause_of_death) filter (is_last_of_deaths),
        null
    ) as cause_of_death
from visits
where patient_id is not null
group by patient_id
order by patient_id;

comment on table staging.vital_status is 'One row a patient: when last known alive, and when dead';
comment on column staging.vital_status.patient_id is 'Pseudonym of the patient';
comment on column staging.vital_status.last_contact_on is 'Last day on which the status is known';
comment on column staging.vital_status.died_on is 'Day of death, as the last export says that has one';
comment on column staging.vital_status.died_on_imputed is 'D: its day was imputed, M: its month too; null: it is known';
comment on column staging.vital_status.days_of_death is 'Days of death that this export has: more than one contradict each other';
comment on column staging.vital_status.cause_of_death is 'Cause of death; null where that export has none or several';
