-- staging.received: every line of every delivery in the cut, whom it is of, which record it speaks of, and what it says.
-- A record is known by its natural key. Several courses of one drug in one line of treatment are one record of several
-- lines; in the other tables a record is one line. Files of one table that a site delivers on one day are one export.
create or replace table staging.received as
with
-- a site tells patients apart where tables beside patients name it, or where first folders are sites
written as (
    select exists(
        from (
            select cells from raw.treatments
            union all
            select cells from raw.labs
            union all
            select cells from raw.assessments
            union all
            select cells from raw.follow_up
            union all
            select cells from raw.outcomes
        ) as beside
        where cell(beside.cells, 'site_id') is not null
    ) as sites_are_written
),

-- first folders that hold patients and are no days; of one registry where people in two of them are the same
people as (
    select distinct
        split_part(d.file, '/', 1) as folder,
        cell(r.cells, 'patient_id') as number,
        concat_ws('|', upper(cell(r.cells, 'sex')), coalesce(cell(r.cells, 'birth_date'), cell(r.cells, 'age_years'))) as person
    from raw.patients as r
    inner join raw.deliveries as d on r.delivery = d.delivery
    where d.position is not null and contains(d.file, '/')
    and not regexp_matches(split_part(d.file, '/', 1), '\d{4}[-_.]?\d{2}')
),

alike as (
    select count(*) as shared, count(*) filter (a.person = b.person) as same
    from people as a
    inner join people as b on a.number = b.number and a.folder < b.folder
    group by a.folder, b.folder
),

folders as (
    select folder
    from people
    where not exists(from alike where alike.same * 2 >= alike.shared)
    group by folder
    qualify count(*) over () > 1
),

read_lines as (
    select
        'patients' as table_name,
        r.delivery, r.line, r.cells, r.problem,
        [''] as natural_key,
        null as part,
        -- a withdrawal of which only the month is known is one
        coalesce(withdrawn.day, withdrawn.last_day) as withdrawn_on,
        null::date as day,
        coalesce(cell(r.cells, 'consent_withdrawn_on'), '') as decisive
    from raw.patients as r
    left join reading.day as withdrawn on cell(r.cells, 'consent_withdrawn_on') = withdrawn.received
    union all
    select
        'treatments', r.delivery, r.line, r.cells, r.problem,
        [
            coalesce(treatment_line.value::varchar, cell(r.cells, 'line')),
            coalesce(if(drug.certainty = 'known', nullif(array_to_string(drug.substances, '+'), ''), null), lower(cell(r.cells, 'drug')))
        ],
        coalesce(started.day::varchar, cell(r.cells, 'start_date')),
        null,
        started.day,
        ''
    from raw.treatments as r
    left join reading.line as treatment_line on cell(r.cells, 'line') = treatment_line.received
    left join reading.drug as drug on cell(r.cells, 'drug') = drug.received
    left join reading.day as started on cell(r.cells, 'start_date') = started.received
    union all
    select
        'labs', r.delivery, r.line, r.cells, r.problem,
        -- two samples of a day have a time each
        [
            coalesce(analyte.analyte, lower(cell(r.cells, 'analyte'))),
            coalesce(collected.day::varchar, cell(r.cells, 'collected_on')) || coalesce(' ' || collected.clock, '')
        ],
        null,
        null,
        collected.day,
        concat_ws(
            '|',
            coalesce(result.comparator || result.value, lower(cell(r.cells, 'value'))),
            coalesce(unit.unit, plain_unit(cell(r.cells, 'unit')))
        )
    from raw.labs as r
    left join reading.analyte as analyte on cell(r.cells, 'analyte') = analyte.received
    left join reading.day as collected on cell(r.cells, 'collected_on') = collected.received
    left join reading.number as result on cell(r.cells, 'value') = result.received
    left join reading.unit as unit on cell(r.cells, 'unit') = unit.received
    union all
    select
        'assessments', r.delivery, r.line, r.cells, r.problem,
        [coalesce(assessed.day::varchar, cell(r.cells, 'assessed_on'))],
        null,
        null,
        assessed.day,
        coalesce(response.value, upper(cell(r.cells, 'response')), '')
    from raw.assessments as r
    left join reading.day as assessed on cell(r.cells, 'assessed_on') = assessed.received
    left join reading.response as response on cell(r.cells, 'response') = response.received
    union all
    select
        'follow_up', r.delivery, r.line, r.cells, r.problem,
        -- a death is a record of its own, so that no visit takes its place
        [
            if(
                cell(r.cells, 'died_on') is not null or status.value = 'dead',
                'dead|' || coalesce(died.day::varchar, cell(r.cells, 'died_on'), ''),
                coalesce(contact.day::varchar, cell(r.cells, 'last_contact_on'))
            )
        ],
        null,
        null,
        contact.day,
        coalesce(status.value, lower(cell(r.cells, 'vital_status')), '')
    from raw.follow_up as r
    left join reading.day as contact on cell(r.cells, 'last_contact_on') = contact.received
    left join reading.vital_status as status on cell(r.cells, 'vital_status') = status.received
    left join reading.day as died on cell(r.cells, 'died_on') = died.received
    union all
    select
        'outcomes', r.delivery, r.line, r.cells, r.problem,
        [upper(cell(r.cells, 'endpoint'))],
        null,
        null,
        null,
        list_sort(map_entries(r.cells))::varchar
    from raw.outcomes as r
),

placed as (
    select
        r.*,
        d.position,
        d.delivered_on,
        d.generation,
        -- the site of the line, where sites tell patients apart
        coalesce(if(w.sites_are_written, cell(r.cells, 'site_id'), null), folders.folder, '') as site_said,
        cell(r.cells, 'patient_id') as number
    from read_lines as r
    inner join raw.deliveries as d on r.delivery = d.delivery
    cross join written as w
    left join folders on split_part(d.file, '/', 1) = folders.folder
    where d.position is not null
),

-- a line without a site is of the only site that has its number
only_site as (
    select number, min(site_said) as site
    from placed
    where table_name = 'patients' and site_said != '' and number is not null
    group by number
    having count(distinct site_said) = 1
),

located as (
    select
        p.* exclude (site_said),
        coalesce(nullif(p.site_said, ''), o.site, '') as site
    from placed as p
    left join only_site as o on p.number = o.number
),

-- numbers of one person (merged_patients.csv in the home)
merged as (
    select
        m.from_number,
        coalesce(nullif(m.from_site, ''), earlier.site, '') as from_site,
        patient_key(m.to_number, coalesce(nullif(m.to_site, ''), later.site, '')) as patient
    from raw.merged_patients as m
    left join only_site as earlier on m.from_number = earlier.number
    left join only_site as later on m.to_number = later.number
),

keyed as (
    select
        l.*,
        coalesce(m.patient, patient_key(l.number, l.site)) as patient,
        max(l.position) over (partition by l.table_name, l.site, l.delivered_on, l.generation) as batch,
        -- a line without its key cannot be matched to another one: it is a record of its own
        if(
            l.number is null or list_count(l.natural_key) < len(l.natural_key),
            l.delivery || ':' || l.line,
            array_to_string(list_prepend(coalesce(m.patient, patient_key(l.number, l.site)), l.natural_key), '|')
        ) as record_key
    from located as l
    left join merged as m on l.number = m.from_number and l.site = m.from_site
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
),

struck as (
    select distinct s.patient from raw.struck_patients as s
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
    coalesce(patient in (from withdrawn), false) or coalesce(patient in (from struck), false) as is_withdrawn,
    coalesce(patient in (from struck), false) as is_struck
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
comment on column staging.received.is_withdrawn is 'Whether the patient withdrew consent, or was struck out: no line is used';
comment on column staging.received.is_struck is 'Whether the patient was struck out as one who never was (il6 strike)';
