-- staging.lines: every line of every delivery in the cut, which record it speaks of, and what became of it.
-- A later delivery that holds the same record (its natural key) amends it. Several courses of one drug in one line
-- of treatment are one record of several lines; in the other tables a record is one line.
create or replace table staging.lines as
with
-- names are few, results are many: each is looked up once
names as (
    select
        received,
        analyte_of(received) as analyte
    from (select distinct cell(cells, 'analyte') as received from raw.labs) as given
),

received as (
    select
        'patients' as table_name,
        delivery, line, cells, problem,
        [cell(cells, 'patient_id')] as natural_key,
        null as part,
        iso_date(cell(cells, 'consent_withdrawn_on')) as withdrawn_on
    from raw.patients
    union all
    select
        'treatments', delivery, line, cells, problem,
        [cell(cells, 'patient_id'), number_key(cell(cells, 'line')), lower(cell(cells, 'drug'))],
        day_key(cell(cells, 'start_date')),
        null
    from raw.treatments
    union all
    select
        'labs', delivery, line, cells, problem,
        [cell(cells, 'patient_id'), names.analyte, day_key(cell(cells, 'collected_on'))],
        null,
        null
    from raw.labs
    left join names on cell(cells, 'analyte') = names.received
    union all
    select
        'assessments', delivery, line, cells, problem,
        [cell(cells, 'patient_id'), day_key(cell(cells, 'assessed_on'))],
        null,
        null
    from raw.assessments
    union all
    select
        'follow_up', delivery, line, cells, problem,
        [cell(cells, 'patient_id')],
        null,
        null
    from raw.follow_up
    union all
    select
        'outcomes', delivery, line, cells, problem,
        [cell(cells, 'patient_id'), upper(cell(cells, 'endpoint'))],
        null,
        null
    from raw.outcomes
),

keyed as (
    select
        r.table_name,
        r.delivery,
        d.position,
        d.delivered_on,
        r.line,
        cell(r.cells, 'patient_id') as patient,
        -- a line without its key cannot be matched to another one: it is a record of its own
        if(
            list_count(r.natural_key) < len(r.natural_key),
            r.delivery || ':' || r.line,
            array_to_string(r.natural_key, '|')
        ) as record_key,
        r.part,
        r.withdrawn_on,
        -- a line whose cells may have shifted says nothing that another one could repeat
        md5(list_sort(map_entries(r.cells))::varchar || coalesce(r.problem, '')) as content
    from received as r
    inner join raw.deliveries as d on r.delivery = d.delivery
    where d.position is not null
),

versions as (
    select
        *,
        position = max(position) over (partition by table_name, record_key) as is_last,
        max(position) over (
            partition by table_name, record_key
            order by position range between unbounded preceding and 1 preceding
        ) as position_before,
        row_number() over (
            partition by table_name, record_key, content order by position desc, line
        ) as repetition
    from keyed
),

-- who withdrew consent by the latest patient record leaves with every line
withdrawn as (
    select distinct patient
    from versions
    where table_name = 'patients' and is_last and withdrawn_on is not null
)

select
    table_name,
    delivery,
    line,
    position,
    delivered_on,
    patient,
    left(md5(table_name || '|' || record_key), 12) as record,
    content,
    position_before,
    case
        when exists(from withdrawn where versions.patient = withdrawn.patient) then 'withdrawn'
        when is_last and repetition = 1 then 'latest'
        when repetition > 1 then 'duplicate'
        else 'superseded'
    end as status,
    is_last and repetition = 1
    and count(*) filter (where is_last and repetition = 1) over (
        partition by table_name, record_key, part
    ) > 1 as in_conflict
from versions
order by table_name, position, line;

comment on table staging.lines is 'Every line of every delivery in the cut and what became of it';
comment on column staging.lines.table_name is 'Native table';
comment on column staging.lines.delivery is 'SHA-256 of the export file';
comment on column staging.lines.line is 'Line in the file';
comment on column staging.lines.position is 'Order of the delivery in the cut';
comment on column staging.lines.delivered_on is 'Day of the export';
comment on column staging.lines.patient is 'Pseudonym of the patient';
comment on column staging.lines.record is 'Key of the record that the line is a version of';
comment on column staging.lines.content is 'Hash of what the line says, in any order of columns';
comment on column staging.lines.position_before is 'Order of the last delivery before this one that held the record';
comment on column staging.lines.status is 'latest, superseded (amended later), duplicate (same content again) or withdrawn (consent)';
comment on column staging.lines.in_conflict is 'The same delivery holds the record twice, differently';
