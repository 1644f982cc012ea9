-- staging.received: every line of every delivery in the cut, whom it is of, which record it speaks of, and what it says.
-- A record is known by its natural key. Several courses of one drug in one line of treatment are one record of several
-- lines; in the other tables a record is one line. Files of one table that a site delivers on one day are one export.
create or replace table staging.received as
with
-- names are few, results are many: each is looked up once
names as (
    select
        received,
        analyte_of(received) as analyte
    from (select distinct cell(cells, 'analyte') as received from raw.labs) as given
),

read_lines as (
    select
        'patients' as table_name,
        delivery, line, cells, problem,
        [''] as natural_key,
        null as part,
        iso_date(cell(cells, 'consent_withdrawn_on')) as withdrawn_on,
        null::date as day,
        list_sort(map_entries(cells))::varchar as decisive
    from raw.patients
    union all
    select
        'treatments', delivery, line, cells, problem,
        [number_key(cell(cells, 'line')), lower(cell(cells, 'drug'))],
        day_key(cell(cells, 'start_date')),
        null,
        iso_date(cell(cells, 'start_date')),
        ''
    from raw.treatments
    union all
    select
        'labs', delivery, line, cells, problem,
        [names.analyte, moment_key(cell(cells, 'collected_on'))],
        null,
        null,
        iso_date(cell(cells, 'collected_on')),
        concat_ws('|', number_text(cell(cells, 'value')), plain_unit(cell(cells, 'unit')))
    from raw.labs
    left join names on cell(cells, 'analyte') = names.received
    union all
    select
        'assessments', delivery, line, cells, problem,
        [day_key(cell(cells, 'assessed_on'))],
        null,
        null,
        iso_date(cell(cells, 'assessed_on')),
        concat_ws('|', upper(cell(cells, 'response')), number_text(cell(cells, 'sum_of_diameters_mm')))
    from raw.assessments
    union all
    select
        'follow_up', delivery, line, cells, problem,
        -- a death is a record of its own, so that no visit takes its place
        [
            if(
                cell(cells, 'died_on') is not null or lower(cell(cells, 'vital_status')) = 'dead',
                'dead|' || coalesce(day_key(cell(cells, 'died_on')), ''),
                day_key(cell(cells, 'last_contact_on'))
            )
        ],
        null,
        null,
        iso_date(cell(cells, 'last_contact_on')),
        concat_ws('|', day_key(cell(cells, 'last_contact_on')), lower(cell(cells, 'vital_status')))
    from raw.follow_up
    union all
    select
        'outcomes', delivery, line, cells, problem,
        [upper(cell(cells, 'endpoint'))],
        null,
        null,
        null,
        list_sort(map_entries(cells))::varchar
    from raw.outcomes
),

placed as (
    select
        r.*,
        d.position,
        d.delivered_on,
        d.generation,
        '' as site,
        cell(r.cells, 'patient_id') as number
    from read_lines as r
    inner join raw.deliveries as d on r.delivery = d.delivery
    where d.position is not null
),

keyed as (
    select
        *,
        number as patient,
        max(position) over (partition by table_name, site, delivered_on, generation) as batch,
        -- a line without its key cannot be matched to another one: it is a record of its own
        if(
            number is null or list_count(natural_key) < len(natural_key),
            delivery || ':' || line,
            array_to_string(list_prepend(number, natural_key), '|')
        ) as record_key
    from placed
),

-- who withdrew consent by the latest patient record leaves with every line
withdrawn as (
    select distinct patient
    from (
        select
            patient,
            withdrawn_on,
            position = max(position) over (partition by record_key) as is_last
        from keyed
        where table_name = 'patients'
    ) as versions
    where is_last and withdrawn_on is not null
)

select
    table_name,
    delivery,
    line,
    position,
    delivered_on,
    batch,
    site,
    number,
    patient,
    left(md5(table_name || '|' || record_key), 12) as record,
    coalesce(part, '') as part,
    day,
    -- a line whose cells may have shifted says nothing that another one could repeat
    md5(list_sort(map_entries(cells))::varchar || coalesce(problem, '')) as content,
    md5(decisive || coalesce(problem, '')) as decisive_content,
    coalesce(patient in (from withdrawn), false) as is_withdrawn
from keyed
order by table_name, position, line;

comment on table staging.received is 'Every line of every delivery in the cut: whom it is of, and which record it speaks of';
comment on column staging.received.table_name is 'Native table';
comment on column staging.received.delivery is 'SHA-256 of the export file';
comment on column staging.received.line is 'Line in the file';
comment on column staging.received.position is 'Order of the delivery in the cut';
comment on column staging.received.delivered_on is 'Day of the export';
comment on column staging.received.batch is 'Export that it is of: position of the last file of the table that its site delivered on that day';
comment on column staging.received.site is 'Site, where a patient is known by site and number; else empty';
comment on column staging.received.number is 'Pseudonym of the registry''s number';
comment on column staging.received.patient is 'Pseudonym of the patient';
comment on column staging.received.record is 'Key of the record that the line is a version of';
comment on column staging.received.part is 'Which part of the record it is, of a drug that was given in several courses';
comment on column staging.received.day is 'Day that it speaks of';
comment on column staging.received.content is 'Hash of what the line says, in any order of columns';
comment on column staging.received.decisive_content is 'Hash of what two lines of one record must not say differently';
comment on column staging.received.is_withdrawn is 'Whether the patient withdrew consent';
