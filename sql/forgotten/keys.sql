-- By what the raw rows of a patient (variable patient) are known, and whether such a row names its site.
select distinct
    l.number,
    l.site,
    patient_key(
        l.number,
        coalesce(
            cell(r.cells, 'site_id'),
            list_filter(site_folders(r.file), lambda one: lower(one) = lower(l.site))[1]
        )
    ) as key,
    cell(r.cells, 'site_id') is not null
    or list_contains(list_transform(site_folders(r.file), lambda one: lower(one)), lower(l.site)) as has_site
from staging.lines as l
inner join raw_rows as r on l.table_name = r.table_name and l.delivery = r.delivery and l.line = r.line
where l.patient = getvariable('patient');
