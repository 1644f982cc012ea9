-- release.changed_patients: how many of the patients who are analysed in one of two cuts (`earlier`, `later`) are not in the other
-- one, or are not as they were.
select count(*) as n
from (select * from earlier where reason is null) as a
full outer join (select * from later where reason is null) as b on a.patient = b.patient
where a.patient is null or b.patient is null
or row(a.baseline, a.response, a.follow_up) is distinct from row(b.baseline, b.response, b.follow_up);
