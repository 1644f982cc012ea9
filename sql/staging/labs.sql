-- staging.labs: the latest version of each laboratory result, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.labs as
with
-- names and units are few, results are many: each is looked up once
names as (
    select
        received,
        analyte_of(received) as analyte
    from (select distinct cell(cells, 'analyte') as received from raw.labs) as given
),

units as (
    select
        received,
        plain_unit(received) as unit
    from (select distinct cell(cells, 'unit') as received from raw.labs) as given
),

results as (
    select
        l.delivery,
        l.line as file_line,
        l.record,
        l.patient as patient_id,
        l.position,
        cell(r.cells, 'analyte') as analyte,
        cell(r.cells, 'value') as received,
        result_number(cell(r.cells, 'value')) as value,
        cell(r.cells, 'unit') as unit,
        iso_date(cell(r.cells, 'collected_on')) as collected_on
    from staging.lines as l
    inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
    where l.table_name = 'labs' and l.status = 'latest'
)

select
    r.delivery,
    r.file_line,
    r.record,
    r.patient_id,
    n.analyte,
    r.value,
    case when r.received like '<%' then '<' when r.received like '>%' then '>' end as beyond_limit,
    r.unit,
    -- an analyte without known units keeps what it has; an unknown unit of one that has some gives nothing
    if(k.analyte is null, r.value, r.value * u.factor) as standard_value,
    if(k.analyte is null, r.unit, k.standard) as standard_unit,
    if(n.analyte = settings.analyte, r.value * u.factor, null) as marker_value,
    r.collected_on
from results as r
cross join study.settings as settings
left join names as n on r.analyte = n.received
left join units as w on r.unit = w.received
left join (select distinct analyte, standard from study.units) as k on n.analyte = k.analyte
left join study.units as u on k.analyte = u.analyte and w.unit = u.unit
order by r.position, r.file_line;

comment on table staging.labs is 'One row a laboratory result: the latest version of the record, typed';
comment on column staging.labs.delivery is 'SHA-256 of the export file';
comment on column staging.labs.file_line is 'Line in the file';
comment on column staging.labs.record is 'Key of the record';
comment on column staging.labs.patient_id is 'Pseudonym of the patient';
comment on column staging.labs.analyte is 'What was measured, by the name that data/names.csv gives it';
comment on column staging.labs.value is 'Result; the assay''s limit where the result is beyond it';
comment on column staging.labs.beyond_limit is '< below the limit of quantification, > above the upper limit, null: measured';
comment on column staging.labs.unit is 'Unit as received';
comment on column staging.labs.standard_value is 'Result in the standard unit; null where the unit is not known for the analyte';
comment on column staging.labs.standard_unit is 'Standard unit of the analyte (of the marker: the study''s); the unit as received where the analyte has none';
comment on column staging.labs.marker_value is 'Of the study''s marker: the result in the study''s unit; null where its unit is not known';
comment on column staging.labs.collected_on is 'Day of the sample';
