-- raw.column_changes: what the last export of each series changed of its columns: one vanished, new ones, another list of codes.
-- An export follows that earlier one of its table and profile in which most of its patients were last held, where these
-- are half of either; the series is what it follows, what that one follows, and so on. Files of a day that arrive together
-- are one delivery (deaths beside last contacts): none follows another.
create or replace table raw.column_changes as
with recursive
arrived as (
    select 'patients' as table_name, delivery, line, cells from raw.patients
    union all
    select 'treatments', delivery, line, cells from raw.treatments
    union all
    select 'labs', delivery, line, cells from raw.labs
    union all
    select 'assessments', delivery, line, cells from raw.assessments
    union all
    select 'follow_up', delivery, line, cells from raw.follow_up
    union all
    select 'outcomes', delivery, line, cells from raw.outcomes
),

-- a table of a file, of however many sheets and columns it was made
exports as (
    select
        coalesce(source, delivery) as export,
        table_name,
        coalesce(profile, 'native') as profile,
        min(position) as position,
        dense_rank() over (order by min(delivered_on), min(arrived_at)) as batch,
        min(regexp_replace(file, if(source is null, '^$', ' \([^()]*\)$'), '')) as file,
        sum(lines) as lines,
        list(delivery) as deliveries
    from raw.deliveries
    where position is not null
    group by coalesce(source, delivery), table_name, coalesce(profile, 'native')
),

made_of as (
    select
        export,
        table_name,
        unnest(deliveries) as delivery
    from exports
),

held as (
    select distinct
        m.export,
        a.table_name,
        a.cells['patient_id'] as patient
    from arrived as a
    inner join made_of as m on a.delivery = m.delivery and a.table_name = m.table_name
),

sizes as (
    select export, table_name, count(*) as patients from held group by export, table_name
),

known_before as (
    select
        h.export,
        h.table_name,
        arg_max(h.export, e.position) over (
            partition by h.table_name, e.profile, h.patient
            order by e.batch range between unbounded preceding and 1 preceding
        ) as earlier
    from held as h
    inner join exports as e on h.export = e.export and h.table_name = e.table_name
),

shared as (
    select export, table_name, earlier, count(*) as patients
    from known_before
    where earlier is not null
    group by export, table_name, earlier
),

follows as (
    select
        s.table_name,
        s.export,
        arg_max(s.earlier, s.patients) as earlier,
        max(s.patients) * 2 >= arg_max(was.patients, s.patients) as is_full
    from shared as s
    inner join sizes as its on s.export = its.export and s.table_name = its.table_name
    inner join sizes as was on s.earlier = was.export and s.table_name = was.table_name
    where s.patients * 2 >= least(its.patients, was.patients)
    group by s.table_name, s.export
),

before as (
    select table_name, export, earlier from follows
    union all
    select b.table_name, b.export, f.earlier
    from before as b
    inner join follows as f on b.table_name = f.table_name and b.earlier = f.export
),

-- only the last export of a series is judged: a whole one puts the matter right
judged as (
    select e.*, coalesce(f.is_full, false) as is_full
    from exports as e
    left join follows as f on e.table_name = f.table_name and e.export = f.export
    where not exists(from follows as later where e.table_name = later.table_name and e.export = later.earlier)
),

columns as (
    select m.export, m.table_name, c.column_name, bool_or(c.is_read) as is_read, sum(c.filled) as filled
    from made_of as m
    inner join raw.columns as c on m.delivery = c.delivery
    group by m.export, m.table_name, c.column_name
),

columns_before as (
    select
        b.table_name,
        b.export,
        c.column_name,
        bool_or(c.is_read) as is_read,
        max(c.filled) as filled,
        arg_max(e.file, if(c.filled > 0, e.position, 0)) as file,
        max(c.filled / e.lines) as share
    from before as b
    inner join columns as c on b.table_name = c.table_name and b.earlier = c.export
    inner join exports as e on b.table_name = e.table_name and b.earlier = e.export
    group by b.table_name, b.export, c.column_name
),

vanished as (
    select j.export, j.table_name, w.column_name, 'vanished' as change, w.filled as n, null as line, w.file as file_before
    from judged as j
    inner join columns_before as w on j.table_name = w.table_name and j.export = w.export
    left join columns as c
        on j.table_name = c.table_name and j.export = c.export and w.column_name = c.column_name
    where w.is_read and w.filled > 0 and j.lines > 0
    and (c.export is null or (c.filled = 0 and j.is_full and w.filled >= 5 and w.share >= 0.1))
),

-- columns that are not read; of a profile's file they stand in its sheets, before tables were made of it
unread as (
    select distinct j.export, j.table_name, c.column_name
    from judged as j
    inner join raw.columns as c on j.export = c.delivery
    where not c.is_read
),

new as (
    select u.export, min(u.table_name) as table_name, u.column_name, 'new' as change, 0 as n, null as line, null as file_before
    from unread as u
    where not exists(
        from before as b
        inner join raw.columns as c on b.earlier = c.delivery
        where b.export = u.export and b.table_name = u.table_name and c.column_name = u.column_name
    )
    group by u.export, u.column_name
),

coded as (
    from (values
    ('patients', 'sex'), ('patients', 'site_id'), ('patients', 'primary_site'), ('patients', 'metastasis_timing'),
    ('patients', 'extrahepatic'), ('patients', 'primary_resected'), ('patients', 'ras_status'), ('patients', 'braf_status'),
    ('treatments', 'drug'),
    ('labs', 'analyte'), ('labs', 'unit'), ('assessments', 'response'), ('follow_up', 'vital_status'), ('follow_up', 'cause_of_death'),
    ('outcomes', 'endpoint'), ('outcomes', 'unit'), ('outcomes', 'event')) as c (table_name, column_name)
),

-- a text is read once in each export, not in each line
texts as (
    select m.export, a.table_name, k.column_name, a.cells[k.column_name] as received, count(*) as n, min(a.line) as line
    from arrived as a
    inner join made_of as m on a.delivery = m.delivery and a.table_name = m.table_name
    inner join coded as k on a.table_name = k.table_name
    group by m.export, a.table_name, k.column_name, received
),

codes as (
    select
        export, table_name, column_name, lower(cell(map {column_name: received}, column_name)) as code,
        sum(n) as n, min(line) as line
    from texts
    where cell(map {column_name: received}, column_name) is not null
    group by export, table_name, column_name, code
),

codes_before as (
    select b.table_name, b.export, c.column_name, c.code, arg_max(e.file, e.position) as file
    from before as b
    inner join codes as c on b.table_name = c.table_name and b.earlier = c.export
    inner join exports as e on b.table_name = e.table_name and b.earlier = e.export
    group by b.table_name, b.export, c.column_name, c.code
),

-- a unit that results are converted from is none that has to be explained; whether values go with it the rule book asks
convertible as (
    select distinct unit from setup.units
),

recoded as (
    select
        j.export, j.table_name, c.column_name, 'recoded' as change,
        sum(if(w.code is null and u.unit is null, c.n, 0)) as n,
        min(if(w.code is null and u.unit is null, c.line, null)) as line,
        (
            select max(known.file) from codes_before as known
            where known.table_name = j.table_name and known.export = j.export and known.column_name = c.column_name
        ) as file_before
    from judged as j
    inner join codes as c on j.table_name = c.table_name and j.export = c.export
    left join codes_before as w
        on j.table_name = w.table_name and j.export = w.export and c.column_name = w.column_name and c.code = w.code
    left join convertible as u on j.table_name = 'labs' and c.column_name = 'unit' and plain_unit(c.code) = u.unit
    where j.is_full
    group by j.export, j.table_name, c.column_name
    having sum(c.n) >= 10 and n * 2 > sum(c.n) and file_before is not null
)

select
    e.file,
    c.table_name,
    c.column_name,
    c.change,
    case c.change
        when 'vanished' then
            'lacks the column ' || c.column_name || ', or has nothing in it; ' || c.file_before || ' had it filled in '
            || c.n || ' lines: export it again with it, or name it in quality.changed_columns of the study file'
        when 'recoded' then
            c.n || ' lines have codes of ' || c.column_name || ' that no export before had (as ' || c.file_before
            || '), the first of them line ' || c.line || '; export it again with the codes of before, map them in a profile, or name the column in '
            || 'quality.changed_columns of the study file'
        else
            'the column is not read: it is neither of the format nor a covariate of the study file; where it is '
            || 'needed, name it there or in the profile; its values stay in the export as it was kept'
    end as sentence,
    c.export as delivery
from (from vanished union all by name from new union all by name from recoded) as c
inner join exports as e on c.export = e.export and c.table_name = e.table_name
cross join setup.settings as settings
where c.change = 'new' or not list_contains(settings.changed_columns, c.column_name)
order by c.change, e.position, c.table_name, c.column_name;

comment on table raw.column_changes is 'What the last export of each series changed of its columns';
comment on column raw.column_changes.file is 'Export file';
comment on column raw.column_changes.table_name is 'Native table';
comment on column raw.column_changes.column_name is 'Column: of the native table, or, where it is new, of the export';
comment on column raw.column_changes.change is 'vanished (an earlier export had it filled), new (is not read) or recoded (most codes are new)';
comment on column raw.column_changes.sentence is 'What is to be done about it';
comment on column raw.column_changes.delivery is 'SHA-256 of the file';
