"""The study's analyses: cohort and study file in, rows of `report.results` and curves out.

One module a table of the schema `analysis`, each with `analyse(cohort, study) -> Results`. They
choose populations and contrasts; the statistics are in `il6_platform.statistics`, and neither
knows of Dagster or DuckDB.
"""
