-- Lines whose number is another spelling (case, signs, leading zeros) of one that a patients export holds: where that
-- stands, and whose the line may be, where its own number is in no patients export and the other one is one patient's.
select
    l.table_name,
    l.delivery,
    l.line as file_line,
    min(r.file || ', line ' || p.line) as spelt_at,
    if(
        count(distinct p.patient) = 1
        and l.patient not in (select k.patient from staging.lines as k where k.table_name = 'patients' and k.patient is not null),
        min(p.patient),
        null
    ) as patient_id
from staging.lines as l
inner join raw.spellings as written on l.number = written.patient
inner join raw.spellings as other on written.loosely = other.loosely and written.patient != other.patient
inner join staging.lines as p
    on p.table_name = 'patients' and p.status = 'latest' and other.patient = p.number and (l.site = p.site or l.site = '')
inner join raw.patients as r on p.delivery = r.delivery and p.line = r.line
where l.status = 'latest'
group by l.table_name, l.delivery, l.line, l.patient
