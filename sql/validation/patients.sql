-- What the rules of staging.patients judge: its rows with the received text.
select
    s.*,
    l.delivered_on,
    l.in_conflict,
    e.then_full as absent_from,
    r.problem,
    r.file,
    r.cells as received,
    (
        select min(c.name)
        from study.covariates as c
        where c.kind = 'number'
        and c.name not in ('age', 'sex')
        and cell(r.cells, c.name) is not null
        and plain_number(cell(r.cells, c.name)) is null
    ) as unreadable_covariate
from staging.patients as s
inner join staging.lines as l on l.table_name = 'patients' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.patients as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'patients' and s.delivery = e.delivery
order by l.position, l.line;
