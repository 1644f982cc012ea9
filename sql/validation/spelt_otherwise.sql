-- Lines whose number is another spelling (case, signs, leading zeros) of one that a patients export holds, or is that of a
-- site which they do not name: where that stands, and whose the line may be, where its own patient is in no patients export.
with
patients as (
    select p.patient, p.number, p.site, r.file || ', line ' || p.line as place
    from staging.lines as p
    inner join raw.patients as r on p.delivery = r.delivery and p.line = r.line
    where p.table_name = 'patients' and p.status = 'latest' and p.number is not null
)

select
    l.table_name,
    l.delivery,
    l.line as file_line,
    min(min(p.place)) over of_line as spelt_at,
    bool_and(bool_and(l.number = p.number)) over of_line as is_of_another_site,
    if(
        l.patient not in (select k.patient from staging.lines as k where k.table_name = 'patients' and k.patient is not null),
        p.patient,
        null
    ) as patient_id
from staging.lines as l
inner join raw.spellings as written on l.number = written.patient
inner join raw.spellings as other on written.loosely = other.loosely
inner join patients as p
    on other.patient = p.number
    and l.patient != p.patient
    -- a site of which no patient came is one that is written otherwise
    and (l.site = p.site or l.site = '' or l.site not in (select k.site from patients as k))
where l.status = 'latest'
group by l.table_name, l.delivery, l.line, l.patient, p.patient
window of_line as (partition by l.table_name, l.delivery, l.line)
