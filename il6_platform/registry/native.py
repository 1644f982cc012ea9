"""The platform's own export format: six tables, their columns, and which file is which.

Belongs here: the names that an export must and may hold. Does not belong here: what a value must
look like; that is the rule book in `il6_platform.validation`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class NativeTable:
    """One file of the native format: required and optional columns."""

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


TABLES: dict[str, NativeTable] = {
    table.name: table
    for table in (
        NativeTable(
            "patients",
            ("patient_id", "sex"),
            (
                "site_id",
                "birth_date",
                "age_years",
                "diagnosis_date",
                "primary_site",
                "primary_resected",
                "metastasis_timing",
                "liver_metastases_n",
                "largest_metastasis_mm",
                "extrahepatic",
                "ras_status",
                "braf_status",
                "ecog",
                "consent_withdrawn_on",
            ),
        ),
        NativeTable(
            "treatments", ("patient_id", "line", "drug", "start_date"), ("site_id", "end_date")
        ),
        NativeTable(
            "labs", ("patient_id", "analyte", "value", "unit", "collected_on"), ("site_id",)
        ),
        NativeTable(
            "assessments",
            ("patient_id", "assessed_on", "response"),
            ("site_id", "sum_of_diameters_mm"),
        ),
        NativeTable(
            "follow_up",
            ("patient_id", "last_contact_on", "vital_status"),
            ("site_id", "died_on", "cause_of_death"),
        ),
        NativeTable("outcomes", ("patient_id", "endpoint", "time", "unit", "event"), ("site_id",)),
    )
}
"""The native tables by name (DESIGN section 3)."""


VALUES: dict[str, tuple[str, ...]] = {
    "sex": ("F", "M", "U"),
    "primary_site": ("right colon", "left colon", "rectum"),
    "primary_resected": ("Y", "N"),
    "metastasis_timing": ("synchronous", "metachronous"),
    "extrahepatic": ("Y", "N"),
    "ras_status": ("wild-type", "mutant"),
    "response": ("CR", "PR", "SD", "PD", "NE"),
    "vital_status": ("alive", "dead", "lost", "unknown"),
    "event": ("Y", "N"),
}
"""The values of columns that have a list of them, as the rule book has it."""


LEVELS: dict[str, tuple[str, ...]] = VALUES | {
    "braf_status": ("wild-type", "mutant"),
    "ecog": ("0", "1", "2", "3", "4"),
}
"""The levels of columns that are categories; `braf_status` may say more, which counts as other."""


DATE_COLUMNS = frozenset(
    {"birth_date", "diagnosis_date", "consent_withdrawn_on", "start_date", "end_date"}
    | {"collected_on", "assessed_on", "last_contact_on", "died_on"}
)
"""Columns of days."""

TIMED_COLUMNS = frozenset({"collected_on"})
"""Columns of days whose time of day counts: of two samples of a day the later one does."""

NUMBER_COLUMNS = frozenset(
    {"age_years", "liver_metastases_n", "largest_metastasis_mm", "value", "sum_of_diameters_mm"}
    | {"ecog", "line", "time"}
)
"""Columns of numbers."""


COLUMNS = frozenset(
    column for table in TABLES.values() for column in (*table.required, *table.optional)
)
"""Every column name of the format."""


def recognise(file: str, header: list[str]) -> NativeTable | None:
    """Say which native table a file is: by its name, else by its columns; None if neither fits."""
    stem = PurePosixPath(file).stem.lower()
    named = [
        table for name, table in TABLES.items() if name in stem or name in stem.replace("-", "_")
    ]
    if len(named) == 1:
        return named[0]
    held = [table for table in TABLES.values() if set(table.required) <= set(header)]
    return max(held, key=lambda table: len(table.required)) if held else None


def kept_columns(table: str, covariates: Iterable[str] = ()) -> frozenset[str]:
    """Return the columns of a table whose values enter the platform.

    These are the format's and, of patients, the covariates that the study file names. What stands
    in any other column may be a name or a telephone number: it stays in the export as it was kept.
    """
    known = TABLES[table]
    named = {name.lower() for name in covariates} if table == "patients" else set()
    return frozenset({*known.required, *known.optional, *named})


def missing_columns(table: NativeTable, header: list[str]) -> list[str]:
    """Return what a header lacks of a table, in the order of the format; empty when it is whole.

    patients holds birth_date or age_years: one of the two will do.
    """
    lacking = [column for column in table.required if column not in header]
    if table.name == "patients" and not {"birth_date", "age_years"} & set(header):
        lacking.append("birth_date (or age_years)")
    return lacking
