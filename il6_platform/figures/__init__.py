"""Figures: rows of `report.results` and `report.curves` in, a matplotlib figure out."""
