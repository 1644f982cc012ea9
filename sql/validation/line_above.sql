-- Lines that name no patient, and whose patient the nearest line above is of that names one: a number that is written once
-- for several lines, or stands for the one above, is of these lines too, if they are in the order in which they were written.
select
    table_name,
    delivery,
    line as file_line,
    last_value(patient ignore nulls) over (
        partition by table_name, delivery order by line rows between unbounded preceding and current row
    ) as patient_id
from staging.lines
qualify number is null and status = 'latest'
