-- cohort.remarks: what the study's own choices make notable of records that are used as they are; for the worklist.
create or replace table cohort.remarks as
with
late_starts as (
    select
        t.patient_id,
        'treatments' as table_name,
        t.delivery,
        t.file_line,
        'start_date' as column_name,
        'experimental_drug_starts_in_the_window' as rule,
        'The experimental drug starts more than ' || settings.arm_window_days || ' days after first-line treatment, so that '
        || 'the patient counts as a control; correct start_date if it is wrong' as sentence
    from cohort.as_read as a
    cross join study.settings as settings
    inner join staging.treatments as t on a.patient_id = t.patient_id
    where a.armcd = 'C' and t.line = 1 and is_drug(t.substances, t.drug, settings.experimental_substances, settings.experimental_drug)
    and t.start_date > a.trtsdt + settings.arm_window_days
),

-- analytes of a derived marker without the others of their sample, after the value that is used or without one
incomplete as (
    select
        m.patient_id,
        'labs' as table_name,
        m.delivery,
        m.file_line,
        'collected_on' as column_name,
        'marker_is_complete' as rule,
        settings.marker_label || ' needs ' || parts.names || ' of one sample: the same day, and time of day where it is given; '
        || if(a.markdt is null, 'the patient has no such sample in the window', 'an earlier sample is used')
        || '; add what is missing or correct the day' as sentence
    from cohort.as_read as a
    cross join study.settings as settings
    inner join cohort.markers as m on a.patient_id = m.patient_id and settings.marker = m.marker
    inner join (
        select marker, string_agg(analyte, ', ' order by analyte) as names
        from study.marker_parts
        group by marker
        having count(*) > 1
    ) as parts on m.marker = parts.marker
    where m.is_used and date_diff('day', a.trtsdt, m.collected_on) between settings.window_first_day and settings.window_last_day
    and is_known(m.collected_on) and coalesce(m.collected_on > a.markdt, true)
),

-- once a name: which results it takes is said by the decisive records
unknown_names as (
    select
        patient_id,
        'labs' as table_name,
        delivery,
        file_line,
        'analyte' as column_name,
        'analyte_is_known' as rule,
        'No dictionary holds this name, and its unit is one of ' || marker_label || ': ' || n_patients || ' patients have results '
        || 'that may be it; write the usual name of the analyte, or list it under marker.other_analytes of the study file '
        || 'if it is another' as sentence
    from (
        select
            m.*,
            settings.marker_label,
            count(distinct m.patient_id) over (partition by m.unknown_name) as n_patients
        from cohort.markers as m
        inner join study.settings as settings on m.marker = settings.marker
        where m.unknown_name is not null
    ) as named
    qualify row_number() over (partition by unknown_name order by delivery, file_line) = 1
),

unreadable as (
    select
        s.patient_id,
        'patients' as table_name,
        s.delivery,
        s.file_line,
        c.name as column_name,
        'covariate_is_readable' as rule,
        c.name || ' is not a number, which the study file says it is; correct it' as sentence
    from staging.patients as s
    inner join raw.patients as r on s.delivery = r.delivery and s.file_line = r.line
    inner join cohort.covariates as v on s.patient_id = v."USUBJID" and v."KIND" = 'number' and v."AVAL" is null
    inner join study.covariates as c on v."NAME" = c.name
    anti join staging.problems as p
        on p.table_name = 'patients' and s.delivery = p.delivery and s.file_line = p.file_line and c.name = p.column_name
    where cell(r.cells, c.name) is not null
),

undeclared as (
    select
        s.patient_id,
        'patients' as table_name,
        s.delivery,
        s.file_line,
        v."NAME" as column_name,
        'covariate_level_is_declared' as rule,
        v."NAME" || ' holds a level that no list declares, so that it counts as other; correct it, or add it to the levels of the '
        || 'covariate in the study file' as sentence
    from cohort.covariates as v
    inner join staging.patients as s on v."USUBJID" = s.patient_id
    where v."OTHERFL" = 'Y'
)

select * from late_starts
union all by name
select * from incomplete
union all by name
select * from unknown_names
union all by name
select * from unreadable
union all by name
select * from undeclared
order by table_name, delivery, file_line, rule;

comment on table cohort.remarks is 'What the study''s own choices make notable of records that are used as they are';
comment on column cohort.remarks.patient_id is 'Pseudonym of the patient';
comment on column cohort.remarks.table_name is 'Native table';
comment on column cohort.remarks.delivery is 'SHA-256 of the export file';
comment on column cohort.remarks.file_line is 'Line in the file';
comment on column cohort.remarks.column_name is 'Column to look at';
comment on column cohort.remarks.rule is 'What is notable';
comment on column cohort.remarks.sentence is 'What is to be done about it';
