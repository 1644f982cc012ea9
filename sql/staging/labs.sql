-- staging.labs: the latest version of each laboratory result, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.labs as
with
results as (
    select
        l.delivery,
        l.line as file_line,
        l.record,
        l.patient as patient_id,
        l.position,
        coalesce(analyte.analyte, lower(cell(r.cells, 'analyte'))) as analyte,
        coalesce(analyte.certainty, 'missing') as certainty,
        coalesce(analyte.may_be, []) as may_be,
        result.value,
        nullif(result.comparator, '') as beyond_limit,
        coalesce(cell(r.cells, 'unit'), analyte.unit, result.unit) as unit,
        coalesce(unit.unit, if(cell(r.cells, 'unit') is null, coalesce(analyte.unit, result.unit), null)) as unit_read,
        collected.day as collected_on,
        collected.first_day as collected_first,
        collected.last_day as collected_last,
        -- clocks of which not all of the day say how far they are from UTC cannot be compared
        if(
            count(collected.utc_offset) over of_day in (0, count(collected.clock) over of_day),
            collected.clock - coalesce(collected.utc_offset, 0),
            null
        ) as collected_at
    from staging.lines as l
    inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
    left join reading.analyte as analyte on cell(r.cells, 'analyte') = analyte.received
    left join reading.number as result on cell(r.cells, 'value') = result.received
    left join reading.unit as unit on cell(r.cells, 'unit') = unit.received
    left join reading.day as collected on cell(r.cells, 'collected_on') = collected.received
    where l.table_name = 'labs' and l.status = 'latest'
    window of_day as (partition by l.patient, collected.day)
),

standards as (
    select distinct analyte, standard
    from setup.units
)

select
    r.delivery,
    r.file_line,
    r.record,
    r.patient_id,
    r.analyte,
    r.certainty,
    r.may_be,
    r.value,
    r.beyond_limit,
    r.unit,
    r.unit_read,
    -- an analyte without known units keeps what it has; an unknown unit of one that has some gives nothing
    if(k.analyte is null, r.value, r.value * coalesce(u.factor, by_name.factor)) as standard_value,
    if(k.analyte is null, r.unit, k.standard) as standard_unit,
    r.collected_on,
    r.collected_first,
    r.collected_last,
    r.collected_at
from results as r
left join standards as k on r.analyte = k.analyte
left join setup.units as u on r.analyte = u.analyte and plain_unit(r.unit) = u.unit
left join setup.units as by_name on r.analyte = by_name.analyte and plain_unit(r.unit_read) = by_name.unit
order by r.position, r.file_line;

comment on table staging.labs is 'One row a laboratory result: the latest version of the record, typed';
comment on column staging.labs.delivery is 'SHA-256 of the export file';
comment on column staging.labs.file_line is 'Line in the file';
comment on column staging.labs.record is 'Key of the record';
comment on column staging.labs.patient_id is 'Pseudonym of the patient';
comment on column staging.labs.analyte is 'What was measured, by the name that data/names.csv gives it';
comment on column staging.labs.certainty is 'Whether its name is known, unclear, unknown or missing';
comment on column staging.labs.may_be is 'Analytes that it may be, where its name is not clear';
comment on column staging.labs.value is 'Result; the assay''s limit where the result is beyond it';
comment on column staging.labs.beyond_limit is '< below the limit of quantification, > above the upper limit, null: measured';
comment on column staging.labs.unit is 'Unit as received';
comment on column staging.labs.unit_read is 'Unit in UCUM, where it is known';
comment on column staging.labs.standard_value is 'Result in the standard unit; null where the unit is not known for the analyte';
comment on column staging.labs.standard_unit is 'Standard unit of the analyte; the unit as received where the analyte has none';
comment on column staging.labs.collected_on is 'Day of the sample';
comment on column staging.labs.collected_first is 'First of the days on which it may have been taken';
comment on column staging.labs.collected_last is 'Last of the days on which it may have been taken';
comment on column staging.labs.collected_at is 'Time of day in seconds, UTC where it says its offset; null where the times of the day cannot be compared';
