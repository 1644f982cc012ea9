-- Staging and settings as a day knew them: what had been delivered by then, for sql/cohort to derive from.
create view study.settings as
select * replace (least(censored_on, getvariable('known_on')) as censored_on)
from delivered.settings;

create view study.markers as
from delivered.markers;

create view study.marker_parts as
from delivered.marker_parts;

create view study.marker_units as
from delivered.marker_units;

create view cohort.decisive as
from delivered.decisive;

create view raw.deliveries as
from delivered.deliveries
where known_from <= getvariable('known_on');

create view staging.lines as
from delivered.lines
where known_from <= getvariable('known_on');

create view staging.patients as
from delivered.patients
where known_from <= getvariable('known_on');

create view staging.treatments as
from delivered.treatments
where known_from <= getvariable('known_on');

create view staging.labs as
from delivered.labs
where known_from <= getvariable('known_on');

-- what is set aside is in no cohort: its patients are not evaluable
create view staging.labs_set_aside as
select *, []::varchar[] as columns
from staging.labs
where false;

create view staging.assessments as
from delivered.assessments
where known_from <= getvariable('known_on');

create view staging.outcomes as
from delivered.outcomes
where known_from <= getvariable('known_on');

create view staging.vital_status as
select
    c.patient_id,
    c.last_contact_on,
    d.* exclude (patient_id, known_from)
from (
    select
        patient_id,
        max(last_contact_on) as last_contact_on
    from delivered.contacts
    where known_from <= getvariable('known_on')
    group by patient_id
) as c
left join delivered.deaths as d on c.patient_id = d.patient_id and d.known_from <= getvariable('known_on');

create view study.endpoints as
from delivered.endpoints;

create view study.endpoint_sources as
from delivered.endpoint_sources;
