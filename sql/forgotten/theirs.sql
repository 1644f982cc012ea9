-- Raw rows of patients who were forgotten: of their number and site (variable keys), of their number where a line names no
-- site (bare), with a text anywhere that can be nothing but their number (texts: the cells may have shifted), or first in
-- a line that is nobody's (slipped). Rows of another site's patient of the same number (apart) are not among them.
select
    table_name,
    delivery,
    line
from raw_rows
where
    (
        list_contains(getvariable('keys'), cell(cells, 'patient_id'))
        or list_has_any(getvariable('keys'), keys_at(cell(cells, 'patient_id'), cell(cells, 'site_id')))
        or list_has_any(
            getvariable('keys'),
            flatten(list_transform(site_folders(file), lambda folder: keys_at(cell(cells, 'patient_id'), folder)))
        )
        or (cell(cells, 'site_id') is null and list_contains(getvariable('bare'), cell(cells, 'patient_id')))
        or list_has_any(map_values(cells), getvariable('texts'))
        or (cell(cells, 'patient_id') is null and list_contains(getvariable('slipped'), map_values(cells)[1]))
    )
    and (table_name, delivery, line) not in (select (table_name, delivery, line) from apart);
