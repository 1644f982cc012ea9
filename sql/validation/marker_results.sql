-- validation.marker_results: each result of the study's marker now, and as the last accepted cut knew it (study.accepted: its deliveries).
-- Results that are set aside are in neither; a result that no accepted delivery holds has no value before.
with
accepted as (
    select
        l.record,
        arg_max(result_number(cell(r.cells, 'value')) * u.factor, l.position) as value
    from staging.lines as l
    inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
    inner join study.accepted as cut on l.delivery = cut.delivery
    cross join study.settings as settings
    inner join study.units as u
        on settings.analyte = u.analyte and plain_unit(cell(r.cells, 'unit')) = u.unit
    where l.table_name = 'labs'
    and analyte_of(cell(r.cells, 'analyte')) = settings.analyte
    group by l.record
)

select
    s.marker_value as value,
    accepted.value as value_before
from staging.labs as s
cross join study.settings as settings
left join accepted on s.record = accepted.record
where s.analyte = settings.analyte
order by s.record;
