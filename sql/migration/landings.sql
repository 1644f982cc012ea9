-- When which file was delivered, as the first edition's raw.deliveries knows it: the ledger of deliveries is made of it.
select
    row_number() over (order by min(sequence)) as landing,
    first(regexp_replace(file, ' \([^()]*\)$', '') order by sequence) as file,
    coalesce(source, delivery) as content,
    min(delivered_on) as delivered_on,
    min(arrived_at) as arrived_at,
    0 as generation
from raw.deliveries
group by coalesce(source, delivery)
order by landing
