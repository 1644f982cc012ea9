-- Staging and settings as several days knew them (delivered.looks), for sql/cohort to derive from all at once.
-- What a look knew stands beside what the others did: of patients of its own, and in an age of its own, since sql/cohort asks
-- of a day alone whether it was known. Ages lie ten times 400 years apart, after which the calendar is the same again.
create macro moved(day, look) as
day + look * 1460970;

create macro of_look(patient, look) as
look || '|' || patient;

create macro look_of(patient) as
split_part(patient, '|', 1)::integer;

create macro without_look(patient) as
substring(patient, instr(patient, '|') + 1);

-- `known_until` holds the day of each look, in its own age
create or replace macro is_known(day) as
day <= getvariable('known_until')[(day - date '0001-01-01') // 1460970 + 1];

create or replace macro last_known(day) as
least(day, getvariable('known_until')[(day - date '0001-01-01') // 1460970 + 1]);

create view study.settings as
from delivered.settings;

create view study.markers as
from delivered.markers;

create view study.marker_parts as
from delivered.marker_parts;

create view study.marker_units as
from delivered.marker_units;

create view study.endpoints as
from delivered.endpoints;

create view study.endpoint_sources as
from delivered.endpoint_sources;

create view raw.deliveries as
from delivered.deliveries;

create view cohort.decisive as
select of_look(d.patient_id, l.look) as patient_id
from delivered.decisive as d
cross join delivered.looks as l;

create view staging.lines as
select r.* replace (of_look(r.patient, l.look) as patient, moved(r.delivered_on, l.look) as delivered_on)
from delivered.lines as r
inner join delivered.looks as l on r.known_from <= l.known_on;

create view staging.patients as
select
    r.* replace (
        of_look(r.patient_id, l.look) as patient_id,
        moved(r.birth_date, l.look) as birth_date,
        moved(r.born_about, l.look) as born_about
    )
from delivered.patients as r
inner join delivered.looks as l on r.known_from <= l.known_on;

create view staging.treatments as
select
    r.* replace (
        of_look(r.patient_id, l.look) as patient_id,
        moved(r.start_date, l.look) as start_date,
        moved(r.start_first, l.look) as start_first,
        moved(r.start_last, l.look) as start_last
    )
from delivered.treatments as r
inner join delivered.looks as l on r.known_from <= l.known_on;

create view staging.labs as
select
    r.* replace (
        of_look(r.patient_id, l.look) as patient_id,
        moved(r.collected_on, l.look) as collected_on,
        moved(r.collected_first, l.look) as collected_first,
        moved(r.collected_last, l.look) as collected_last
    )
from delivered.labs as r
inner join delivered.looks as l on r.known_from <= l.known_on;

-- what is set aside is in no cohort: its patients are not evaluable
create view staging.labs_set_aside as
select *, []::varchar[] as columns
from staging.labs
where false;

create view staging.assessments as
select
    r.* replace (
        of_look(r.patient_id, l.look) as patient_id,
        moved(r.assessed_on, l.look) as assessed_on,
        moved(r.assessed_first, l.look) as assessed_first,
        moved(r.assessed_last, l.look) as assessed_last
    )
from delivered.assessments as r
inner join delivered.looks as l on r.known_from <= l.known_on;

create view staging.outcomes as
select r.* replace (of_look(r.patient_id, l.look) as patient_id)
from delivered.outcomes as r
inner join delivered.looks as l on r.known_from <= l.known_on;

create view staging.vital_status as
select
    of_look(c.patient_id, c.look) as patient_id,
    moved(c.last_contact_on, c.look) as last_contact_on,
    moved(d.died_on, c.look) as died_on,
    d.* exclude (patient_id, died_on, known_from)
from (
    select
        r.patient_id,
        l.look,
        l.known_on,
        max(r.last_contact_on) as last_contact_on
    from delivered.contacts as r
    inner join delivered.looks as l on r.known_from <= l.known_on
    group by r.patient_id, l.look, l.known_on
) as c
left join delivered.deaths as d on c.patient_id = d.patient_id and d.known_from <= c.known_on;
