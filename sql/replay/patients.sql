-- The records of staging.patients, each from the first delivery on that says the same of sex and age: before, it may
-- have been in quarantine. What else a record says may have been added since.
with
versions as (
    select
        s.record,
        r.delivered_on,
        latest.cells as latest_cells,
        earlier.cells as earlier_cells
    from staging.patients as s
    inner join raw.patients as latest on s.delivery = latest.delivery and s.file_line = latest.line
    inner join staging.received as r on r.table_name = 'patients' and s.record = r.record
    inner join raw.patients as earlier on r.delivery = earlier.delivery and r.line = earlier.line
)

select
    s.*,
    said.known_from
from staging.patients as s
inner join (
    select record, min(delivered_on) as known_from
    from versions
    where
        cell(earlier_cells, 'sex') is not distinct from cell(latest_cells, 'sex')
        and cell(earlier_cells, 'birth_date') is not distinct from cell(latest_cells, 'birth_date')
        and cell(earlier_cells, 'age_years') is not distinct from cell(latest_cells, 'age_years')
    group by record
) as said on s.record = said.record
