-- What staging.labs rests on, now that it is judged; `incoming` has the lines that broke a rule.
delete from touched.broken_labs;
insert into touched.broken_labs select delivery, file_line from incoming;
delete from touched.patients;
insert into touched.patients select patient_id, says from patients_now;
delete from touched.lab_exports;
insert into touched.lab_exports select site, batch, then_full from staging.exports where table_name = 'labs';
delete from touched.lines;
