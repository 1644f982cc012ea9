-- release.changed_patients: how many of the patients who are analysed in one of two cuts (`earlier`, `later`) are not in the other
-- one, or are not as they were. Between two studies the column baseline is empty: they know other things of a patient at the start.
select count(*) as n
from (select * from earlier where reason is null) as a
full outer join (select * from later where reason is null) as b on a.patient = b.patient
where a.patient is null or b.patient is null
or row(a.response, a.follow_up) is distinct from row(b.response, b.follow_up)
or a.baseline is distinct from b.baseline;
