-- What the rules of staging.treatments judge: its rows with the received text and the patient.
with
-- what the record said in the last delivery before that held it
before as (
    select
        l.record,
        l.position,
        min(r.file) as file,
        min(iso_date(cell(r.cells, 'start_date'))) as start_date
    from staging.lines as l
    inner join raw.treatments as r on l.delivery = r.delivery and l.line = r.line
    semi join staging.lines as latest
        on l.table_name = latest.table_name and l.record = latest.record
        and l.position = latest.position_before and latest.status = 'latest'
    where l.table_name = 'treatments'
    group by l.record, l.position
),

-- lines of treatment by patient: when each began, and which one came before
lines_given as (
    select
        *,
        lag(line, 1, 0) over of_the_patient as line_before,
        lag(began) over of_the_patient as began_before
    from (
        select patient_id, line, min(start_date) as began
        from staging.treatments
        where line > 0
        group by patient_id, line
    ) as begun
    window of_the_patient as (partition by patient_id order by line)
),

first_experimental as (
    select
        t.patient_id,
        min(t.start_date) as began
    from staging.treatments as t
    cross join study.settings as settings
    where t.line = 1 and t.drug = settings.experimental_drug
    group by t.patient_id
),

-- drugs that may be the experimental one: misspelt, under another name of it, or named with others
likely as (
    select given.drug
    from (select distinct drug, plain_name(drug) as plain from staging.treatments where drug is not null) as given
    cross join (
        select
            experimental_drug as drug,
            plain_name(experimental_drug) as plain
        from study.settings
    ) as experimental
    left join study.names as other
        on given.plain in (plain_name(other.name), plain_name(other.written))
        and plain_name(other.name) != experimental.plain
    left join study.names as own
        on plain_name(own.name) = experimental.plain
        and (
            given.plain = plain_name(own.written)
            or length(plain_name(own.written)) >= if(regexp_matches(own.written, '[a-zA-Z]'), 5, 3)
            and contains(given.plain, plain_name(own.written))
        )
    where given.drug != experimental.drug and other.name is null and (
        own.name is not null
        or contains(given.plain, experimental.plain)
        or damerau_levenshtein(given.plain, experimental.plain) <= length(experimental.plain) // 4
        or length(given.plain) >= 4 and starts_with(experimental.plain, given.plain)
    )
    group by given.drug
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    e.then_full as absent_from,
    before.file as file_before,
    -- a record of several courses started with its first one
    if(
        s.start_date = min(s.start_date) over (partition by s.record), before.start_date, null
    ) as start_date_before,
    r.problem,
    r.file,
    r.cells as received,
    s.patient_id is null or exists(
        from staging.lines as known where known.table_name = 'patients' and known.patient = s.patient_id
    ) as patient_is_known,
    coalesce(w.is_mangled, false) as number_is_mangled,
    p.birth_date,
    p.diagnosis_date,
    if(likely.drug is not null, settings.experimental_drug, null) as likely_drug,
    s.line = 1 and s.drug = settings.experimental_drug and s.start_date = x.began
    and date_diff('day', first_line.began, x.began) > settings.arm_window_days as starts_too_late,
    settings.arm_window_days::varchar as arm_window_days,
    g.line > g.line_before + 1 as line_is_skipped,
    s.start_date = g.began and g.began < g.began_before as line_begins_early,
    is_placeholder(s.start_date) as start_is_placeholder
from staging.treatments as s
inner join staging.lines as l on l.table_name = 'treatments' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.treatments as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'treatments' and l.site = e.site and l.batch = e.batch
left join before on s.record = before.record and l.position_before = before.position
left join staging.patients as p on s.patient_id = p.patient_id
left join raw.spellings as w on s.patient_id = w.patient
left join likely on s.drug = likely.drug
left join first_experimental as x on s.patient_id = x.patient_id
left join lines_given as g on s.patient_id = g.patient_id and s.line = g.line
left join lines_given as first_line on s.patient_id = first_line.patient_id and first_line.line = 1
cross join study.settings as settings
order by l.position, l.line;
