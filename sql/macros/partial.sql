-- A day of which only the month or the year is known, between its first and last day.

-- What is taken for it by a rule (start, middle, end); null where it is no month or year, or the rule takes none.
create or replace macro imputed_day(earliest, latest, rule) as
case
    when earliest = date_trunc('month', earliest) and latest = last_day(earliest)
    then case rule when 'start' then earliest when 'middle' then earliest + 14 when 'end' then latest end
    when earliest = date_trunc('year', earliest) and latest = last_day((earliest + interval 11 month)::date)
    then
        case rule
            when 'start' then earliest when 'middle' then make_date(year(earliest), 6, 30) when 'end' then latest
        end
end::date;

-- ADaM's --DTF of a day: D where the day was imputed, M where the month was too; null where it is known.
create or replace macro imputed_part(earliest, latest) as
case
    when latest > earliest + 30 then 'M'
    when latest > earliest then 'D'
end;
