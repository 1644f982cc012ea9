-- staging.balance: every line of every delivery in the cut stands in exactly one place, or is unaccounted for.
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
)

select
    table_name,
    count(*) as received,
    count(*) filter (where place = 'current') as current,
    count(*) filter (where place = 'superseded') as superseded,
    count(*) filter (where place = 'duplicate') as duplicate,
    count(*) filter (where place = 'quarantined') as quarantined,
    count(*) filter (where place = 'withdrawn') as withdrawn,
    count(*) filter (where place = 'forgotten') as forgotten,
    count(*) filter (where place = 'unaccounted') as unaccounted
from lines
group by table_name
order by table_name;

comment on table staging.balance is 'What became of the lines that were received: each stands in exactly one column';
comment on column staging.balance.table_name is 'Native table';
comment on column staging.balance.received is 'Lines received in the deliveries of the cut';
comment on column staging.balance.current is 'In the staging table';
comment on column staging.balance.superseded is 'Amended by a later delivery';
comment on column staging.balance.duplicate is 'Said the same as another line';
comment on column staging.balance.quarantined is 'Set aside: on the worklist';
comment on column staging.balance.withdrawn is 'Of a patient who withdrew consent';
comment on column staging.balance.forgotten is 'Erased on request (il6 forget)';
comment on column staging.balance.unaccounted is 'In no place or in two: a fault of the platform';
