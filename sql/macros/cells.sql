-- How a received cell is read; every staging table reads its cells through these, and raw keeps them as they came.
-- What could be read in two ways (05/03/2021, 12,5) is not read: a profile says which way a registry writes.

-- Text with full-width signs as plain ones, and trimmed.
create or replace macro plain_text(received) as
if(
    strlen(received) = length(received),
    trim(received),
    trim(translate(
        received,
        '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～　  ≤≥',
        '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~   <>'
    ))
);

-- What people and programs write where nothing is known.
create or replace macro is_missing_code(plain) as
lower(plain) in (
    '', 'na', 'n/a', '#n/a', 'n.a.', 'nd', 'n.d.', 'nan', 'null', '.', '-', '--', '/', '-99', '-999', '-99.0', '-999.0',
    '未检出', '未检测', '未查', '未测', '不详', '未知', '缺失'
);

-- A cell, or null where it is empty or says that nothing is known; NA may be a site, sodium or a number.
create or replace macro cell(cells, name) as
if(
    is_missing_code(plain_text(cells[name]))
    and (name not in ('patient_id', 'site_id', 'analyte', 'drug') or plain_text(cells[name]) = ''),
    null,
    plain_text(cells[name])
);

-- The cells of a line by the names of their columns; an empty one is left out.
create or replace macro filled_cells(names, texts) as
map_from_entries(list_filter(list_zip(names, texts), lambda entry: entry[2] is not null));

-- A day: the year in four digits before month and day, a month by its English name, or an Excel serial; a time behind it is left out.
create or replace macro iso_date(received) as
case
    when regexp_full_match(received, '\d{4}-\d{2}-\d{2}') then try_cast(received as date)
    when regexp_full_match(received, '[1-6]\d{4}(\.\d*)?') then date '1899-12-30' + try_cast(split_part(received, '.', 1) as integer)
    when
        regexp_full_match(
            received,
            '(\d{4}([-/.])\d{1,2}([-/.])\d{1,2}|\d{4}年\d{1,2}月\d{1,2}日|\d{8}'
            || '|\d{1,2}[- ]?[A-Za-z]{3}[- ]?\d{4}|[A-Za-z]{3} \d{1,2}, \d{4})([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?'
        )
    then
        try_strptime(
            regexp_replace(received, '[ T]\d{1,2}:\d{2}.*$', ''),
            ['%Y-%m-%d', '%Y/%m/%d', '%Y.%m.%d', '%Y年%m月%d日', '%Y%m%d', '%d-%b-%Y', '%d %b %Y', '%d%b%Y', '%b %d, %Y']
        )::date
end;

-- A number in plain or exponent notation, its thousands parted in a way that no decimal comma is; or null.
create or replace macro plain_number(received) as
case
    when regexp_full_match(received, '[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?')
    then if(isfinite(try_cast(received as double)), try_cast(received as double), null)
    when regexp_full_match(received, '[-+]?\d{1,3}((,\d{3})+\.\d+|(,\d{3}){2,}|([ '']\d{3})+(\.\d+)?)')
    then try_cast(regexp_replace(received, '[, '']', '', 'g') as double)
end;

-- A laboratory result, or the assay's limit where the result lies beyond it (<1.5, >= 5000).
create or replace macro result_number(received) as plain_number(regexp_replace(received, '^[<>]=?\s*', ''));

-- What makes a day or a whole number the same however it is written; what cannot be read stands for itself.
create or replace macro day_key(received) as coalesce(iso_date(received)::varchar, received);

-- The time of day behind a day, or null; midnight is what programs write where no time is known.
create or replace macro clock_of(received) as
nullif(nullif(regexp_replace(regexp_extract(received, '\d[ T]+(\d{1,2}:\d{2}(:\d{2})?)', 1), '^0?0:00(:00)?$', ''), ''), null);

-- What makes a moment the same: its day and, where it is said, the time of day.
create or replace macro moment_key(received) as concat_ws(' ', day_key(received), clock_of(received));

-- What makes a result the same however it is written, <x and >x too.
create or replace macro number_text(received) as
coalesce(regexp_extract(received, '^[<>]') || result_number(received), lower(received));

create or replace macro whole_number(received) as
if(regexp_full_match(received, '[-+]?\d+(\.0*)?'), try_cast(try_cast(received as double) as integer), null);

create or replace macro number_key(received) as coalesce(whole_number(received)::varchar, received);

-- An analyte by the name that study.analytes gives it; one that is not there keeps its own, in lower case.
create or replace macro analyte_of(received) as
coalesce(
    (
        select a.analyte from study.analytes as a
        where a.name = regexp_replace(lower(nfc_normalize(received)), '[^\p{L}\p{N}]', '', 'g')  -- noqa: RF03
    ),
    lower(received)
);

-- Months as the study counts them: days / 30.4375, no day added.
create or replace macro months_between(first_day, last_day) as
date_diff('day', first_day, last_day) / 30.4375;

-- A unit as study.units writes it: lower case, no spaces, micro as u.
create or replace macro plain_unit(received) as
replace(replace(lower(regexp_replace(nfc_normalize(received), '\s+', '', 'g')), 'µ', 'u'), 'μ', 'u');

-- A name without case, blanks and signs: IL-6 and il 6 are the same one.
create or replace macro plain_name(received) as
regexp_replace(lower(received), '[^\p{L}\p{N}]', '', 'g');

-- A day that programs write where none is known.
create or replace macro is_placeholder(day) as
day in (date '1900-01-01', date '1970-01-01');
