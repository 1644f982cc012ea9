-- staging.patients: the latest version of each patient's record, typed. Rows that break a row rule are set aside (staging.quarantine).
create or replace table staging.patients as
select
    l.delivery,
    l.line as file_line,
    l.record,
    l.patient as patient_id,
    -- a site is one in capital and small letters
    min(coalesce(cell(r.cells, 'site_id'), nullif(l.site, ''))) over (
        partition by lower(coalesce(cell(r.cells, 'site_id'), nullif(l.site, '')))
    ) as site_id,
    sex.value as sex,
    birth.day as birth_date,
    -- a birth that is known to the month or the year gives an age
    coalesce(birth.day, birth.first_day + (date_diff('day', birth.first_day, birth.last_day) // 2)::integer) as born_about,
    age.value as age_years,
    diagnosis.day as diagnosis_date,
    primary_site.value as primary_site,
    resected.value as primary_resected,
    timing.value as metastasis_timing,
    metastases.value as liver_metastases_n,
    largest.value as largest_metastasis_mm,
    extrahepatic.value as extrahepatic,
    ras.value as ras_status,
    coalesce(braf.value, lower(cell(r.cells, 'braf_status'))) as braf_status,
    ecog.value as ecog,
    withdrawn.day as consent_withdrawn_on,
    coalesce(withdrawn.day, withdrawn.last_day) as withdrawn_by
from staging.lines as l
inner join raw.patients as r on l.delivery = r.delivery and l.line = r.line
left join reading.sex as sex on cell(r.cells, 'sex') = sex.received
left join reading.day as birth on cell(r.cells, 'birth_date') = birth.received
left join reading.number as age on cell(r.cells, 'age_years') = age.received
left join reading.day as diagnosis on cell(r.cells, 'diagnosis_date') = diagnosis.received
left join reading.primary_site as primary_site on cell(r.cells, 'primary_site') = primary_site.received
left join reading.yes_no as resected on cell(r.cells, 'primary_resected') = resected.received
left join reading.metastasis_timing as timing on cell(r.cells, 'metastasis_timing') = timing.received
left join reading.integer as metastases on cell(r.cells, 'liver_metastases_n') = metastases.received
left join reading.number as largest on cell(r.cells, 'largest_metastasis_mm') = largest.received
left join reading.extrahepatic as extrahepatic on cell(r.cells, 'extrahepatic') = extrahepatic.received
left join reading.ras_status as ras on cell(r.cells, 'ras_status') = ras.received
left join reading.braf_status as braf on cell(r.cells, 'braf_status') = braf.received
left join reading.integer as ecog on cell(r.cells, 'ecog') = ecog.received
left join reading.day as withdrawn on cell(r.cells, 'consent_withdrawn_on') = withdrawn.received
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
comment on column staging.patients.born_about is 'Date of birth, or the middle of the month or year of birth';
comment on column staging.patients.age_years is 'Age at treatment start in years, as received';
comment on column staging.patients.diagnosis_date is 'Date of diagnosis';
comment on column staging.patients.primary_site is 'Site of the primary tumour';
comment on column staging.patients.metastasis_timing is 'synchronous or metachronous';
comment on column staging.patients.liver_metastases_n is 'Number of liver metastases';
comment on column staging.patients.largest_metastasis_mm is 'Largest liver metastasis (mm)';
comment on column staging.patients.primary_resected is 'Whether the primary tumour was resected: Y or N';
comment on column staging.patients.extrahepatic is 'Extrahepatic disease: Y or N';
comment on column staging.patients.ras_status is 'RAS: wild-type or mutant';
comment on column staging.patients.braf_status is 'BRAF status';
comment on column staging.patients.ecog is 'ECOG performance status, 0 to 4';
comment on column staging.patients.consent_withdrawn_on is 'Day on which consent was withdrawn';
comment on column staging.patients.withdrawn_by is 'Day by which it was withdrawn, where only month or year is known';
