-- report.complements: hides what would give a hidden count away by subtraction; again until nothing more is hidden.
insert into hidden
with
ranked as (
    select
        f.*,
        h.id is not null as is_hidden,
        sum(if(h.id is not null, 1, 0)) over (partition by f.family) as n_hidden,
        row_number() over (partition by f.family, h.id is not null order by f.value, f.id) as place
    from families as f
    left join hidden as h on f.id = h.id and f.what = h.what
    where f.value > 0
)

select distinct id, what, false
from ranked
where not is_hidden and (n_hidden = 1 and place = 1 or n_hidden > 0 and go_together);
