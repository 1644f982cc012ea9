"""The boxes of the Dagster UI: thin functions, one module a stage, the asset key is the table."""
