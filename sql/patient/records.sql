-- patient.records: the records of one patient (the variable of that name) that time zero, arm and marker were taken from, or chosen among.
select 'time zero' as what, d.file, t.file_line as line
from cohort.subjects as c
inner join staging.treatments as t
    on c."USUBJID" = t.patient_id and t.line = 1 and c."TRTSDT" = t.start_date
inner join raw.deliveries as d on t.delivery = d.delivery
where c."USUBJID" = getvariable('patient')
union all
select 'arm', d.file, t.file_line
from cohort.subjects as c
cross join study.settings as settings
inner join staging.treatments as t
    on c."USUBJID" = t.patient_id and t.line = 1
    and is_drug(t.substances, t.drug, settings.experimental_substances, settings.experimental_drug)
inner join raw.deliveries as d on t.delivery = d.delivery
where c."USUBJID" = getvariable('patient') and c."ARMCD" = 'E'
union all
select if(b.collected_on = c."MARKDT", 'marker', 'marker, not chosen'), d.file, b.file_line
from cohort.subjects as c
cross join study.settings as settings
inner join study.marker_parts as p on settings.marker = p.marker
inner join staging.labs as b on c."USUBJID" = b.patient_id and p.analyte = b.analyte
inner join raw.deliveries as d on b.delivery = d.delivery
where c."USUBJID" = getvariable('patient')
order by what, d.file, line;
