-- staging.labs: the latest version of each laboratory result, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.labs as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    analyte_of(cell(r.cells, 'analyte')) as analyte,
    result_number(cell(r.cells, 'value')) as value,
    case when cell(r.cells, 'value') like '<%' then '<' when cell(r.cells, 'value') like '>%' then '>' end as beyond_limit,
    cell(r.cells, 'unit') as unit,
    -- an analyte without known units keeps what it has; an unknown unit of one that has some gives nothing
    if(k.analyte is null, result_number(cell(r.cells, 'value')), result_number(cell(r.cells, 'value')) * u.factor)
        as standard_value,
    if(k.analyte is null, cell(r.cells, 'unit'), k.standard) as standard_unit,
    if(
        analyte_of(cell(r.cells, 'analyte')) = settings.analyte,
        result_number(cell(r.cells, 'value')) * u.factor,
        null
    ) as marker_value,
    iso_date(cell(r.cells, 'collected_on')) as collected_on
from staging.lines as l
inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
cross join study.settings as settings
left join (select distinct analyte, standard from study.units) as k
    on analyte_of(cell(r.cells, 'analyte')) = k.analyte
left join study.units as u on k.analyte = u.analyte and plain_unit(cell(r.cells, 'unit')) = u.unit
where l.table_name = 'labs' and l.status = 'latest'
order by l.position, l.line;

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
