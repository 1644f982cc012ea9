-- Whether a received text is a day that stands for an unknown one (1900-01-01 and the like).
create or replace macro is_placeholder(received_day) as
coalesce(received_day in (select day.received from reading.day as day where day.problem = 'placeholder'), false);
