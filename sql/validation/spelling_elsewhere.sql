-- Lines whose patient no patients export holds, though one holds the number in another spelling: where that stands.
select
    u.delivery,
    u.file_line,
    min(r.file || ', line ' || known.line) as spelt_at
from unknown_patients as u
inner join staging.lines as l on u.table_name = l.table_name and u.delivery = l.delivery and u.file_line = l.line
inner join raw.spellings as w on l.number = w.patient
inner join raw.spellings as other on w.loosely = other.loosely and w.patient != other.patient
inner join staging.lines as known
    on known.table_name = 'patients' and known.status = 'latest' and other.patient = known.number
    and l.site is not distinct from known.site
inner join raw.patients as r on known.delivery = r.delivery and known.line = r.line
group by u.delivery, u.file_line;
