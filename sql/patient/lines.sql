-- patient.lines: every line that speaks of one patient (the variable of that name), from which file, and what became of it and why.
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
where l.patient = getvariable('patient')
group by l.table_name, d.file, l.line, l.status, l.position
order by list_position(['patients', 'treatments', 'labs', 'assessments', 'follow_up', 'outcomes'], l.table_name), l.position, l.line;
