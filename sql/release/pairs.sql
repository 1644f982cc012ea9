-- release.pairs: which row of report.results (id) was which row of the last release (old, in the schema `earlier`).
create or replace temp table pairs as
select
    new.rowid as id,
    old.rowid as old
from report.results as new
inner join earlier.results as old
    on new.analysis = old.analysis
    and new.statistic = old.statistic
    and new.endpoint is not distinct from old.endpoint
    and new.population is not distinct from old.population
    and new.contrast is not distinct from old.contrast
    and new.grp is not distinct from old.grp
    and new.model is not distinct from old.model
    and new.term is not distinct from old.term
    and new."at" is not distinct from old."at"
    and new.method is not distinct from old.method
qualify row_number() over (partition by new.rowid order by old.rowid) = 1;
