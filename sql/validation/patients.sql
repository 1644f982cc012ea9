-- What the rules of staging.patients judge: its rows with the received text.
with
-- what the record said in the last delivery before that held it
before as (
    select
        l.record,
        l.position,
        min(r.file) as file,
        arg_min(iso_date(cell(r.cells, 'birth_date')), l.line) as birth_date,
        arg_min(upper(cell(r.cells, 'sex')), l.line) as sex
    from staging.lines as l
    inner join raw.patients as r on l.delivery = r.delivery and l.line = r.line
    semi join staging.lines as latest
        on l.table_name = latest.table_name and l.record = latest.record
        and l.position = latest.position_before and latest.status = 'latest'
    where l.table_name = 'patients'
    group by l.record, l.position
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    e.then_full as absent_from,
    before.file as file_before,
    before.birth_date as birth_date_before,
    if(before.sex in ('F', 'M'), before.sex, null) as sex_before,
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
left join before on s.record = before.record and l.position_before = before.position
order by l.position, l.line;
