"""How long a month and a year are, in days: once for SQL, statistics and texts.

Belongs here: these lengths. Does not belong here: reading a unit from a cell (`registry`), nor
which days are counted (the cohort's SQL).
"""

from __future__ import annotations

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
"""30.4375, no day added to a difference of two days."""
