-- staging.labs: the latest version of each laboratory result, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.labs as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    lower(cell(r.cells, 'analyte')) as analyte,
    result_number(cell(r.cells, 'value')) as value,
    case when cell(r.cells, 'value') like '<%' then '<' when cell(r.cells, 'value') like '>%' then '>' end as beyond_limit,
    cell(r.cells, 'unit') as unit,
    if(
        lower(cell(r.cells, 'analyte')) = settings.analyte,
        result_number(cell(r.cells, 'value')) * u.factor,
        null
    ) as marker_value,
    iso_date(cell(r.cells, 'collected_on')) as collected_on
from staging.lines as l
inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
cross join study.settings as settings
left join study.units as u on plain_unit(cell(r.cells, 'unit')) = u.unit
where l.table_name = 'labs' and l.status = 'latest'
order by l.position, l.line;

comment on table staging.labs is 'One row a laboratory result: the latest version of the record, typed';
comment on column staging.labs.delivery is 'SHA-256 of the export file';
comment on column staging.labs.file_line is 'Line in the file';
comment on column staging.labs.record is 'Key of the record';
comment on column staging.labs.patient_id is 'Pseudonym of the patient';
comment on column staging.labs.analyte is 'What was measured, lower case';
comment on column staging.labs.value is 'Result; the assay''s limit where the result is beyond it';
comment on column staging.labs.beyond_limit is '< below the limit of quantification, > above the upper limit, null: measured';
comment on column staging.labs.unit is 'Unit as received';
comment on column staging.labs.marker_value is 'Of the study''s marker: the result in the study''s unit; null where its unit is not known';
comment on column staging.labs.collected_on is 'Day of the sample';
