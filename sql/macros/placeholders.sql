-- Whether a received text is a day that stands for an unknown one (1900-01-01 and the like).
create or replace macro is_placeholder(received_day) as
exists(
    from reading.day as day where day.received = received_day and day.problem = 'placeholder'
);
