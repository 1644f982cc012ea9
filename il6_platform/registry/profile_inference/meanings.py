"""How well a column would do as a native one: by what it is called and by what it holds.

Names are compared with the vocabulary, contents with what a native column can hold.

Belongs here: one column beside one native column. Does not belong here: which column is which, of
several (`sharing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from il6_platform import paths
from il6_platform.registry.cells import read_drug
from il6_platform.registry.native import DATE_COLUMNS, NUMBER_COLUMNS, VALUES
from il6_platform.registry.profile_inference.columns import Column, fits_number
from il6_platform.registry.units import analytes, conversions, plain_name, plain_unit
from il6_platform.registry.vocabulary import (
    is_no,
    is_yes,
    value_of,
    vital_status_of,
    vocabulary,
    words,
)

SURE, LIKELY = 0.8, 0.6
"""From which fit on a mapping is called sure, and likely; below it is a guess and asked."""

NAMED = 0.5
"""Nearness of a name from which on it speaks for a native column."""

TELLING = frozenset(
    {"sex", "response", "analyte", "unit", "drug", "primary_site", "metastasis_timing"}
    | {"vital_status"}
)
"""Columns that their values give away, whatever they are called."""

CODED = frozenset({*VALUES, "braf_status", "drug", "cause_of_death"} - {"event"})
"""Columns whose texts the vocabulary, or the table of names, gives a meaning."""

CONVENTIONS = {
    "sex": {"1": "M", "2": "F"},
    "response": {"1": "CR", "2": "PR", "3": "SD", "4": "PD", "5": "NE"},
    "ras_status": {"0": "wild-type", "1": "mutant"},
    "braf_status": {"0": "wild-type", "1": "mutant"},
    "primary_site": {"1": "right colon", "2": "left colon", "3": "rectum"},
    "metastasis_timing": {"1": "synchronous", "2": "metachronous"},
}
"""What bare numbers usually mean; always asked."""


@dataclass(frozen=True)
class Meanings:
    """What analytes and units are called, and what a column can mean by that and the vocabulary.

    Attributes
    ----------
    analytes
        Plain name -> analyte.
    units
        Units that can be converted.
    standard
        Analyte -> the unit that its results are converted to.
    """

    analytes: Mapping[str, str]
    units: frozenset[str]
    standard: Mapping[str, str]

    @classmethod
    def of_project(cls) -> Meanings:
        """Return those of the project's tables of units and names."""
        folder = paths.project_root() / "data"
        units, names = folder / "units.csv", folder / "names.csv"
        known = conversions(units, names, "", "")
        return cls(
            analytes(units, names),
            frozenset(one.unit for one in known if one.unit),
            {one.analyte: one.standard for one in known},
        )

    def analyte_in(self, name: str) -> str | None:
        """Return the analyte that a name speaks of."""
        parts = words(re.sub(r"\{n\}", " ", name))
        for size in range(len(parts), 0, -1):
            for start in range(len(parts) - size + 1):
                known = self.analytes.get(plain_name("".join(parts[start : start + size])))
                if known:
                    return known
        return None

    def fit(self, native: str, column: Column) -> float:
        """Say how well a column would do as a native one, by its name and what it holds; 0 to 1."""
        if native not in column.fits:
            column.fits[native] = self._fitted(native, column)
        return column.fits[native]

    def _fitted(self, native: str, column: Column) -> float:
        named = column.called(vocabulary().columns[native])
        content = self.content(native, column)
        if content is None:
            return 0.6 * named if named > 0.9 else 0.0
        if content < 0.5 and not (named >= 0.9 and content >= 0.4):
            return 0.0
        if named >= NAMED:
            return min(1.0, 0.6 * named + 0.4 * content)
        if native in TELLING and content >= 0.8 and not column.is_coded:
            return 0.55 * content
        is_open = native in DATE_COLUMNS or native == "value"
        return 0.2 * content if is_open and content >= 0.9 else 0.0

    def content(self, native: str, column: Column) -> float | None:
        """Say which share of a column's texts a native one can hold; None where it is empty."""
        if not column.texts:
            return None
        if native in DATE_COLUMNS:
            return column.dates
        if native in NUMBER_COLUMNS:
            return column.share(t for t in column.counts if fits_number(native, t))
        if native in VALUES or native in ("braf_status", "drug"):
            known = column.share(t for t in column.counts if self.value(native, column, t))
            if column.is_coded and native in CONVENTIONS and not known:
                return 0.6 * (column.share(CONVENTIONS[native]) >= 0.9)
            if native == "drug" and not known:
                return 0.5 if column.numbers < 0.2 and column.dates < 0.2 else 0.0
            if known < 0.5 and column.is_list and column.called(vocabulary().columns[native]) > 0.9:
                # the name leaves no doubt: what its words mean is asked
                return 0.5
            return known
        if native == "analyte":
            known = column.share(t for t in column.counts if plain_name(t) in self.analytes)
            is_open = column.is_coded or column.numbers < 0.2
            return known or (0.5 if is_open and column.spread < 0.3 else 0.0)
        if native == "unit":
            like = re.compile(r"[\w%µμ^.*]+/[\w.]+|%")
            return column.share(
                t for t in column.counts if plain_unit(t) in self.units or like.fullmatch(t)
            )
        if column.dates > 0.5 or any(
            column.share(t for t in column.counts if _listed_value(one, t)) > 0.5
            for one in CODED
            if one != native
        ):
            return 0.0
        # a site or a cause is what few texts, shared by many patients, say
        return 0.7 if column.spread <= 0.3 or len(column.counts) <= 5 else 0.0

    def value(self, native: str, column: Column, text: str) -> str | None:
        """Return the native value that a text of a column means, by its list or the vocabulary."""
        if native == "vital_status":
            return vital_status_of(column.name, text)
        found = _listed_value(native, text)
        if found is None and native in ("extrahepatic", "primary_resected"):
            return "Y" if is_yes(text) else "N" if is_no(text) else None
        return found


def nearest_name(column: Column) -> float:
    """Say how near a column's name comes to that of any native column."""
    return max(column.called(listed) for listed in vocabulary().columns.values())


def native_columns() -> Iterable[str]:
    """Give the native columns but the patient's number."""
    return (name for name in vocabulary().columns if name != "patient_id")


def _listed_value(native: str, text: str) -> str | None:
    """Return the native value of a text; a drug's name, and a regimen that is known as it is."""
    if native != "drug":
        # of what is yes or no alone the vocabulary lists no words
        return value_of(native, text) if native in vocabulary().values else None
    read = read_drug(text)
    if read.certainty != "known" or not read.substances:
        return None
    return read.substances[0] if len(read.substances) == 1 else text
