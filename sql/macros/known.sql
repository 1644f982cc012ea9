-- Whether a day lies within the follow-up that is asked for (il6 refresh --as-of DATE --censor); all of it by default.
create or replace macro is_known(day) as
day <= coalesce((select settings.censored_on from study.settings as settings), 'infinity'::date);

-- A day, or the last one of that follow-up where it lies beyond.
create or replace macro last_known(day) as
least(day, coalesce((select settings.censored_on from study.settings as settings), 'infinity'::date));
