-- release.pairs: which row of an earlier release (old, in the schema `earlier`) an attacker would compare with a row of
-- report.results (id). `how`: exact, the same figure; alike, the same but for a time, threshold or method that followed the data;
-- near, another one of its kind; group, of a new kind and of the same group of patients, the one with the nearest number.
create or replace temp table pairs as
with
new as (
    select rowid as id, * from report.results
),

old as (
    select rowid as id, * replace (true_n as n) from earlier.results
),

exact as (
    select new.id, old.id as old
    from new
    inner join old
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
    qualify row_number() over (partition by new.id order by old.id) = 1
),

kinds as (
    select
        'new' as side, id, n, exists(from exact where exact.id = new.id) as is_paired,
        concat_ws('|', analysis, statistic, 'e' || endpoint, 'p' || population, 'c' || contrast, 'g' || grp, 'm' || model, 't' || term) as kind,
        concat_ws('|', 'e' || endpoint, 'p' || population, 'g' || grp) as who
    from new
    union all
    select
        'old', id, n, exists(from exact where exact.old = old.id),
        concat_ws('|', analysis, statistic, 'e' || endpoint, 'p' || population, 'c' || contrast, 'g' || grp, 'm' || model, 't' || term),
        concat_ws('|', 'e' || endpoint, 'p' || population, 'g' || grp)
    from old
),

numbered as (
    select *, row_number() over (partition by side, kind order by id) as place
    from kinds
    where not is_paired
),

alike as (
    select new.id, old.id as old
    from numbered as new
    inner join numbered as old on new.kind = old.kind and new.place = old.place
    where new.side = 'new' and old.side = 'old'
),

-- what is compared by its number alone
others as (
    select * from numbered where side = 'new' and id not in (select alike.id from alike)
),

near as (
    select new.id, coalesce(arg_min(old.id, abs(new.n - old.n)), min(old.id)) as old
    from others as new
    inner join kinds as old on new.kind = old.kind and old.side = 'old'
    group by new.id
),

grouped as (
    select new.id, arg_min(old.id, abs(new.n - old.n)) as old
    from others as new
    inner join kinds as old on new.who = old.who and old.side = 'old'
    where new.id not in (select near.id from near) and new.n is not null and old.n is not null
    group by new.id
)

select *, 'exact' as how from exact
union all
select *, 'alike' from alike
union all
select *, 'near' from near
union all
select *, 'group' from grouped;
