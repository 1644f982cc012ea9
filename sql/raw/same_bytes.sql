-- raw.same_bytes: as what the bytes of a file (the variables file and sha256) are known, and whether they say the same in it.
-- It does in the same folder, days and capital letters aside, and in one that holds nothing but bytes of other folders:
-- that one is a copy. `here` holds the files of the landing folder.
with
landed as (
    select
        l.*,
        place_of(l.file) as place
    from raw.landings as l
),

this as (
    select place_of(getvariable('file')) as place
),

everywhere as (
    select
        sha256,
        place
    from landed
    union
    select
        sha256,
        place_of(file) as place
    from here
),

own as (
    select any_value(place) as place
    from everywhere
    group by sha256
    having count(*) = 1
),

reads as (
    select
        coalesce(source, delivery) as content,
        list_sort(list(distinct concat_ws(' ', coalesce(table_name, 'None'), coalesce(profile, 'None')))) as tables
    from raw.deliveries
    where status not in ('unrecognised', 'passed over')
    group by all
)

select
    l.content,
    r.tables,
    bool_or(l.place = this.place) or this.place not in (from own) as says_the_same,
    not exists(select 1 from landed as other where other.place = this.place) as is_new_folder,
    this.place
from landed as l
cross join this
left join reads as r on l.content = r.content
where l.sha256 = getvariable('sha256')
group by l.content, r.tables, this.place
order by max(l.delivered_on) desc, max(l.landing) desc;
