-- Whether the day of an export lies ahead of another day: its folder is misnamed, or the clock was wrong. An export may be
-- named after the end of its month.
create or replace macro lies_ahead(delivered_on, today) as delivered_on > today::date + 31;

-- The day in a file's path that may be the fifth of March or the third of May (05-03-2024); its parts are null without one.
create or replace macro two_way_day(file) as
try_cast(regexp_extract(
    if(regexp_matches(file, '(19|2[01])\d{2}[-_.年]?\d{1,2}[-_.月]?\d{1,2}'), '', file),
    '(?:^|\D)(0?[1-9]|1[0-2])[-_](0?[1-9]|1[0-2])[-_]((?:19|2[01])\d{2})(?:\D|$)',
    ['one', 'other', 'year']
) as struct(one integer, other integer, "year" integer));

-- Whether an export came within a month of neither of these two days: of one that did, the day of arrival is near enough.
create or replace macro is_late_for(found, arrived_on) as
found.one != found.other
and arrived_on - make_date(found."year", found.one, found.other) not between -1 and 31
and arrived_on - make_date(found."year", found.other, found.one) not between -1 and 31;

-- The ledger, and why the day of a landing is in doubt (lies_ahead, clock_went_back, may_be_two), null where it is not. A
-- day lay ahead of the latest time that the clock had shown until then; or the clock was ahead itself, so that both lie
-- ahead today. A day of arrival is in doubt where earlier landings are of a later time, or where the path has another one.
create or replace macro landings_with_doubt() as table
with judged as (
    select
        l.*,
        lies_ahead(l.delivered_on, max(l.arrived_at) over until_then)
        or (lies_ahead(l.arrived_at::date, current_date) and lies_ahead(l.delivered_on, current_date)) as is_ahead,
        max(if(lies_ahead(l.arrived_at::date, current_date), null, l.arrived_at)) over until_then as shown
    from raw.landings as l
    window until_then as (order by l.landing rows between unbounded preceding and current row)
)

select
    j.* exclude (is_ahead, shown), -- noqa: RF03
    case
        when j.is_ahead then 'lies_ahead'
        when abs(j.delivered_on - j.arrived_at::date) > 1 then null
        when j.arrived_at + interval 1 day < j.shown then 'clock_went_back'
        when is_late_for(two_way_day(j.file), j.arrived_at::date) then 'may_be_two'
    end as doubt
from judged as j;

-- Exports of the cut that were delivered under no day but one that is in doubt, and what is to be done.
create or replace macro exports_in_doubt() as table
select
    d.file,
    coalesce(d.source, d.delivery) as content,
    d.sheet,
    d.table_name,
    d.delivered_on,
    d.arrived_at,
    l.doubt as rule,
    case l.doubt
        when 'lies_ahead' then 'The day of the export lies ahead, so that no later export would amend it'
        when 'may_be_two' then 'The day in its path may be one of two, so that it would amend what is later'
        else 'The clock had gone back when it was delivered without a day, so that earlier exports would amend it'
    end || '; drop it into a folder that is named after the day of the export' as sentence
from raw.deliveries as d
inner join (
    select
        content,
        max_by(doubt, landing) as doubt
    from landings_with_doubt()
    group by content
    having bool_and(doubt is not null)
) as l on coalesce(d.source, d.delivery) = l.content
where d.position is not null
order by d.sequence;
