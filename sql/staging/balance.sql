-- staging.balance: every line of every delivery in the cut stands in exactly one place, or is unaccounted for.
-- What was received is counted in the files as they were opened, before a profile made tables of them (raw.deliveries, raw.sources).
-- Lines that were erased (il6 forget) are counted by their number in the file, which is all that is left of them.
-- The places are counted where the lines are, not where they should be: in the staging tables themselves, on the worklist, in staging.lines.
create or replace table staging.balance as
with
arrived as (
    select 'patients' as table_name, delivery, line from raw.patients
    union all
    select 'treatments', delivery, line from raw.treatments
    union all
    select 'labs', delivery, line from raw.labs
    union all
    select 'assessments', delivery, line from raw.assessments
    union all
    select 'follow_up', delivery, line from raw.follow_up
    union all
    select 'outcomes', delivery, line from raw.outcomes
    union all
    select table_name, delivery, line from raw.erased
),

in_the_cut as (
    select
        a.table_name,
        a.delivery,
        a.line
    from arrived as a
    inner join raw.deliveries as d on a.delivery = d.delivery
    where d.position is not null
),

places as (
    select 'patients' as table_name, delivery, file_line as line, 'current' as place from staging.patients
    union all
    select 'treatments', delivery, file_line as line, 'current' from staging.treatments
    union all
    select 'labs', delivery, file_line as line, 'current' from staging.labs
    union all
    select 'assessments', delivery, file_line as line, 'current' from staging.assessments
    union all
    select 'follow_up', delivery, file_line as line, 'current' from staging.follow_up
    union all
    select 'outcomes', delivery, file_line as line, 'current' from staging.outcomes
    union all
    select distinct table_name, delivery, file_line, 'quarantined'
    from staging.quarantine
    where severity = 'quarantine'
    union all
    select table_name, delivery, line, status
    from staging.lines
    where status != 'latest'
    union all
    select e.table_name, e.delivery, e.line, 'forgotten'
    from raw.erased as e
    inner join raw.deliveries as d on e.delivery = d.delivery
    where d.position is not null
),

lines as (
    select
        coalesce(a.table_name, p.table_name) as table_name,
        if(count(*) = 1 and count(a.line) = 1 and count(p.place) = 1, min(p.place), 'unaccounted') as place
    from in_the_cut as a
    full join places as p on a.table_name = p.table_name and a.delivery = p.delivery and a.line = p.line
    group by coalesce(a.table_name, p.table_name), coalesce(a.delivery, p.delivery), coalesce(a.line, p.line)
),

counted as (
    select
        table_name,
        count(*) as received,
        count(*) filter (where place = 'current') as current,
        count(*) filter (where place = 'superseded') as superseded,
        count(*) filter (where place = 'duplicate') as duplicate,
        count(*) filter (where place = 'removed') as removed,
        count(*) filter (where place = 'quarantined') as quarantined,
        count(*) filter (where place = 'withdrawn') as withdrawn,
        count(*) filter (where place = 'forgotten') as forgotten,
        count(*) filter (where place = 'unaccounted') as unaccounted
    from lines
    group by table_name
),

-- lines of an export that never reached its raw table, or stand there and were not counted in it
never_raw as (
    select
        d.table_name,
        abs(d.lines - count(a.line)) as n
    from raw.deliveries as d
    left join arrived as a on d.delivery = a.delivery and d.table_name = a.table_name
    where d.position is not null
    group by d.delivery, d.table_name, d.lines
),

missed as (
    select table_name, sum(n) as n from never_raw group by table_name
),

-- lines of the sheets of which native tables were made: each is in one of these, or passed over for a reason
taken as (
    select distinct
        d.source,
        d.sheet,
        a.line
    from arrived as a
    inner join raw.deliveries as d on a.delivery = d.delivery and a.table_name = d.table_name
    where d.source is not null
),

of_sheets as (
    select
        s.lines,
        (select count(*) from taken where taken.source = s.source and taken.sheet = s.sheet) as taken,
        (
            -- what has no line is a column or a whole sheet
            select count(p.line)
            from raw.passed_over as p
            anti join taken on p.source = taken.source and p.sheet = taken.sheet and p.line = taken.line
            where p.source = s.source and p.sheet = s.sheet
        ) as passed_over
    from raw.sources as s
    where exists(from raw.deliveries as d where d.source = s.source and d.position is not null)
)

select
    m.table_name,
    coalesce(c.received, 0) + m.n as received,
    coalesce(c.current, 0) as current,
    coalesce(c.superseded, 0) as superseded,
    coalesce(c.duplicate, 0) as duplicate,
    coalesce(c.removed, 0) as removed,
    coalesce(c.quarantined, 0) as quarantined,
    coalesce(c.withdrawn, 0) as withdrawn,
    coalesce(c.forgotten, 0) as forgotten,
    0 as passed_over,
    coalesce(c.unaccounted, 0) + m.n as unaccounted
from missed as m
left join counted as c on m.table_name = c.table_name
where m.n > 0 or c.received > 0
union all by name
select
    '(no table)' as table_name,
    sum(passed_over + abs(lines - taken - passed_over)) as received,
    0 as current, 0 as superseded, 0 as duplicate, 0 as removed, 0 as quarantined, 0 as withdrawn, 0 as forgotten,
    sum(passed_over) as passed_over,
    sum(abs(lines - taken - passed_over)) as unaccounted
from of_sheets
having sum(lines) != sum(taken)
order by table_name;

comment on table staging.balance is 'What became of the lines that were received: each stands in exactly one column';
comment on column staging.balance.table_name is 'Native table';
comment on column staging.balance.received is 'Lines received in the deliveries of the cut';
comment on column staging.balance.current is 'In the staging table';
comment on column staging.balance.superseded is 'Amended by a later delivery';
comment on column staging.balance.duplicate is 'Said the same as another line';
comment on column staging.balance.removed is 'No longer in the full export that holds the patient';
comment on column staging.balance.quarantined is 'Set aside: on the worklist';
comment on column staging.balance.withdrawn is 'Of a patient who withdrew consent';
comment on column staging.balance.forgotten is 'Erased on request (il6 forget)';
comment on column staging.balance.passed_over is 'Of a profile''s file: says nothing of any table, for a reason (raw.passed_over)';
comment on column staging.balance.unaccounted is 'In no place or in two: a fault of the platform';
