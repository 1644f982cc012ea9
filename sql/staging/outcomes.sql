-- staging.outcomes: the latest version of each endpoint that the registry gives as a time, typed. A time that cannot be
-- read, or an event that is not told, leaves the endpoint without months or event: it cannot be evaluated.
create or replace table staging.outcomes as
with
typed as (
    select
        l.delivery,
        l.line as file_line,
        l.record,
        l.patient as patient_id,
        upper(cell(r.cells, 'endpoint')) as endpoint,
        if(taken.comparator = '' and taken.unit is null, taken.value, null) as time,  -- noqa: RF04
        lower(cell(r.cells, 'unit')) as unit,
        upper(cell(r.cells, 'event')) as event,
        l.position
    from staging.lines as l
    inner join raw.outcomes as r on l.delivery = r.delivery and l.line = r.line
    left join reading.number as taken on cell(r.cells, 'time') = taken.received
    where l.table_name = 'outcomes' and l.status = 'latest'
),

counted as (
    select
        *,
        case
            when unit in ('day', 'days') then time / days_per_month()
            when unit in ('month', 'months') then time
            when unit in ('year', 'years') then time * 12
        end as months
    from typed
)

select
    delivery,
    file_line,
    record,
    patient_id,
    endpoint,
    time,
    unit,
    if(months between 0 and 1200, months, null) as months,
    event
from counted
order by position, file_line;

comment on table staging.outcomes is 'One row an endpoint of a patient, for registries that give times instead of dates';
comment on column staging.outcomes.delivery is 'SHA-256 of the export file';
comment on column staging.outcomes.file_line is 'Line in the file';
comment on column staging.outcomes.record is 'Key of the record';
comment on column staging.outcomes.patient_id is 'Pseudonym of the patient';
comment on column staging.outcomes.endpoint is 'Endpoint by its name in the study file, in capitals';
comment on column staging.outcomes.time is 'Time from time zero to the event or to censoring, as received';
comment on column staging.outcomes.unit is 'Unit of the time: days, months or years';
comment on column staging.outcomes.months is 'That time in months (days / 30.4375, years * 12); null: cannot be evaluated';
comment on column staging.outcomes.event is 'Y: the event, N: censored; anything else cannot be evaluated';
