-- raw.answers: what was answered of a record under a key that it had before is said of the key of today.
update raw.answers as a
set record = k.record
from (select distinct table_name, record, unnest(records_before) as known_as from staging.received) as k
where a.table_name = k.table_name and a.record = k.known_as and not exists(
    from raw.answers as since
    where (since.table_name, since.record, since.rule, since.value_hash) = (a.table_name, k.record, a.rule, a.value_hash)
);
