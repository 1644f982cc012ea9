-- Rows of a forgotten number at a site that was not known when it was forgotten (of_number: entry of the record, number,
-- whether its site was known, folders of that day): another person may be meant.
with
-- a column of sites in the patients table alone describes where they live
written as (
    select exists(
        select 1 from raw_rows where table_name != 'patients' and cell(cells, 'site_id') is not null
    ) as are_sites_written
),

found as (
    select
        r.table_name,
        r.delivery,
        r.line,
        r.file,
        f.number,
        f.entry,
        coalesce(
            if(w.are_sites_written and not f.has_site, cell(r.cells, 'site_id'), null),
            list_filter(
                site_folders(r.file),
                lambda one: not list_contains(f.folders::varchar [], one)
                and not (f.has_site and cell(r.cells, 'site_id') is not null)
            )[1]
        ) as site
    from raw_rows as r
    inner join of_number as f on cell(r.cells, 'patient_id') = f.number
    cross join written as w
)

select
    table_name,
    delivery,
    line,
    file,
    site,
    number,
    entry,
    patient_key(number, site) as key,
    -- somebody said that it is another one
    list_has_any(getvariable('others'), keys_at(number, site)) as is_answered
from found
where site is not null and not list_has_any(getvariable('keys'), keys_at(number, site))
order by file, line;
