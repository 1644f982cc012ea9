"""One patient as the site sees them: every line that speaks of them, and what studies made of it.

Belongs here: reading that from the working database. Does not belong here: deciding it; that is
`sql/staging` and `sql/cohort`. Nothing of this is published: a number is looked up by the site's
own key.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from il6_platform import paths
from il6_platform.errors import UsageError
from il6_platform.figures import numbers
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.patients import patient_of

_ARMS = {"E": "experimental", "C": "control"}


class UnknownPatientError(UsageError):
    """No line of such a patient is kept; the message says how a number is to be given."""


@dataclass(frozen=True)
class OnePatient:
    """What is known of a patient.

    Attributes
    ----------
    pseudonym
        What databases know the patient by.
    lines
        table, file, line, status, problems: one a received line.
    studies
        Name -> whether analysed and why not, time zero, arm, marker, endpoints.
    """

    patient: str
    pseudonym: str
    lines: list[dict[str, Any]]
    studies: dict[str, dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return it as `il6 patient --json` prints it."""
        return {"patient": self.patient, "studies": self.studies, "lines": self.lines}


def look_up(site: Site, pseudonyms: Pseudonyms, number: str) -> OnePatient:
    """Read all that is kept of a patient.

    Parameters
    ----------
    site
        The installation; nobody may be writing its databases.
    number
        The registry's own, or the pseudonym.

    Raises
    ------
    UnknownPatientError
        Where no line speaks of such a patient.
    UsageError
        Where several sites have the number and none is named.
    """
    with duckdb.connect(site.registry_database, read_only=True) as connection:
        for patient in filter(None, (patient_of(connection, pseudonyms, number), number)):
            connection.execute("set variable patient = $patient", {"patient": patient})
            found = _answer(connection, "lines")
            if len(found):
                found = found.rename(columns={"table_name": "table"})
                lines = [
                    {str(key): value for key, value in row.items()}
                    for row in found.assign(problems=found["problems"].map(list)).to_dict("records")
                ]
                return OnePatient(number, patient, lines, _studies(site, patient))
    raise UnknownPatientError(
        "no line of such a patient is kept; give the number as the exports write it"
    )


def _answer(connection: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    return connection.execute(paths.sql_file(f"patient.{name}").read_text(encoding="utf-8")).df()


def _studies(site: Site, patient: str) -> dict[str, dict[str, Any]]:
    """Return what each study of the home made of a patient."""
    found: dict[str, dict[str, Any]] = {}
    for name in site.studies():
        database = site.of_study(name).working_database
        if database.exists():
            with duckdb.connect(database, read_only=True) as connection:
                connection.execute("set variable patient = $patient", {"patient": patient})
                found |= _study(connection, name, patient)
    return found


def _study(
    connection: duckdb.DuckDBPyConnection, name: str, patient: str
) -> dict[str, dict[str, Any]]:
    """Return what a study made of a patient, by its name; nothing before its first cohort."""
    try:
        subjects = connection.execute(
            'from cohort.subjects where "USUBJID" = $patient', {"patient": patient}
        ).df()
        endpoints = connection.execute(
            'from cohort.adtte where "USUBJID" = $patient order by "PARAMCD" desc',
            {"patient": patient},
        ).df()
        sources = _answer(connection, "records")
    except duckdb.CatalogException:
        return {}
    if subjects.empty:
        absent = {"analysed": False, "reason": "Consent withdrawn, or not yet in the study"}
        return {name: {**absent, "arm": None, "marker": None, "endpoints": {}}}
    one = subjects.iloc[0]
    return {
        name: {
            "analysed": bool(one["ANALFL"] == "Y"),
            "reason": _given(one["EXCLREAS"]),
            "arm": _ARMS.get(one["ARMCD"]),
            "marker": _given(one["MARKER"]),
            "time_zero": _day(one["TRTSDT"]),
            "endpoints": {
                row["PARAMCD"]: {
                    "months": row["AVAL"],
                    "event": bool(row["CNSR"] == 0),
                    "day": _day(row["ADT"]),
                    "what": row["EVNTDESC"],
                }
                for row in endpoints.to_dict("records")
            },
            "records": [
                {"of": row["what"], "file": row["file"], "line": int(row["line"])}
                for row in sources.to_dict("records")
            ],
        }
    }


def _given(value: Any) -> Any:
    """Return a value as JSON has it: null where it is missing, a plain number else."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _day(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)[:10]


def in_words(one: OnePatient) -> list[str]:
    """Say what is known of a patient, a sentence a line, for the screen."""
    said = [f"{len(one.lines)} lines speak of patient {one.patient}."]
    # of which nothing is wrong are told together
    for (table, file, status, problems), lines in itertools.groupby(
        one.lines, lambda line: (*(line[k] for k in ("table", "file", "status")), line["problems"])
    ):
        said.append(f"  {table:<12}{file}, {_lines([one['line'] for one in lines])}: {status}")
        said += [f"      {problem}" for problem in problems]
    for name, study in one.studies.items():
        said.append(f"\nStudy {name}: " + ("analysed" if study["analysed"] else "not analysed"))
        if study["reason"]:
            said.append(f"  reason      {study['reason']}")
        said.append(f"  time zero   {study.get('time_zero') or 'none'}")
        said.append(f"  arm         {study['arm'] or 'none'}")
        marker = "none" if study["marker"] is None else numbers.plain(study["marker"])
        said.append(f"  marker      {marker}")
        for endpoint, found in study["endpoints"].items():
            how = "event" if found["event"] else "censored"
            said.append(
                f"  {endpoint:<12}{found['months']:.2f} months, {how}: {found['what']} "
                f"on {found['day']}"
            )
        said += [
            f"  {of} is read from {file}, {_lines([source['line'] for source in sources])}"
            for (of, file), sources in itertools.groupby(
                study.get("records", []), lambda source: (source["of"], source["file"])
            )
        ]
    return said


def _lines(lines: list[int]) -> str:
    """Name lines of a file.

    Examples
    --------
    >>> _lines([7]), _lines([84, 85, 86, 87]), _lines([84, 86, 90])
    ('line 7', 'lines 84 to 87', 'lines 84, 86, 90')
    """
    if len(lines) == 1:
        return f"line {lines[0]}"
    if lines == list(range(lines[0], lines[0] + len(lines))):
        return f"lines {lines[0]} to {lines[-1]}"
    return f"lines {', '.join(map(str, lines))}"
