-- Patients who are not evaluable today, on any day.
select patient_id
from cohort.decisive
