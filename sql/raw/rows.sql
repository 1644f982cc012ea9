-- The rows of all raw tables as one view, and what a patient's number is known by at a site.
create or replace temp view raw_rows as
select 'patients' as table_name, delivery, file, line, cells from raw.patients
union all
select 'treatments', delivery, file, line, cells from raw.treatments
union all
select 'labs', delivery, file, line, cells from raw.labs
union all
select 'assessments', delivery, file, line, cells from raw.assessments
union all
select 'follow_up', delivery, file, line, cells from raw.follow_up
union all
select 'outcomes', delivery, file, line, cells from raw.outcomes;

-- A site is one in capital and small letters, its keys are not: a patient may be on record, or come
-- again, with another spelling of it (variable sites: as they are spelt).
create or replace temp macro keys_at(number, site) as
list_transform(
    list_filter(getvariable('sites'), lambda one: lower(one) = lower(site)),
    lambda one: patient_key(number, one)
);
