-- validation.shared_records: how many records two exports of a table share, and how many of these say the same in both.
-- A pair of an export with itself gives its size. Who withdrew consent is not counted: such a patient may be gone.
with
held as (
    select
        table_name,
        record,
        position,
        sum(hash(content)::hugeint) as content
    from staging.lines
    where status != 'withdrawn'
    group by table_name, record, position
),

compared as (
    select
        *,
        lag(content) over (partition by table_name, record order by position) as content_before
    from held
),

versioned as (
    select
        *,
        sum(if(content is distinct from content_before, 1, 0)) over (partition by table_name, record order by position) as version
    from compared
),

-- records with the same past are counted together: pairs are then few, however many records there are
pasts as (
    select
        table_name,
        past,
        count(*) as records
    from (
        select table_name, list({'position': position, 'version': version} order by position) as past
        from versioned
        group by table_name, record
    ) as of_a_record
    group by table_name, past
),

opened as (
    select
        table_name,
        past,
        records,
        unnest(past) as later
    from pasts
),

pairs as (
    select
        table_name,
        records,
        later,
        unnest(past) as earlier
    from opened
)

select
    table_name,
    later['position'] as later,
    earlier['position'] as earlier,
    sum(records)::bigint as shared,
    coalesce(sum(records) filter (where later['version'] = earlier['version']), 0)::bigint as unchanged
from pairs
where earlier['position'] <= later['position']
group by all
order by all;
