-- Whether the day of an export lies ahead of another day: its folder is misnamed, or the clock was wrong. An export may be
-- named after the end of its month.
create or replace macro lies_ahead(delivered_on, today) as delivered_on > today::date + 31;

-- The ledger, and why the day of a landing is in doubt (lies_ahead, clock_went_back), null where it is not. A day lay ahead
-- of the latest time that the clock had shown until then; or the clock was ahead itself, so that both lie ahead today. A
-- day that is the clock's own is in doubt too where earlier landings are of a later time.
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
        when abs(j.delivered_on - j.arrived_at::date) <= 1 and j.arrived_at + interval 1 day < j.shown then 'clock_went_back'
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
