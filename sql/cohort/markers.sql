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

candidates as (
    select
        p.marker,
        p.analyte as part,
        s.*,
        coalesce(u.factor, by_name.factor) as factor,
        s.value * coalesce(u.factor, by_name.factor) as marker_value
    from results as s
    cross join study.marker_parts as p
    left join study.marker_units as u
        on p.marker = u.marker and p.analyte = u.analyte and plain_unit(s.unit) = u.unit
    left join study.marker_units as by_name
        on p.marker = by_name.marker and p.analyte = by_name.analyte and plain_unit(s.unit_read) = by_name.unit
    cross join study.settings as settings
    where s.patient_id is not null and (
        s.analyte = p.analyte
        or s.certainty = 'missing'
        or list_contains(s.may_be, p.analyte)
        or (
            p.marker = settings.marker and s.certainty = 'unknown' and coalesce(u.factor, by_name.factor) is not null
            and not list_has_any(settings.other_analytes, [s.analyte, '*'])
        )
        or (len(s.columns) > 0 and (s.analyte is null or (list_contains(s.columns, '(line)') and s.certainty != 'known')))
    )
),

-- a name that no dictionary holds is of another analyte where it stands beside results of the marker: in one unit, of the
-- same sample and of another value, in three patients or more, and a tenth of those who have it
others as (
    select
        o.marker,
        o.part,
        o.analyte,
        o.factor
    from candidates as o
    left join candidates as m
        on o.marker = m.marker
        and o.part = m.part
        and m.analyte = m.part
        and len(m.columns) = 0
        and o.patient_id = m.patient_id
        and o.collected_on = m.collected_on
        and coalesce(o.collected_at = m.collected_at, true)
        and o.marker_value != m.marker_value
    where o.certainty = 'unknown' and o.analyte != o.part
    group by o.marker, o.part, o.analyte, o.factor
    having count(distinct m.patient_id) >= greatest(3, count(distinct o.patient_id) / 10)
)

select
    c.marker,
    c.part,
    c.patient_id,
    c.delivery,
    c.file_line,
    c.record,
    c.collected_on,
    c.collected_at,
    coalesce(if(list_contains(c.columns, 'collected_on') and c.collected_on is not null, null, coalesce(c.collected_on, c.collected_first)), date '0001-01-01')
        as collected_first,
    coalesce(if(list_contains(c.columns, 'collected_on') and c.collected_on is not null, null, coalesce(c.collected_on, c.collected_last)), date '9999-12-31')
        as collected_last,
    c.beyond_limit,
    c.marker_value as value,
    if(c.certainty = 'unknown' and c.analyte != c.part, c.analyte, null) as unknown_name,
    len(c.columns) > 0 as is_set_aside,
    c.analyte = c.part and len(c.columns) = 0 and c.factor is not null as is_used
from candidates as c
left join others as o
    on c.marker = o.marker and c.part = o.part and c.analyte = o.analyte and c.factor = o.factor
where o.analyte is null or list_contains(c.columns, '(line)')
order by c.marker, c.part, c.patient_id, c.delivery, c.file_line;

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
comment on column cohort.markers.unknown_name is 'Its name, where no dictionary holds it: it may be another name of the analyte';
comment on column cohort.markers.is_set_aside is 'Whether the record is in quarantine';
comment on column cohort.markers.is_used is 'Whether it counts as a result of that analyte';
