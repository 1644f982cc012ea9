-- validation.marker_results: each result of the study's marker (of each analyte of it) now, and as the last accepted cut
-- knew it (study.accepted: its deliveries).
-- Results that are set aside are in neither; a result that no accepted delivery holds has no value before.
with
accepted as (
    select
        l.record,
        arg_max(result.value * u.factor, l.position) as value
    from staging.lines as l
    inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
    inner join study.accepted as cut on l.delivery = cut.delivery
    cross join study.settings as settings
    inner join reading.analyte as analyte on cell(r.cells, 'analyte') = analyte.received
    inner join reading.number as result on cell(r.cells, 'value') = result.received
    inner join study.marker_units as u
        on settings.marker = u.marker
        and coalesce(analyte.analyte, lower(analyte.received)) = u.analyte
        and plain_unit(cell(r.cells, 'unit')) = u.unit
    where l.table_name = 'labs'
    group by l.record
)

select
    m.part,
    m.value,
    accepted.value as value_before
from cohort.markers as m
inner join study.settings as settings on m.marker = settings.marker
left join accepted on m.record = accepted.record
where m.is_used
order by m.record;
