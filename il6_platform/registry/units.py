"""Analytes and their units: what each is called, its standard unit, what others are in it.

Belongs here: the table `data/units.csv` (units with their factors and sources), what
`data/names.csv` says of analytes, and their use. Does not belong here: what becomes of a result in
a unit that is not known; the rule book sets it aside.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from il6_platform.paths import project_root
from il6_platform.registry.cells.analytes import read_analyte
from il6_platform.registry.cells.units import read_unit, units_of
from il6_platform.study import Marker, StudyError

SPECIMEN = "with the specimen"
"""Source of a name that says what the sample is; whether it is the same is not decided here."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What one `unit` (as `plain_unit` writes it) of an analyte is in its standard unit."""

    analyte: str
    unit: str
    factor: float
    standard: str


@cache
def conversions(units: Path, names: Path, marker: str, marker_unit: str) -> tuple[Conversion, ...]:
    """Return every unit that is known of every analyte.

    An analyte's standard unit is its reference unit, that of factor 1 and first in the table; the
    marker's is the study's own. A study's unit that the table does not hold for the marker is its
    only known one. Nothing is converted by a molar mass or an assay's own factor: such a unit has
    to be in the table, with its source.

    Raises
    ------
    ValueError
        On a factor that is not positive, by line.
    """
    known = analytes(units, names)
    of_marker = known.get(plain_name(marker), marker.strip().lower())
    factors: dict[str, dict[str, float]] = {}
    standards: dict[str, str] = {}
    for line, row in _every_row(units):
        factor = float(row["factor"])
        if not factor > 0:
            raise ValueError(f"{units.name}, line {line}: factor {factor} is not positive")
        analyte = known.get(plain_name(row["analyte"]), row["analyte"])
        factors.setdefault(analyte, {})[plain_unit(row["unit"])] = factor
        if factor == 1:
            standards.setdefault(analyte, row["unit"])
    if marker_unit:
        own = plain_unit(marker_unit)
        standards[of_marker] = marker_unit
        if own not in factors.get(of_marker, {}):
            factors[of_marker] = {own: 1.0}
    return tuple(
        Conversion(
            analyte, unit, factor / table[plain_unit(standards[analyte])], standards[analyte]
        )
        for analyte, table in factors.items()
        for unit, factor in table.items()
    )


@cache
def every_unit(units: Path, names: Path) -> tuple[Conversion, ...]:
    """Return every unit that is known of every analyte, in the analyte's reference unit.

    A unit is there as the table writes it and by its name in UCUM.
    """
    known = {
        (one.analyte, unit): Conversion(one.analyte, unit, one.factor, one.standard)
        for one in conversions(units, names, "", "")
        for unit in _spellings(one.unit)
    }
    return tuple(known.values())


def _spellings(unit: str) -> set[str]:
    read = read_unit(unit).unit
    return {unit, plain_unit(read)} if read else {unit}


def factors(units: Path, names: Path, marker: str, marker_unit: str) -> dict[str, float]:
    """Return unit (as `plain_unit` writes it) -> what one of it is in the marker's unit."""
    of_marker = analytes(units, names).get(plain_name(marker), marker.strip().lower())
    known = conversions(units, names, marker, marker_unit)
    return {
        unit: one.factor
        for one in known
        if one.analyte == of_marker
        for unit in _spellings(one.unit)
    }


def marker_units(marker: Marker) -> dict[str, str]:
    """Return the analytes of a marker and the unit in which it takes the results of each.

    Raises
    ------
    StudyError
        Where an analyte of an expression is not in data/units.csv, so that its results could not
        be brought to one unit.
    """
    if not marker.is_derived:
        return {analyte_of(marker.name): marker.unit}
    references = reference_units()
    found = {analyte_of(name): name for name in marker.term.analytes()}
    for analyte, written in found.items():
        if analyte not in references:
            raise StudyError(
                f"key marker.expression: {written} is no analyte of data/units.csv; write one of "
                f"{', '.join(sorted(references))}, or add its units there"
            )
    return {analyte: references[analyte] for analyte in found}


def reference_units() -> dict[str, str]:
    """Return analyte -> its unit of reference, of those in data/units.csv."""
    data = project_root() / "data"
    known = conversions(data / "units.csv", data / "names.csv", "", "")
    return {one.analyte: one.standard for one in known}


def analyte_of(name: str) -> str:
    """Return the analyte that a study file names, by its name in data/names.csv where it has one.

    >>> analyte_of("Neutrophil count")
    'neutrophils'
    """
    written = name.strip().lower()
    return read_analyte(written).analyte or written


@cache
def analytes(units: Path, names: Path) -> Mapping[str, str]:
    """Return name (as `plain_name` writes it) -> analyte, for every name that one is known by."""
    known = {plain_name(row["analyte"]): row["analyte"] for _, row in _rows(units)}
    every = set(known.values())
    for _, row in _rows(names):
        if row["name"] in every and row["source"] != SPECIMEN:
            known[plain_name(row["written"])] = row["name"]
    return known


def plain_unit(unit: str) -> str:
    """Return a unit in lower case, without spaces, micro as u."""
    text = unicodedata.normalize("NFKC", unit).lower().replace("\N{GREEK SMALL LETTER MU}", "u")
    return re.sub(r"\s+", "", text)


def plain_name(name: str) -> str:
    """Return an analyte's name in lower case, letters and digits only."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFC", name).lower())


def _every_row(units: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the table's rows, then the units of the same dimension as an analyte's reference."""
    given: dict[str, set[str]] = {}
    references: dict[str, tuple[int, str]] = {}
    for line, row in _rows(units):
        given.setdefault(row["analyte"], set()).add(plain_unit(row["unit"]))
        if float(row["factor"]) == 1:
            references.setdefault(row["analyte"], (line, row["unit"]))
        yield line, row
    for analyte, (line, unit) in references.items():
        read = read_unit(unit)
        if read.dimension is None or read.factor is None:
            continue
        for multiple, factor in units_of(read.dimension).items():
            if plain_unit(multiple) not in given[analyte]:
                of_reference = f"{factor / read.factor:.12g}"
                yield line, {"analyte": analyte, "unit": multiple, "factor": of_reference}


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with table.open(encoding="utf-8", newline="") as stream:
        yield from enumerate(csv.DictReader(stream), start=2)
