-- staging.lines: every line of every delivery in the cut, and what became of it.
-- A later delivery that holds the same record amends it. A later full export that holds the patient replaces the
-- patient's records of that table: one that it does not hold is removed. It also holds a patient who is in the same
-- day's full export of patients. A patient who is in none of a later export stays in use.
-- A line that names no patient and that a later full export no longer holds has been put right there: superseded.
create or replace table staging.lines as
with
full_exports as (
    select table_name, site, batch, delivered_on
    from staging.exports
    where kind = 'full'
),

held as (
    select r.table_name, r.site, r.number, max(r.batch) as batch
    from staging.received as r
    inner join full_exports as f on r.table_name = f.table_name and r.site = f.site and r.batch = f.batch
    where r.number is not null
    group by r.table_name, r.site, r.number
),

held_as_patient as (
    select f.table_name, r.site, r.number, max(f.batch) as batch
    from staging.received as r
    inner join full_exports as p
        on p.table_name = 'patients' and r.site = p.site and r.batch = p.batch
    inner join full_exports as f on p.site = f.site and p.delivered_on = f.delivered_on
    where r.table_name = 'patients' and r.number is not null and f.table_name != 'patients'
    group by f.table_name, r.site, r.number
),

last_held as (
    select table_name, site, number, max(batch) as batch
    from (from held union all from held_as_patient) as either_way
    group by table_name, site, number
),

last_full as (
    select table_name, site, max(batch) as batch
    from full_exports
    group by table_name, site
),

-- files of one export that hold the same table, but for some records: copies of which one was corrected
several as (
    select distinct r.table_name, r.site, r.batch, r.delivery, r.number, r.record, r.part, d.arrived_at
    from staging.received as r
    inner join raw.deliveries as d on r.delivery = d.delivery
    where r.number is not null
    and (r.table_name, r.site, r.batch) in (
        select (b.table_name, b.site, b.batch)
        from staging.received as b
        group by b.table_name, b.site, b.batch
        having count(distinct b.delivery) > 1
    )
),

sizes as (
    select table_name, site, batch, delivery, count(*) as n
    from several
    group by all
),

copies as (
    select
        a.table_name,
        a.site,
        a.batch,
        a.delivery,
        b.delivery as other,
        sign(date_diff('millisecond', any_value(a.arrived_at), any_value(b.arrived_at))) as other_came_later
    from several as a
    inner join several as b
        on a.table_name = b.table_name and a.site = b.site and a.batch = b.batch
        and a.record = b.record and a.part = b.part and a.delivery != b.delivery
    inner join sizes as n on a.table_name = n.table_name and a.site = n.site and a.batch = n.batch and a.delivery = n.delivery
    inner join sizes as m on b.table_name = m.table_name and b.site = m.site and b.batch = m.batch and b.delivery = m.delivery
    group by a.table_name, a.site, a.batch, a.delivery, b.delivery
    having count(*) * 2 > greatest(any_value(n.n), any_value(m.n)) and count(distinct a.number) > 2
),

-- records that another copy does not hold, although it holds their patient
in_one_copy as (
    select
        a.table_name,
        a.delivery,
        a.record,
        a.part,
        max(c.other_came_later) as is_gone
    from several as a
    inner join copies as c
        on a.table_name = c.table_name and a.site = c.site and a.batch = c.batch and a.delivery = c.delivery
    semi join several as of_patient
        on c.table_name = of_patient.table_name and c.other = of_patient.delivery and a.number = of_patient.number
    anti join several as same
        on c.table_name = same.table_name and c.other = same.delivery and a.record = same.record and a.part = same.part
    where c.other_came_later >= 0
    group by all
),

versions as (
    select
        r.*,
        coalesce(o.is_gone = 0, false) as is_in_one_copy,
        coalesce(o.is_gone = 1, false) as is_gone,
        h.batch as held_in,
        r.number is null and r.batch < f.batch as is_put_right,
        r.together = max(r.together) over of_record as is_last,
        max(r.batch) over of_record as last_batch,
        max(r.position) over (
            partition by r.table_name, r.record
            order by r.together range between unbounded preceding and 1 preceding
        ) as position_before,
        row_number() over (
            partition by r.table_name, r.record, r.content order by r.position desc, r.line
        ) as repetition
    from staging.received as r
    left join last_held as h
        on r.table_name = h.table_name and r.site = h.site and r.number = h.number
    left join last_full as f on r.table_name = f.table_name and r.site = f.site
    left join in_one_copy as o
        on r.table_name = o.table_name and r.delivery = o.delivery and r.record = o.record and r.part = o.part
    window of_record as (partition by r.table_name, r.record)
),

-- lines of a record that say the same of what is decisive: the last one speaks
spoken as (
    select
        *,
        is_last and repetition = 1 as speaks,
        min(decisive_content) over same_part != max(decisive_content) over same_part as differs,
        count(*) over same_part > 1 as is_repeated,
        row_number() over (
            partition by table_name, record, part, together, repetition = 1 order by position desc, line desc
        ) as place
    from versions
    window same_part as (partition by table_name, record, part, together, repetition = 1)
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
    record,
    content,
    position_before,
    case
        when is_struck then 'removed'
        when is_withdrawn then 'withdrawn'
        when is_put_right then 'superseded'
        when not speaks then if(repetition > 1, 'duplicate', 'superseded')
        when not differs and place > 1 then 'duplicate'
        when last_batch < held_in or is_gone then 'removed'
        else 'latest'
    end as status,
    speaks and (differs or is_in_one_copy) as in_conflict,
    speaks and is_repeated and not differs as differs_in_details,
    if((last_batch < held_in or is_gone) and not is_struck, greatest(last_batch, held_in), null) as removed_by,
    is_struck
from spoken
order by table_name, position, line;

comment on table staging.lines is 'Every line of every delivery in the cut and what became of it';
comment on column staging.lines.table_name is 'Native table';
comment on column staging.lines.delivery is 'SHA-256 of the export file';
comment on column staging.lines.line is 'Line in the file';
comment on column staging.lines.position is 'Order of the delivery in the cut';
comment on column staging.lines.delivered_on is 'Day of the export';
comment on column staging.lines.batch is 'Export that it is of';
comment on column staging.lines.site is 'Site, where a patient is known by site and number; else empty';
comment on column staging.lines.number is 'Pseudonym of the registry''s number';
comment on column staging.lines.patient is 'Pseudonym of the patient';
comment on column staging.lines.record is 'Key of the record that the line is a version of';
comment on column staging.lines.content is 'Hash of what the line says, in any order of columns';
comment on column staging.lines.position_before is 'Order of the last delivery before this one that held the record';
comment on column staging.lines.status is
'latest, superseded (amended later), duplicate (says the same again), removed (no longer in the patient''s full export) or withdrawn (consent)';
comment on column staging.lines.in_conflict is 'Files that came together hold the record twice, differently, or one of two copies of a table alone holds it';
comment on column staging.lines.differs_in_details is 'Files that came together hold the record twice, with other details that decide nothing';
comment on column staging.lines.is_struck is 'Whether the patient was struck out as one who never was';
comment on column staging.lines.removed_by is 'Full export that no longer holds the record';
