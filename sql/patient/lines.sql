-- patient.lines: every line that speaks of one patient (the variable of that name), from which file, and what became of it and why.
with
-- set aside, and the patient's although its number is misspelt or left out
given as (
    select 'treatments' as table_name, delivery, file_line, patient_id from staging.treatments_set_aside
    union all
    select 'labs', delivery, file_line, patient_id from staging.labs_set_aside
    union all
    select 'assessments', delivery, file_line, patient_id from staging.assessments_set_aside
    union all
    select 'follow_up', delivery, file_line, patient_id from staging.follow_up_set_aside
    union all
    select 'outcomes', delivery, file_line, patient_id from staging.outcomes_set_aside
)

select
    l.table_name,
    d.file,
    l.line,
    if(bool_or(p.severity = 'quarantine'), 'quarantine', if(l.status = 'latest', 'used', l.status)) as status,
    coalesce(list(p.sentence order by p.severity, p.rule) filter (where p.rule is not null), []) as problems
from staging.lines as l
inner join raw.deliveries as d on l.delivery = d.delivery
left join staging.problems as p
    on l.table_name = p.table_name and l.delivery = p.delivery and l.line = p.file_line
left join given as g
    on l.table_name = g.table_name and l.delivery = g.delivery and l.line = g.file_line
where getvariable('patient') in (l.patient, g.patient_id)
group by l.table_name, d.file, l.line, l.status, l.position
order by list_position(['patients', 'treatments', 'labs', 'assessments', 'follow_up', 'outcomes'], l.table_name), l.position, l.line;
