-- What the rules of staging.labs judge: its rows with the received text and the patient.
with
-- lines of the last delivery before that held the record: of most registries few, and found before they are read
lines_before as materialized (
    select
        l.delivery,
        l.line,
        l.record,
        l.position
    from staging.lines as l
    semi join staging.lines as latest
        on l.table_name = latest.table_name and l.record = latest.record
        and l.position = latest.position_before and latest.status = 'latest'
    where l.table_name = 'labs'
),

-- what the record said there
before as (
    select
        l.record,
        l.position,
        min(r.file) as file,
        arg_min(cell(r.cells, 'value'), l.line) as value,
        arg_min(coalesce(unit.unit, cell(r.cells, 'unit')), l.line) as unit,
        arg_min(result.comparator || result.value * u.factor, l.line) as result
    from lines_before as l
    inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
    left join reading.number as result on cell(r.cells, 'value') = result.received
    left join reading.analyte as analyte on cell(r.cells, 'analyte') = analyte.received
    left join reading.unit as unit on cell(r.cells, 'unit') = unit.received
    left join setup.units as u on analyte.analyte = u.analyte and plain_unit(cell(r.cells, 'unit')) = u.unit
    group by l.record, l.position
),

-- how an analyte's results spread in its standard unit, where there are enough: upwards and downwards, as skewed as they are
spread as (
    select
        analyte,
        standard_unit,
        quantile_cont(standard_value, 0.05) as low,
        median(standard_value) as median,
        quantile_cont(standard_value, 0.95) as high
    from staging.labs
    where standard_value > 0 and beyond_limit is null
    group by analyte, standard_unit
    having count(*) >= 20
),

-- when each patient was first and last seen by other tables, and the last sample
course as (
    select
        p.patient_id,
        p.birth_date,
        least(min(p.diagnosis_date), min(t.start_date)) as began,
        max(f.last_contact_on) as last_contact_on,
        min(f.died_on) as died_on
    from staging.patients as p
    left join staging.treatments as t on p.patient_id = t.patient_id
    left join staging.vital_status as f on p.patient_id = f.patient_id
    group by p.patient_id, p.birth_date
),

last_days as (
    select patient_id, max(collected_on) as collected_on
    from staging.labs
    group by patient_id
),

last_sample as (
    select s.patient_id, min({'line': s.file_line, 'delivery': s.delivery}) as place
    from staging.labs as s
    inner join last_days as d on s.patient_id = d.patient_id and s.collected_on = d.collected_on
    group by s.patient_id
),

-- a unit that the value or the analyte's name has, beside the one of its column
units_said as (
    select
        l.delivery,
        l.line,
        analyte.analyte,
        unnest([coalesce(column_unit.unit, cell(r.cells, 'unit')), analyte.unit, result.unit]) as unit
    from staging.lines as l
    inner join raw.labs as r on l.delivery = r.delivery and l.line = r.line
    left join reading.number as result on cell(r.cells, 'value') = result.received
    left join reading.analyte as analyte on cell(r.cells, 'analyte') = analyte.received
    left join reading.unit as column_unit on cell(r.cells, 'unit') = column_unit.received
    -- of most results the column is all that says one
    where l.table_name = 'labs' and l.status = 'latest' and coalesce(analyte.unit, result.unit) is not null
),

-- they agree where they are the same multiple of the analyte's standard
units_apart as (
    select u.delivery, u.line
    from units_said as u
    left join setup.units as k on u.analyte = k.analyte and plain_unit(u.unit) = k.unit
    where u.unit is not null
    group by u.delivery, u.line
    having count(distinct coalesce(k.factor::varchar, plain_unit(u.unit))) > 1
)

select
    s.*,
    units_apart.line is not null as units_differ,
    l.delivered_on,
    l.in_conflict,
    l.differs_in_details,
    e.then_full as absent_from,
    before.file as file_before,
    before.value as value_before,
    coalesce(s.beyond_limit, '') || s.standard_value as result,
    -- a result that could not be used was put right, not overwritten
    before.result as result_before,
    if(
        before.value is not distinct from cell(r.cells, 'value') and before.unit != s.unit,
        'The unit changed from ' || before.unit || ' to ' || s.unit || ' (value ' || before.value || ' unchanged) since',
        'The result of this day was overwritten: it is not what it was in'
    ) as overwritten,
    r.problem,
    r.file,
    r.cells as received,
    s.patient_id is null or s.patient_id in (
        select patient from staging.lines where table_name = 'patients' and patient is not null
    ) as patient_is_known,
    coalesce(w.is_mangled, false) as number_is_mangled,
    c.birth_date,
    c.died_on,
    -- one warning a patient: follow-up is then older than what else is known
    if(
        last_sample.place.delivery = s.delivery and last_sample.place.line = s.file_line
        and s.collected_on <= least(l.delivered_on, c.died_on),
        s.collected_on,
        null
    ) as last_sample_on,
    c.last_contact_on,
    s.collected_on < c.began - interval 10 year as is_long_before,
    is_placeholder(cell(r.cells, 'collected_on')) as collected_on_is_placeholder,
    -- three times as far from the median, on the log scale, as one result in twenty is: five standard deviations
    s.standard_value > 0 and s.beyond_limit is null and (
        s.standard_value / spread.median > greatest((spread.high / spread.median) ** 3, 20)
        or spread.median / s.standard_value > greatest((spread.median / spread.low) ** 3, 20)
    ) as is_far_off,
    if(s.certainty = 'missing', 'any analyte', nullif(array_to_string(list_sort(s.may_be)[:3], ' or '), '')) as unclear_analyte,
    known.units as known_units,
    s.unit is null or s.value is null or known.units is null or s.standard_value is not null as unit_is_known
from staging.labs as s
inner join staging.lines as l on l.table_name = 'labs' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.labs as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'labs' and l.site = e.site and l.batch = e.batch
left join before on s.record = before.record and l.position_before = before.position
left join raw.spellings as w on l.number = w.patient
left join units_apart on s.delivery = units_apart.delivery and s.file_line = units_apart.line
left join course as c on s.patient_id = c.patient_id
left join last_sample on s.patient_id = last_sample.patient_id
left join spread on s.analyte = spread.analyte and s.standard_unit = spread.standard_unit
left join (
    select analyte, any_value(standard) || ' or a multiple of it' as units from setup.units group by analyte
) as known on s.analyte = known.analyte
order by l.position, l.line;
