-- cohort.markers: every result that is or may be a part of a marker of the study (of most markers the only one), in the
-- unit that the marker takes it in; one that is set aside too.
-- `is_used`: it counts. A result whose unit is not known, or whose name is not clear, cannot be used.
create or replace table cohort.markers as
with
results as (
    select *, []::varchar[] as columns from staging.labs
    union all by name
    select * from staging.labs_set_aside
),

-- a name that no dictionary holds, and that one or two patients have: it may be a slip of the pen
slips as (
    select analyte
    from results
    where certainty = 'unknown'
    group by analyte
    having count(distinct patient_id) <= 2
)

select
    p.marker,
    p.analyte as part,
    s.patient_id,
    s.delivery,
    s.file_line,
    s.record,
    s.collected_on,
    s.collected_at,
    coalesce(if(list_contains(s.columns, 'collected_on') and s.collected_on is not null, null, coalesce(s.collected_on, s.collected_first)), date '0001-01-01')
        as collected_first,
    coalesce(if(list_contains(s.columns, 'collected_on') and s.collected_on is not null, null, coalesce(s.collected_on, s.collected_last)), date '9999-12-31')
        as collected_last,
    s.beyond_limit,
    s.value * coalesce(u.factor, by_name.factor) as value,
    len(s.columns) > 0 as is_set_aside,
    s.analyte = p.analyte and len(s.columns) = 0 and coalesce(u.factor, by_name.factor) is not null as is_used
from results as s
cross join study.marker_parts as p
left join study.marker_units as u
    on p.marker = u.marker and p.analyte = u.analyte and plain_unit(s.unit) = u.unit
left join study.marker_units as by_name
    on p.marker = by_name.marker and p.analyte = by_name.analyte and plain_unit(s.unit_read) = by_name.unit
where s.patient_id is not null and (
    s.analyte = p.analyte
    or s.certainty = 'missing'
    or list_contains(s.may_be, p.analyte)
    or (coalesce(u.factor, by_name.factor) is not null and s.analyte in (from slips))
    or (len(s.columns) > 0 and (s.analyte is null or (list_contains(s.columns, '(line)') and s.certainty != 'known')))
)
order by p.marker, p.analyte, s.patient_id, s.delivery, s.file_line;

comment on table cohort.markers is 'Every result that is or may be a part of a marker of the study, in the unit that the marker takes it in';
comment on column cohort.markers.marker is 'The marker, by its label';
comment on column cohort.markers.part is 'The analyte of the marker that the result is, or may be';
comment on column cohort.markers.patient_id is 'Pseudonym of the patient';
comment on column cohort.markers.delivery is 'SHA-256 of the export file';
comment on column cohort.markers.file_line is 'Line in the file';
comment on column cohort.markers.record is 'Key of the record';
comment on column cohort.markers.collected_on is 'Day of the sample';
comment on column cohort.markers.collected_at is 'Time of day in seconds, where it is given';
comment on column cohort.markers.collected_first is 'First of the days on which it may have been taken';
comment on column cohort.markers.collected_last is 'Last of the days on which it may have been taken';
comment on column cohort.markers.beyond_limit is '< below the limit of quantification, > above the upper limit, null: measured';
comment on column cohort.markers.value is 'Result in the unit that the marker takes it in; null where its unit is not known';
comment on column cohort.markers.is_set_aside is 'Whether the record is in quarantine';
comment on column cohort.markers.is_used is 'Whether it counts as a result of that analyte';
