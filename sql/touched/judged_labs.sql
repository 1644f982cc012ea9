-- Which lines of staging.labs are judged: those that were made anew (`lines_made`), and others of which what the rules
-- ask besides the line may have changed. One that is judged in vain costs little, one that is left out would be wrong.
create or replace temp table lines_judged as
with
kept as (
    select s.delivery, s.file_line, s.patient_id, s.collected_on, s.standard_value, s.beyond_limit, s.analyte, s.standard_unit
    from staging.labs as s
    anti join lines_made as m on s.delivery = m.delivery and s.file_line = m.line
),

changed_patients as (
    select coalesce(n.patient_id, w.patient_id) as patient_id
    from patients_now as n
    full join touched.patients as w on n.patient_id = w.patient_id
    where n.says is distinct from w.says
),

-- the last sample may be another one, before it or after it
last_days as (
    select k.patient_id, max(k.collected_on) as collected_on
    from kept as k
    where k.patient_id in (
        select s.patient_id from staging.labs as s
        semi join lines_made as m on s.delivery = m.delivery and s.file_line = m.line
        union all
        select t.patient from touched.lines as t
    )
    group by k.patient_id
),

changed_exports as (
    (select site, batch, then_full from staging.exports where table_name = 'labs' except from touched.lab_exports)
    union all
    (from touched.lab_exports except select site, batch, then_full from staging.exports where table_name = 'labs')
),

-- no result nearer to the median than this is far off, however its analyte spreads (sql/validation/labs.sql)
medians as (
    select analyte, standard_unit, median(standard_value) as median
    from staging.labs
    where standard_value > 0 and beyond_limit is null
    group by analyte, standard_unit
)

select delivery, line from lines_made
union
select k.delivery, k.file_line
from kept as k
semi join changed_patients as c on k.patient_id = c.patient_id
union
select k.delivery, k.file_line
from kept as k
semi join last_days as d on k.patient_id = d.patient_id and k.collected_on = d.collected_on
union
select l.delivery, l.line
from staging.lines as l
semi join changed_exports as c on l.site = c.site and l.batch = c.batch
where l.table_name = 'labs' and l.status = 'latest'
union
select k.delivery, k.file_line
from kept as k
inner join medians as m on k.analyte = m.analyte and k.standard_unit = m.standard_unit
where k.standard_value > 0 and k.beyond_limit is null
and (k.standard_value > m.median * 19 or k.standard_value < m.median / 19);
