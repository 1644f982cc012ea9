-- Received cells; raw keeps them as they came. What a cell says is read once for each distinct text (schema reading);
-- plain_text and is_missing_code are made of what il6_platform/registry/cells/text.py knows.

-- A cell, or null where it is empty or says that nothing is known; NA may be a site, sodium or a number; a status may be unknown.
-- The pattern is one for all names: where names are data, one that depends on them would be compiled for each cell.
create or replace macro cell(cells, name) as
if(
    is_missing_code(plain_text(cells[name]))
    and (name not in ('patient_id', 'site_id', 'analyte', 'drug', 'vital_status') or plain_text(cells[name]) = ''),
    null,
    plain_text(cells[name])
);

-- A cell, or one of a study's own levels, which may be a word that elsewhere says that nothing is known.
create or replace macro cell_or_level(cells, name, levels) as
coalesce(cell(cells, name), list_filter(levels, lambda one: lower(one) = lower(plain_text(cells[name])))[1]);

-- Who a line of a patients export is about, as far as sex and birth say it.
create or replace macro person_of(cells) as
concat_ws('|', upper(cell(cells, 'sex')), coalesce(cell(cells, 'birth_date'), cell(cells, 'age_years')));

-- The cells of a line by the names of their columns; an empty one is left out.
create or replace macro filled_cells(names, texts) as
map_from_entries(list_filter(list_zip(names, texts), lambda entry: entry[2] is not null));

-- Whether a treatment holds all substances of a drug or regimen; a text that no dictionary holds is known by itself.
create or replace macro is_drug(substances, drug, of_drug, text_of_drug) as
drug = text_of_drug or (len(of_drug) > 0 and list_has_all(substances, of_drug));

-- Who a patient is: the registry's number alone, or site and number.
create or replace macro patient_key(number, site) as
if(site = '', number, left(sha256(site || chr(31) || number), 16));

-- The folders of a file that are called after more than a day or a kind of export, without the day, in the form of signs
-- that cells have: some systems write the dots of a letter as a sign of their own.
create or replace macro site_folders(file) as
list_filter(
    list_transform(
        string_split(regexp_replace(nfc_normalize(file), '/?[^/]*$', ''), '/'),
        lambda part: trim(regexp_replace(part, '(19|2[01])\d{2}[-_.]?\d{2}([-_.]?\d{2})?', '', 'g'), ' _-.')
    ),
    lambda part: part != '' and not regexp_full_match(lower(part), 'full|updates?|delta|corrections?|amendments?')
);

-- The folder of a day that a file lies in, however deep; empty where no folder is called after a day.
create or replace macro day_folder(file) as
regexp_extract(regexp_replace(file, '/?[^/]*$', ''), '^.*(19|2[01])\d{2}[-_.]?\d{2}[^/]*');

-- Whether a folder is called after a year, or a quarter, month, week or day of one, and nothing else.
create or replace macro is_time_of_year(folder) as
regexp_matches(folder, '(19[89]|20[0-4])\d')
and regexp_full_match(
    nfc_normalize(lower(folder)),
    '([-_., ]|\d{1,2}|q|h|kw|cw|w|wk|week|quarter|quartal|woche|[年月日号季度第周一二三四]|jan(uary|uar)?|feb(ruary|ruar)?'
    || '|mar(ch)?|märz|apr(il)?|ma[iy]|jun[ei]?|jul[iy]?|aug(ust)?|sept?(ember)?|o[ck]t(ober)?|nov(ember)?|de[cz](ember)?)+'
);

-- Where a file lies, whatever its day: a delivery that is moved under its own day is no other one.
create or replace macro place_of(file) as
lower(array_to_string(list_filter(site_folders(file), lambda folder: not is_time_of_year(folder)), '/'));

-- Months as the study counts them, no day added to the difference of two days.
create or replace macro months_between(first_day, last_day) as
date_diff('day', first_day, last_day) / days_per_month();

-- A unit as setup.units writes it: lower case, no spaces, micro as u.
create or replace macro plain_unit(received) as
replace(replace(lower(regexp_replace(nfc_normalize(received), '\s+', '', 'g')), 'µ', 'u'), 'μ', 'u');
