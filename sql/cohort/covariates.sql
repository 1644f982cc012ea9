-- cohort.covariates: the study file's covariates of each patient as received, typed by their kind; one row each.
create or replace table cohort.covariates as
select
    s.patient_id as "USUBJID",
    c.name as "NAME",
    c.kind as "KIND",
    if(c.kind = 'number', plain_number(cell(r.cells, c.name)), null) as "AVAL",
    if(c.kind = 'category', cell(r.cells, c.name), null) as "AVALC"
from staging.patients as s
inner join raw.patients as r on s.delivery = r.delivery and s.file_line = r.line
cross join study.covariates as c
where c.name not in ('age', 'sex')
order by s.patient_id, c.name;

comment on table cohort.covariates is 'Covariates of each patient, one row each; columns of ADSL are made of it';
comment on column cohort.covariates."USUBJID" is 'Unique subject identifier (pseudonym)';
comment on column cohort.covariates."NAME" is 'Covariate as the study file names it, lower case';
comment on column cohort.covariates."KIND" is 'number or category';
comment on column cohort.covariates."AVAL" is 'Value of a number';
comment on column cohort.covariates."AVALC" is 'Value of a category';
