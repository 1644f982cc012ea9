-- Days of which only month or year is known, in a study's own copy of staging: the study file's partial_dates takes a day
-- for them, so that the record is in use. A record that is wrong in something else stays set aside, and so does one whose
-- true day may lie on the other side of what counts it: treatment start for an assessment, the marker's window for a sample.
create or replace temp table taken_days as
select
    'treatments' as table_name,
    s.delivery,
    s.file_line,
    least(imputed_day(s.start_first, s.start_last, settings.partial_dates), d.delivered_on) as day,
    null::date as second_day
from staging.treatments_set_aside as s
cross join study.settings as settings
inner join raw.deliveries as d on s.delivery = d.delivery
where s.columns = ['start_date'] and s.start_date is null;

insert into staging.treatments by name
select s.* exclude (columns) replace (t.day as start_date)
from staging.treatments_set_aside as s
inner join taken_days as t on t.table_name = 'treatments' and s.delivery = t.delivery and s.file_line = t.file_line
where t.day is not null;

-- the day before which an assessment or a sample is another thing than after it
create or replace temp table time_zeros as
select patient_id, min(start_date) as day
from staging.treatments
where line = 1 and certainty != 'negated'
group by patient_id;

insert into taken_days
select
    'assessments',
    s.delivery,
    s.file_line,
    least(imputed_day(s.assessed_first, s.assessed_last, settings.partial_dates), d.delivered_on) as day,
    null
from staging.assessments_set_aside as s
cross join study.settings as settings
inner join raw.deliveries as d on s.delivery = d.delivery
left join time_zeros as z on s.patient_id = z.patient_id
where s.columns = ['assessed_on'] and s.assessed_on is null
and (z.day is null or z.day not between s.assessed_first + 1 and s.assessed_last)
union all
select
    'labs',
    s.delivery,
    s.file_line,
    least(imputed_day(s.collected_first, s.collected_last, settings.partial_dates), d.delivered_on),
    null
from staging.labs_set_aside as s
cross join study.settings as settings
inner join raw.deliveries as d on s.delivery = d.delivery
left join time_zeros as z on s.patient_id = z.patient_id
where s.columns = ['collected_on'] and s.collected_on is null
and (z.day is null or z.day + settings.window_last_day not between s.collected_first and s.collected_last - 1);

insert into staging.assessments by name
select s.* exclude (columns) replace (t.day as assessed_on)
from staging.assessments_set_aside as s
inner join taken_days as t on t.table_name = 'assessments' and s.delivery = t.delivery and s.file_line = t.file_line
where t.day is not null;

insert into staging.labs by name
select s.* exclude (columns) replace (t.day as collected_on)
from staging.labs_set_aside as s
inner join taken_days as t on t.table_name = 'labs' and s.delivery = t.delivery and s.file_line = t.file_line
where t.day is not null;

-- nobody is dead on a day on which another record knows that they were alive
create or replace temp table last_alive as
select patient_id, max(day) as day
from (
    select patient_id, last_contact_on as day from staging.follow_up where vital_status != 'dead'
    union all
    select patient_id, start_date from staging.treatments where certainty != 'negated'
    union all
    select patient_id, assessed_on from staging.assessments
    union all
    select patient_id, collected_on from staging.labs
) as seen
group by patient_id;

insert into taken_days
select
    'follow_up',
    s.delivery,
    s.file_line,
    if(
        s.died_first is null,
        null,
        if(
            a.day > s.died_last,
            null,
            greatest(
                least(coalesce(s.died_on, imputed_day(s.died_first, s.died_last, settings.partial_dates)), d.delivered_on),
                a.day
            )
        )
    ) as day,
    least(coalesce(s.last_contact_on, imputed_day(s.last_contact_first, s.last_contact_last, settings.partial_dates)), d.delivered_on)
from staging.follow_up_set_aside as s
cross join study.settings as settings
inner join raw.deliveries as d on s.delivery = d.delivery
left join last_alive as a on s.patient_id = a.patient_id
where list_has_all(['died_on', 'last_contact_on'], s.columns)
and (not list_contains(s.columns, 'died_on') or s.died_on is null and s.died_first is not null)
and (not list_contains(s.columns, 'last_contact_on') or s.last_contact_on is null);

delete from taken_days as t
using staging.follow_up_set_aside as s
where t.table_name = 'follow_up' and s.delivery = t.delivery and s.file_line = t.file_line
and ((s.died_first is not null and t.day is null) or t.second_day is null);

insert into staging.follow_up by name
select
    s.* exclude (columns) replace (
        t.day as died_on,
        -- of a death the last contact is its day
        coalesce(t.day, t.second_day) as last_contact_on
    )
from staging.follow_up_set_aside as s
inner join taken_days as t on t.table_name = 'follow_up' and s.delivery = t.delivery and s.file_line = t.file_line;

delete from taken_days where table_name != 'follow_up' and day is null;

delete from staging.treatments_set_aside
where ('treatments', delivery, file_line) in (select (t.table_name, t.delivery, t.file_line) from taken_days as t);

delete from staging.assessments_set_aside
where ('assessments', delivery, file_line) in (select (t.table_name, t.delivery, t.file_line) from taken_days as t);

delete from staging.labs_set_aside
where ('labs', delivery, file_line) in (select (t.table_name, t.delivery, t.file_line) from taken_days as t);

delete from staging.follow_up_set_aside
where ('follow_up', delivery, file_line) in (select (t.table_name, t.delivery, t.file_line) from taken_days as t);

drop table taken_days;

drop table time_zeros;

drop table last_alive;
