-- What the rules of staging.treatments judge: its rows with the received text and the patient.
with
-- what the record said in the last delivery before that held it
before as (
    select
        l.record,
        l.position,
        min(r.file) as file,
        min(day.day) as start_date
    from staging.lines as l
    inner join raw.treatments as r on l.delivery = r.delivery and l.line = r.line
    left join reading.day as day on cell(r.cells, 'start_date') = day.received
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
        select patient_id, line, min(start_date) as began, list_sort(list_distinct(list(start_date)))[2] as went_on
        from staging.treatments
        where line > 0
        group by patient_id, line
    ) as begun
    window of_the_patient as (partition by patient_id order by line)
),

-- drugs of a line: when each began first, and the one in the middle of them
drugs_given as (
    select
        *,
        quantile_disc(began, 0.5) over (partition by patient_id, line) as usually_began
    from (
        select patient_id, line, drug, min(start_date) as began
        from staging.treatments
        where line > 0 and certainty != 'negated'
        group by patient_id, line, drug
    ) as first_courses
)

select
    s.*,
    l.delivered_on,
    l.in_conflict,
    l.differs_in_details,
    e.then_full as absent_from,
    before.file as file_before,
    -- a record of several courses started with its first one
    if(
        s.start_date = min(s.start_date) over (partition by s.record), before.start_date, null
    ) as start_date_before,
    r.problem,
    r.file,
    r.cells as received,
    s.patient_id is null or s.patient_id in (
        select patient from staging.lines where table_name = 'patients' and patient is not null
    ) as patient_is_known,
    coalesce(w.is_mangled, false) as number_is_mangled,
    p.birth_date,
    p.diagnosis_date,
    case
        -- a study says that it is its drug, or a control
        when list_has_any(settings.named_drugs, [s.drug, '*']) then null
        when s.certainty = 'unclear' then replace(array_to_string(list_sort(s.may_be)[:3], ' or '), '*', 'any drug')
        when s.certainty = 'unknown' then 'any drug: its name is not in the dictionary of drugs'
    end as unclear_drug,
    g.line > g.line_before + 1 as line_is_skipped,
    s.start_date = g.began and g.began <= g.began_before as line_begins_early,
    -- a drug far from the others, or the first course of all long before the next one, without an end
    s.start_date = d.began and (
        abs(date_diff('day', d.usually_began, d.began)) > 270
        or coalesce(s.start_date = g.began and s.end_date is null and date_diff('day', g.began, g.went_on) > 270, false)
    ) as begins_apart,
    is_placeholder(cell(r.cells, 'start_date')) as start_date_is_placeholder,
    is_placeholder(cell(r.cells, 'end_date')) as end_date_is_placeholder,
    -- "ongoing" and the like: read as a day that is not there yet
    coalesce(ended.problem = 'missing', false) as is_ongoing
from staging.treatments as s
cross join setup.settings as settings
inner join staging.lines as l on l.table_name = 'treatments' and s.delivery = l.delivery and s.file_line = l.line
inner join raw.treatments as r on s.delivery = r.delivery and s.file_line = r.line
inner join staging.exports as e on e.table_name = 'treatments' and l.site = e.site and l.batch = e.batch
left join reading.day as ended on cell(r.cells, 'end_date') = ended.received
left join before on s.record = before.record and l.position_before = before.position
left join staging.patients as p on s.patient_id = p.patient_id
left join raw.spellings as w on l.number = w.patient
left join lines_given as g on s.patient_id = g.patient_id and s.line = g.line
left join drugs_given as d on s.patient_id = d.patient_id and s.line = d.line and s.drug = d.drug
order by l.position, l.line;
