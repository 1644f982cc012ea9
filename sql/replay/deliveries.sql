-- The deliveries of the cut, each from its day on.
select
    position,
    is_relative,
    delivered_on as known_from
from raw.deliveries
where position is not null
