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

-- the first folders of which there are several that hold patients may be sites, or one beside files that lie in none
levels as (
    select
        f.place,
        count(distinct site_folders(d.file)[f.place]) > 1 as are_several,
        count(distinct coalesce(site_folders(d.file)[f.place], '')) > 1 as are_beside
    from raw.deliveries as d
    cross join unnest(range(1, greatest(len(site_folders(d.file)), 1) + 1)) as f (place)
    where d.position is not null and d.table_name = 'patients'
    group by f.place
),

level as (
    select
        coalesce(min(place) filter (are_several), min(place) filter (place = 1 and are_beside)) as place,
        coalesce(bool_or(are_several), false) as are_several
    from levels
),

-- what was delivered before lies where it came last
landed as (
    select
        content,
        delivered_on,
        max_by(day_folder(file), landing) as folder,
        max_by(arrived_at, landing) as landed_at,
        min(min(landing)) over (partition by content) as first_landing
    from raw.landings
    group by content, delivered_on
),

delivered as (
    select
        d.*,
        landed.folder,
        landed.landed_at,
        landed.first_landing,
        coalesce(site_folders(d.file)[l.place], '') as site_folder,
        l.place = 1 and l.are_several
        and not regexp_matches(split_part(d.file, '/', 1), '\d{4}[-_.]?\d{2}')
        and not is_time_of_year(split_part(d.file, '/', 1)) as has_plain_folder,
        l.are_several
    from raw.deliveries as d
    cross join level as l
    left join landed on coalesce(d.source, d.delivery) = landed.content and d.delivered_on = landed.delivered_on
    where d.position is not null
),

-- of one registry where people in two of them are the same
people as (
    select distinct
        d.site_folder,
        d.has_plain_folder,
        cell(r.cells, 'patient_id') as number,
        person_of(r.cells) as person
    from raw.patients as r
    inner join delivered as d on r.delivery = d.delivery
    where d.site_folder != '' or not d.are_several
),

alike as (
    select count(distinct a.number) as shared, count(distinct a.number) filter (a.person = b.person) as same
    from people as a
    inner join people as b on a.number = b.number and a.site_folder < b.site_folder
    group by a.site_folder, b.site_folder
),

-- a folder that has a day in its name or is called after a time of year, or lies in one, may be another one tomorrow:
-- it is a site's where people differ
folders as (
    select site_folder
    from people
    where not exists(from alike where alike.same * 2 >= alike.shared)
    and (has_plain_folder or exists(from alike))
    group by site_folder
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
        -- 2.5 pg/mL and 0.0025 ng/mL are one result
        coalesce(
            result.comparator || format('{:.9g}', result.value * known.factor),
            concat_ws(
                '|',
                coalesce(result.comparator || result.value, lower(cell(r.cells, 'value'))),
                coalesce(unit.unit, plain_unit(cell(r.cells, 'unit')))
            )
        )
    from raw.labs as r
    left join reading.analyte as analyte on cell(r.cells, 'analyte') = analyte.received
    left join reading.day as collected on cell(r.cells, 'collected_on') = collected.received
    left join reading.number as result on cell(r.cells, 'value') = result.received
    left join reading.unit as unit on cell(r.cells, 'unit') = unit.received
    left join setup.units as known
        on analyte.analyte = known.analyte
        and plain_unit(coalesce(unit.unit, cell(r.cells, 'unit'), analyte.unit, result.unit)) = known.unit
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
        if(contact.received is null and status.value = 'dead', died.day, contact.day),
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

-- what a line says is a hash from here on: the cells of all lines would take most of the memory
placed as (
    select
        r.* exclude (cells, problem, decisive),
        -- a line whose cells may have shifted says nothing that another one could repeat
        md5(list_sort(map_entries(r.cells))::varchar || coalesce(r.problem, '')) as content,
        md5(r.decisive || coalesce(r.problem, '')) as decisive_content,
        if(r.table_name = 'patients', person_of(r.cells), null) as person,
        d.position,
        d.delivered_on,
        d.generation,
        -- folders that are no sites hold one registry twice, wherever their day stands: what they say was said together
        if(folders.site_folder is null and d.site_folder != '', replace(d.folder, d.site_folder, ''), d.folder) as folder,
        d.landed_at,
        d.arrived_at,
        d.first_landing,
        -- the site of the line, where sites tell patients apart
        coalesce(if(w.sites_are_written, cell(r.cells, 'site_id'), null), folders.site_folder, '') as site_written,
        cell(r.cells, 'patient_id') as number
    from read_lines as r
    inner join delivered as d on r.delivery = d.delivery
    cross join written as w
    left join folders on d.site_folder = folders.site_folder
),

-- a site is one in capital and small letters; as it was spelt first, so that its patients stay who they are
spelt as (
    select
        lower(site_written) as site_key,
        min_by(site_written, (arrived_at, first_landing, position, line)) as site_said,
        list(distinct site_written) as spellings
    from placed
    group by site_key
),

persons as (
    select distinct
        number,
        lower(site_written) as site_key,
        person
    from placed
    where table_name = 'patients' and number is not null
),

-- patients without a site are of one of their own where most people of their numbers are others than at the sites
nameless as (
    select distinct p.number
    from persons as p
    where p.site_key = '' and (
        select count(distinct n.number) filter (n.person = s.person) * 2 < count(distinct n.number)
        from persons as n
        inner join persons as s on n.number = s.number
        where n.site_key = '' and s.site_key != ''
    )
),

-- a line without a site is of the only site that has its number
only_site as (
    select number, min(site_said) as site
    from placed
    inner join spelt on lower(site_written) = spelt.site_key
    where table_name = 'patients' and site_said != '' and number is not null and number not in (from nameless)
    group by number
    having count(distinct site_said) = 1
),

located as (
    select
        p.* exclude (site_written),
        coalesce(nullif(s.site_said, ''), o.site, '') as site
    from placed as p
    inner join spelt as s on lower(p.site_written) = s.site_key
    left join only_site as o on p.number = o.number
),

-- numbers of one person (merged_patients.csv in the home)
merged as (
    select
        m.from_number,
        coalesce(from_site.site_said, nullif(m.from_site, ''), earlier.site, '') as from_site,
        patient_key(m.to_number, coalesce(to_site.site_said, nullif(m.to_site, ''), later.site, '')) as patient
    from raw.merged_patients as m
    left join spelt as from_site on m.from_site != '' and lower(m.from_site) = from_site.site_key
    left join spelt as to_site on m.to_site != '' and lower(m.to_site) = to_site.site_key
    left join only_site as earlier on m.from_number = earlier.number
    left join only_site as later on m.to_number = later.number
),

-- before sites told patients apart, a number was of the site from which it came first
came_first as (
    select number, min_by(site, (arrived_at, first_landing, position, line)) as site
    from located
    where table_name = 'patients' and number is not null
    group by number
),

-- the export that the lines of a file are of, and the files that came with it: of each of its sites
exported as (
    select
        table_name,
        site,
        delivery,
        max(position) over (partition by table_name, site, delivered_on, generation) as batch,
        max(position) over (partition by table_name, site, delivered_on, generation, folder, landed_at) as together
    from (
        select distinct table_name, site, delivery, position, delivered_on, generation, folder, landed_at
        from located
    ) as files
),

keyed as (
    select
        l.*,
        coalesce(m.patient, patient_key(l.number, l.site)) as patient,
        b.batch,
        -- of two files that came together none is the newer one
        b.together,
        -- a line without its key cannot be matched to another one: it is a record of its own
        if(
            l.number is null or list_count(l.natural_key) < len(l.natural_key),
            l.delivery || ':' || l.line,
            array_to_string(list_prepend(coalesce(m.patient, patient_key(l.number, l.site)), l.natural_key), '|')
        ) as record_key,
        -- of another person once, or of a number alone
        case
            when l.number is null or list_count(l.natural_key) < len(l.natural_key) then null
            when m.patient is not null or l.site != '' then list_transform(
                list_filter(
                    [patient_key(l.number, l.site), if(f.site = l.site, l.number, null)],
                    lambda one: one != coalesce(m.patient, patient_key(l.number, l.site))
                ),
                lambda one: array_to_string(list_prepend(one, l.natural_key), '|')
            )
        end as keys_before
    from located as l
    left join came_first as f on l.number = f.number
    inner join exported as b on l.delivery = b.delivery and l.table_name = b.table_name and l.site = b.site
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

-- who was struck out before sites told patients apart is of the site from which the number came first; who was struck out
-- of a site in another spelling (that of all once was the first in the alphabet) is of the site
struck as (
    select s.patient from raw.struck_patients as s
    union
    select patient_key(f.number, f.site)
    from came_first as f
    inner join raw.struck_patients as s on f.number = s.patient
    union
    select patient_key(o.number, o.site)
    from (
        select distinct l.number, l.site, unnest(w.spellings) as spelling
        from located as l
        inner join spelt as w on l.site = w.site_said
        where len(w.spellings) > 1 and l.number is not null
    ) as o
    inner join raw.struck_patients as s on patient_key(o.number, o.spelling) = s.patient
)

select
    table_name,
    delivery,
    line,
    position,
    delivered_on,
    batch,
    together,
    site,
    number,
    patient,
    left(md5(table_name || '|' || record_key), 12) as record,
    list_transform(keys_before, lambda one: left(md5(table_name || '|' || one), 12)) as records_before,
    coalesce(part, '') as part,
    day,
    content,
    decisive_content,
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
comment on column staging.received.together is 'Files of it that lay in one folder and arrived together: position of the last of them';
comment on column staging.received.site is 'Site, where a patient is known by site and number; else empty';
comment on column staging.received.number is 'Pseudonym of the registry''s number';
comment on column staging.received.patient is 'Pseudonym of the patient';
comment on column staging.received.record is 'Key of the record that the line is a version of';
comment on column staging.received.records_before is 'Keys of the record before sites told patients apart, or its number was merged into another one';
comment on column staging.received.part is 'Which part of the record it is, of a drug that was given in several courses';
comment on column staging.received.day is 'Day that it speaks of';
comment on column staging.received.content is 'Hash of what the line says, in any order of columns';
comment on column staging.received.decisive_content is 'Hash of what two lines of one record must not say differently';
comment on column staging.received.is_withdrawn is 'Whether the patient withdrew consent, or was struck out: no line is used';
comment on column staging.received.is_struck is 'Whether the patient was struck out as one who never was (il6 strike)';
