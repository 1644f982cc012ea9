-- staging.patients: the latest version of each patient's record, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.patients as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    cell(r.cells, 'site_id') as site_id,
    upper(cell(r.cells, 'sex')) as sex,
    iso_date(cell(r.cells, 'birth_date')) as birth_date,
    plain_number(cell(r.cells, 'age_years')) as age_years,
    iso_date(cell(r.cells, 'diagnosis_date')) as diagnosis_date,
    lower(cell(r.cells, 'primary_site')) as primary_site,
    lower(cell(r.cells, 'metastasis_timing')) as metastasis_timing,
    whole_number(cell(r.cells, 'liver_metastases_n')) as liver_metastases_n,
    plain_number(cell(r.cells, 'largest_metastasis_mm')) as largest_metastasis_mm,
    upper(cell(r.cells, 'extrahepatic')) as extrahepatic,
    lower(cell(r.cells, 'ras_status')) as ras_status,
    lower(cell(r.cells, 'braf_status')) as braf_status,
    whole_number(cell(r.cells, 'ecog')) as ecog,
    iso_date(cell(r.cells, 'consent_withdrawn_on')) as consent_withdrawn_on
from staging.lines as l
inner join raw.patients as r on l.delivery = r.delivery and l.line = r.line
where l.table_name = 'patients' and l.status = 'latest'
order by l.position, l.line;

comment on table staging.patients is 'One row a patient: the latest version of the record, typed';
comment on column staging.patients.delivery is 'SHA-256 of the export file';
comment on column staging.patients.file_line is 'Line in the file';
comment on column staging.patients.record is 'Key of the record';
comment on column staging.patients.patient_id is 'Pseudonym of the patient';
comment on column staging.patients.site_id is 'Treating site';
comment on column staging.patients.sex is 'F, M or U (not known)';
comment on column staging.patients.birth_date is 'Date of birth';
comment on column staging.patients.age_years is 'Age at treatment start in years, as received';
comment on column staging.patients.diagnosis_date is 'Date of diagnosis';
comment on column staging.patients.primary_site is 'Site of the primary tumour';
comment on column staging.patients.metastasis_timing is 'synchronous or metachronous';
comment on column staging.patients.liver_metastases_n is 'Number of liver metastases';
comment on column staging.patients.largest_metastasis_mm is 'Largest liver metastasis (mm)';
comment on column staging.patients.extrahepatic is 'Extrahepatic disease: Y or N';
comment on column staging.patients.ras_status is 'RAS: wild-type or mutant';
comment on column staging.patients.braf_status is 'BRAF status';
comment on column staging.patients.ecog is 'ECOG performance status, 0 to 4';
comment on column staging.patients.consent_withdrawn_on is 'Day on which consent was withdrawn';
