"""The DuckDB databases and the folders of a home."""
