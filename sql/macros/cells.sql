-- How a received cell is read; every staging table reads its cells through these.
create or replace macro cell(cells, name) as nullif(trim(cells[name]), '');

-- The cells of a line by the names of their columns; an empty one is left out.
create or replace macro filled_cells(names, texts) as
map_from_entries(list_filter(list_zip(names, texts), lambda entry: entry[2] is not null));

-- An ISO date (YYYY-MM-DD) or null.
create or replace macro iso_date(received) as
if(regexp_full_match(received, '\d{4}-\d{2}-\d{2}'), try_cast(received as date), null);

-- A number in plain or exponent notation, or null; a result at the assay's limit loses its sign.
create or replace macro plain_number(received) as
if(regexp_full_match(received, '[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?'), try_cast(received as double), null);

create or replace macro whole_number(received) as
if(regexp_full_match(received, '[-+]?\d+(\.0*)?'), try_cast(try_cast(received as double) as integer), null);

-- Months as the study counts them: days / 30.4375, no day added.
create or replace macro months_between(first_day, last_day) as
date_diff('day', first_day, last_day) / 30.4375;

-- A unit as study.units writes it: lower case, no spaces, micro as u.
create or replace macro plain_unit(received) as
replace(replace(lower(regexp_replace(nfc_normalize(received), '\s+', '', 'g')), 'µ', 'u'), 'μ', 'u');
