-- Lines beside patients that were read before, of numbers whose site, patient or consent is another one now (in `made`).
create or replace temp table more_lines as
with
was as (
    select number, list_sort(list(distinct [site, patient, is_withdrawn::varchar, is_struck::varchar])) as says
    from staging.received
    where table_name = 'patients' and number is not null
    group by number
),

is_now as (
    select number, list_sort(list(distinct [site, patient, is_withdrawn::varchar, is_struck::varchar])) as says
    from made
    where table_name = 'patients' and number is not null
    group by number
),

changed as (
    select coalesce(w.number, n.number) as number
    from was as w
    full join is_now as n on w.number = n.number
    where w.says is distinct from n.says
),

-- what is said of a number is said of those that were joined to it
changed_with_joined as (
    select number from changed
    union
    select m.from_number
    from raw.merged_patients as m
    semi join changed as c on m.to_number = c.number
)

select r.table_name, r.delivery, r.line
from staging.received as r
semi join changed_with_joined as c on r.number = c.number
where r.table_name != 'patients';
