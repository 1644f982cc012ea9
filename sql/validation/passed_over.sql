-- validation.passed_over: what lay in the landing folder and is in no table, by file, sheet and reason; a line's number is listed.
select
    s.file,
    p.sheet,
    p.reason,
    count(p.line) as lines,
    array_to_string(list_slice(list_sort(list(p.line)), 1, 20), ', ') || if(count(p.line) > 20, ' ...', '') as which_lines
from raw.passed_over as p
inner join raw.sources as s on p.source = s.source and p.sheet = s.sheet
group by s.file, p.sheet, p.reason
union all
select file, '', problem, null, null
from raw.deliveries
where status = 'passed over'
order by all;
