-- What the rules of staging.outcomes judge: its rows with the received text.
select
    s.*,
    l.delivered_on,
    l.in_conflict,
    l.differs_in_details,
    e.then_full as absent_from,
    s.time is not null and s.unit in ('day', 'days', 'month', 'months', 'year', 'years') and s.months is null as is_beyond_a_life,
    r.problem,
    r.file,
    r.cells as received,
    s.patient_id is null or s.patient_id in (
        select patient from staging.lines where table_name = 'patients' and patient is not null
    ) as patient_is_known,
    coalesce(w.is_mangled, false) as number_is_mangled
from staging.outcomes as s
inner join staging.lines as l on l.table_name = 'outcomes' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.outcomes as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'outcomes' and l.site = e.site and l.batch = e.batch
left join raw.spellings as w on l.number = w.patient
order by l.position, l.line;
