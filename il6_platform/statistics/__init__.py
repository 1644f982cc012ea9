"""Pure statistics on arrays and data frames; knows nothing of Dagster, DuckDB or files."""
