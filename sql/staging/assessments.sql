-- staging.assessments: the latest version of each tumour assessment, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.assessments as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    assessed.day as assessed_on,
    assessed.first_day as assessed_first,
    assessed.last_day as assessed_last,
    response.value as response,
    diameters.value as sum_of_diameters_mm
from staging.lines as l
inner join raw.assessments as r on l.delivery = r.delivery and l.line = r.line
left join reading.day as assessed on cell(r.cells, 'assessed_on') = assessed.received
left join reading.response as response on cell(r.cells, 'response') = response.received
left join reading.number as diameters on cell(r.cells, 'sum_of_diameters_mm') = diameters.received
where l.table_name = 'assessments' and l.status = 'latest'
order by l.position, l.line;

comment on table staging.assessments is 'One row a tumour assessment: the latest version of the record, typed';
comment on column staging.assessments.delivery is 'SHA-256 of the export file';
comment on column staging.assessments.file_line is 'Line in the file';
comment on column staging.assessments.record is 'Key of the record';
comment on column staging.assessments.patient_id is 'Pseudonym of the patient';
comment on column staging.assessments.assessed_on is 'Day of the assessment';
comment on column staging.assessments.assessed_first is 'First of the days on which it may have been';
comment on column staging.assessments.assessed_last is 'Last of the days on which it may have been';
comment on column staging.assessments.response is 'Overall response at the visit, RECIST 1.1: CR, PR, SD, PD, NE';
comment on column staging.assessments.sum_of_diameters_mm is 'Sum of target lesion diameters (mm)';
