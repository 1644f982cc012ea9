-- validation.answers: the last answer to each problem, under the key that its record has today. Who a patient is, and with
-- it the key, changes when a second site arrives or two numbers are merged; what was answered since then counts.
with
renamed as (
    select distinct
        r.table_name,
        r.record,
        r.known_as
    from (
        select table_name, record, unnest(records_before) as known_as
        from staging.received
        where records_before is not null
    ) as r
    semi join raw.answers as a on r.table_name = a.table_name and r.known_as = a.record
),

under_todays as (
    select
        a.* replace (coalesce(k.record, a.record) as record),
        k.record is not null as is_carried
    from raw.answers as a
    left join renamed as k on a.table_name = k.table_name and a.record = k.known_as
)

select * exclude (is_carried)
from under_todays
qualify row_number() over (partition by table_name, record, rule, value_hash order by is_carried, answered_on desc) = 1;
