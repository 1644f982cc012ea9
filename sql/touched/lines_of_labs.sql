-- The lines that the rules of the results in `lines_judged` read: all of their records, and those of patients.
with
records as (
    select l.record
    from staging.lines as l
    semi join lines_judged as j on l.delivery = j.delivery and l.line = j.line
    where l.table_name = 'labs'
)

from staging.lines as l
semi join records as r on l.record = r.record
where l.table_name = 'labs'
union all
from staging.lines as l
where l.table_name = 'patients'
