-- validation.open_items: how many lines of which site, table and delivery break which rule, and what they cost the studies. Counts only.
with
costs as (
    select table_name, delivery, file_line, min(sentence) as cost
    from study.decisive
    group by table_name, delivery, file_line
)

select
    coalesce(l.site, '') as site,
    p.table_name,
    p.rule,
    p.severity,
    min(p.rule_says) as sentence,
    d.delivered_on,
    count(*) as lines,
    count(distinct p.patient_id) as patients,
    count(distinct p.patient_id) filter (where costs.cost is not null) as costs_patients,
    min(costs.cost) as cost
from staging.problems as p
inner join raw.deliveries as d on p.delivery = d.delivery
left join staging.lines as l on p.table_name = l.table_name and p.delivery = l.delivery and p.file_line = l.line
left join costs on p.table_name = costs.table_name and p.delivery = costs.delivery and p.file_line = costs.file_line
group by all
order by costs_patients desc, list_position(['quarantine', 'cell', 'warn', 'info'], any_value(p.severity)), p.table_name, p.rule, delivered_on;
