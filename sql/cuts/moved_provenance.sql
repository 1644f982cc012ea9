-- cuts.moved_provenance: which deliveries, choices of the study file, rules of the book or versions differ.
select
    coalesce(b.kind, a.kind) as kind,
    coalesce(b.name, a.name) as name,
    a.value as old,
    b.value as new
from earlier.provenance as a
full outer join later.provenance as b on a.kind = b.kind and a.name = b.name
where a.value is distinct from b.value
order by kind, name;
