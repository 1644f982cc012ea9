-- release.single_patients: what tells a day, a marker value or a step of one patient leaves no site: curves that step where one
-- patient has an event and cannot be thinned, the months of the first and last start, medians in the names of subgroups, the times
-- to which restricted means go. Of provenance, how many lines a delivery has stays, and so does who was struck out.
delete from report.curves
where analysis in ('competing_risks', 'roc_over_time', 'shrinkage') or analysis = 'validity' and endpoint = 'cut-off found';

delete from report.results where statistic in ('enrolment_first_month', 'enrolment_last_month');

update report.results set term = regexp_replace(term, '\[(<|>=) [^\]]*\]', '[\1 median]') where regexp_matches(term, '\[(<|>=) [^\]]*\]');

update report.results set
    "at" = round("at"),
    method = regexp_replace(method, 'to [0-9.]+ months', 'to ' || round("at")::integer || ' months')
where contains(statistic, 'rmst') and "at" is not null;

delete from report.provenance where kind = 'registry' and name in ('patients struck out', 'values accepted as they are');
update report.provenance set value = regexp_replace(value, ', \d+ lines$', '') where kind = 'delivery';
update report.provenance set value = left(value, 4) where kind = 'cohort';

-- months since the first start, to the day
update report.results set "at" = round("at") where analysis = 'evidence' and "at" is not null;
