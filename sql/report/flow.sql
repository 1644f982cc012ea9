-- report.flow: patient flow, every patient who arrived is analysed or counted under one reason (STROBE item 13).
create or replace table report.flow as
select step, label, kind, n
from cohort.flow
order by step;

comment on table report.flow is 'Patient flow: every patient who arrived is analysed or counted under one reason';
comment on column report.flow.step is 'Order in the flow';
comment on column report.flow.label is 'Step, or reason for not being analysed';
comment on column report.flow.kind is 'arrived, excluded, analysed, or arm (of the analysed)';
comment on column report.flow.n is 'Patients';
