-- Lines whose number is in no patients export, but is another spelling (case, signs, leading zeros) of one
-- patient's: they may be of that patient.
select
    l.table_name,
    l.delivery,
    l.line as file_line,
    min(p.patient) as patient_id
from staging.lines as l
inner join raw.spellings as written on l.number = written.patient
inner join raw.spellings as other on written.loosely = other.loosely and written.patient != other.patient
inner join staging.lines as p
    on p.table_name = 'patients' and p.status = 'latest' and other.patient = p.number and (l.site = p.site or l.site = '')
where l.status = 'latest'
and l.patient not in (select k.patient from staging.lines as k where k.table_name = 'patients' and k.patient is not null)
group by l.table_name, l.delivery, l.line
having count(distinct p.patient) = 1
