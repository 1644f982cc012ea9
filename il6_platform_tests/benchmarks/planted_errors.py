"""Share of planted errors that the rule book finds and rightly explains, and false alarms.

    python -m il6_platform_tests.benchmarks.planted_errors [REGISTRIES]

Registries of made-up patients, of different size and seed and full of legitimate oddities, get
errors of which the list is known: first all kinds at once, each in a patient of its own, then one
kind at a time. An error is found where its own line is on the worklist under a rule that is meant
for it; it is rightly explained where the worklist names the column and says the words that a data
manager needs. A false alarm is a line on the worklist of a patient in whom nothing was planted.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from dagster import DagsterInstance, materialize

from il6_platform import paths
from il6_platform.defs import raw as registry
from il6_platform.defs import staging
from il6_platform.defs.resources import warehouse_of
from il6_platform.registry.native import TABLES
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site

LAST = date(2023, 12, 31)
"""Day of the export."""

BEFORE = date(2023, 12, 30)
"""Day of the export before it, in which only what changes over time was different."""

Row = dict[str, str]
Rng = np.random.Generator


@dataclass
class Person:
    """All rows of a patient, by table."""

    number: str
    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in TABLES})

    def add(self, table: str, **cells: object) -> Row:
        """Add a row."""
        row = {"patient_id": self.number, **{k: str(v) for k, v in cells.items()}}
        self.rows[table].append(row)
        return row

    def one(self, table: str, position: int = 0, **cells: str) -> Row:
        """Return the row of a table that has these cells."""
        found = [
            row
            for row in self.rows[table]
            if all(row.get(name) == value for name, value in cells.items())
        ]
        return found[position]


# --- clean registries -----------------------------------------------------------------------------


def person(number: str, rng: Rng, oddity: int) -> Person:
    """Return a patient without an error; `oddity` chooses what is unusual, and legitimate."""
    made = Person(number)
    followed = int(rng.integers(300, 1500))
    start = LAST - timedelta(int(rng.integers(followed + 5, followed + 900)))

    def on(day: float) -> str:
        return (start + timedelta(int(day))).isoformat()

    # an adult, so that no warning of an age is right
    years = {0: 101, 1: 19}.get(oddity, min(max(int(rng.normal(63, 10)), 19), 101))
    birth = start - timedelta(int(years * 365.25 + rng.integers(0, 360)))
    number_of = 0 if oddity == 2 else int(1 + rng.poisson(2))
    largest = 0 if oddity == 2 else int(rng.integers(11, 120))
    made.add(
        "patients",
        sex=rng.choice(["F", "M"]),
        site_id=rng.choice(["NORTH", "SOUTH"]),
        birth_date=birth,
        age_years=int((start - birth).days / 365.25) if rng.random() < 0.5 else "",
        diagnosis_date=on(-rng.integers(10, 1500)) if rng.random() < 0.9 else "",
        primary_site=rng.choice(["right colon", "left colon", "rectum"]),
        metastasis_timing=rng.choice(["synchronous", "metachronous"]),
        liver_metastases_n=number_of,
        largest_metastasis_mm=largest,
        extrahepatic=rng.choice(["Y", "N"]),
        ras_status=rng.choice(["wild-type", "mutant", ""]),
        ecog=rng.choice(["0", "1", "2"]),
    )
    is_new = oddity == 3
    for drug in ("oxaliplatin", "capecitabine"):
        made.add("treatments", line=1, drug=drug, start_date=on(0), end_date=on(120))
    if rng.random() < 0.6 and not is_new:
        late = int(rng.choice([0, 14, 28]))
        made.add("treatments", line=1, drug="bevacizumab", start_date=on(late), end_date=on(90))
        if oddity == 4:
            # the same drug again in the same line, long after
            made.add("treatments", line=1, drug="bevacizumab", start_date=on(160), end_date="")
    level = float(np.exp(rng.normal(1.6, 0.9)))
    cea = float(np.exp(rng.normal(3, 1)))
    for day in (-7, 60, 130):
        if day > 0 and is_new:
            continue
        value = level * float(np.exp(0.4 * rng.normal()))
        said = {5: "<1.5", 6: ">5000"}.get(oddity, f"{value:.1f}")
        made.add("labs", analyte="il6", value=said, unit="pg/mL", collected_on=on(day))
        result = cea * float(np.exp(0.4 * rng.normal()))
        made.add("labs", analyte="cea", value=f"{result:.1f}", unit="ng/mL", collected_on=on(day))
    if oddity == 7:
        made.add("labs", analyte="cea", value="3.1", unit="ng/mL", collected_on=on(-2500))
    if is_new:
        # started a few days before the export: no visit and no follow-up yet
        return made
    sum_before = max(largest, 20) + int(rng.integers(0, 60))
    best = float(rng.uniform(0.35, 0.95))
    made.add("assessments", assessed_on=on(-14), response="NE", sum_of_diameters_mm=sum_before)
    sizes = [round(sum_before * (0.4 + 0.6 * best)), round(sum_before * best)]
    for day, size in zip((63, 126), sizes, strict=True):
        response = "PR" if size <= 0.7 * sum_before else "SD"
        response = response.lower() if oddity == 8 else response
        made.add("assessments", assessed_on=on(day), response=response, sum_of_diameters_mm=size)
    grown = int(1.25 * min(sizes)) + 6
    if oddity == 9:
        # progression by a new lesion while the others shrink
        grown = min(sizes) - 2
    made.add("assessments", assessed_on=on(190), response="PD", sum_of_diameters_mm=grown)
    made.add("treatments", line=2, drug="irinotecan", start_date=on(200), end_date=on(260))
    # held against the baseline of the second line
    made.add(
        "assessments", assessed_on=on(262), response="SD", sum_of_diameters_mm=round(1.1 * grown)
    )
    dead = rng.random() < 0.5
    made.add(
        "follow_up",
        last_contact_on=on(followed),
        vital_status="dead" if dead else "alive",
        died_on=on(followed) if dead else "",
        cause_of_death="disease" if dead else "",
    )
    return made


def clean(patients: int, seed: int) -> list[Person]:
    """Return a registry without an error, every fourth patient with something unusual."""
    rng = np.random.default_rng(seed)
    return [
        person(f"REG-{seed}-{i:05d}", rng, (i // 4) % 10 if i % 4 == 0 else -1)
        for i in range(1, patients + 1)
    ]


# --- errors ---------------------------------------------------------------------------------------

Planter = Callable[[Person, Rng], "list[Row] | None"]


@dataclass(frozen=True)
class Kind:
    """One kind of error: how it is made, and what must be said of it.

    Attributes
    ----------
    name
        What is wrong.
    table
        Where.
    rules
        Rules that are meant for it; one of them must be broken.
    column
        Column that the worklist must name.
    says
        Pattern that what is wrong and what to do must match.
    plant
        Changes a patient's rows and returns those that are wrong.
    changes
        Whether the export before still had it right.
    silent
        Whether nothing is to be said: it is understood as it is meant.
    """

    name: str
    table: str
    rules: tuple[str, ...]
    column: str
    says: str
    plant: Planter
    changes: bool = False
    silent: bool = False


def cell(table: str, column: str, value: str | Callable[[str], str], **where: str) -> Planter:
    """Return a planter that writes a value into a cell of the first row that fits."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        row = one.one(table, **where)
        row[column] = value(row[column]) if callable(value) else value
        return [row]

    return plant


def shifted(days: int) -> Callable[[str], str]:
    """Return a change of a date."""
    return lambda day: (date.fromisoformat(day) + timedelta(days)).isoformat()


def year(to: str) -> Callable[[str], str]:
    """Return a change of a date's year."""
    return lambda day: to + day[4:]


def raw(table: str, change: Callable[[list[str]], list[str]]) -> Planter:
    """Return a planter that changes the cells of a line as they are written."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        row = one.one(table)
        written = change([row.get(column, "") for column in columns(table)])
        row["(written)"] = _line(written)
        return [row]

    return plant


def added(table: str, **cells: str) -> Planter:
    """Return a planter that repeats the first row, with other cells."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        row = {**one.one(table), **cells}
        one.rows[table].append(row)
        return [row]

    return plant


def conflicting(table: str, **cells: str) -> Planter:
    """Return a planter that contradicts the first row: both lines are wrong."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        first = one.one(table)
        second = {**first, **cells}
        one.rows[table].append(second)
        return [first, second]

    return plant


def respelt(change: Callable[[str], str]) -> Planter:
    """Return a planter that has the patient's record a second time under another spelling."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        first = one.one("patients")
        second = {**first, "patient_id": change(one.number)}
        one.rows["patients"].append(second)
        return [first, second]

    return plant


def renumbered(table: str, number: str) -> Planter:
    """Return a planter that gives a row another patient number."""
    return cell(table, "patient_id", number)


def both(*planters: Planter) -> Planter:
    """Return a planter that does several things; the rows of the first one are wrong."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        found = [planter(one, rng) for planter in planters]
        return found[0] or []

    return plant


def visit(sizes: Sequence[float], response: str, position: int = 2) -> Planter:
    """Return a planter that sets sums by visit, as multiples of the first, and one response."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        visits = one.rows["assessments"]
        base = float(visits[0]["sum_of_diameters_mm"])
        for row, size in zip(visits, sizes, strict=False):
            row["sum_of_diameters_mm"] = f"{size * base:.0f}"
        visits[position]["response"] = response
        return [visits[position]]

    return plant


def drug_as(written: str) -> Planter:
    """Return a planter that writes the experimental drug in another way."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        start = one.one("treatments")["start_date"]
        one.rows["treatments"] = [
            row for row in one.rows["treatments"] if row["drug"] != "bevacizumab"
        ]
        return [one.add("treatments", line=1, drug=written, start_date=start, end_date="")]

    return plant


def dead(one: Person, **cells: str | Callable[[str], str]) -> list[Row]:
    """Let the patient have died on the last contact, then change cells."""
    row = one.one("follow_up")
    row |= {"vital_status": "dead", "died_on": row["last_contact_on"]}
    for column, value in cells.items():
        row[column] = value(row[column]) if callable(value) else value
    return [row]


def alive(one: Person, **cells: str | Callable[[str], str]) -> list[Row]:
    """Let the patient be alive, then change cells."""
    row = one.one("follow_up")
    row |= {"vital_status": "alive", "died_on": "", "cause_of_death": ""}
    for column, value in cells.items():
        row[column] = value(row[column]) if callable(value) else value
    return [row]


def times(factor: float) -> Callable[[str], str]:
    """Return a change of a number."""
    return lambda value: f"{float(value) * factor:g}"


def _sex_in_words(sex: str) -> str:
    return {"F": "female", "M": "männlich"}[sex]


def age_off(one: Person, rng: Rng) -> list[Row]:
    """Age and birth date disagree by ten years."""
    row = one.one("patients")
    start = date.fromisoformat(one.one("treatments")["start_date"])
    row["age_years"] = str((start - date.fromisoformat(row["birth_date"])).days // 365 - 10)
    return [row]


def birth_years_before_start(years: float) -> Planter:
    """Return a planter of an age at treatment start."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        row = one.one("patients")
        start = date.fromisoformat(one.one("treatments")["start_date"])
        row["birth_date"] = (start - timedelta(int(365.25 * years))).isoformat()
        row["age_years"] = row["diagnosis_date"] = ""
        return [row]

    return plant


def before_birth(table: str, column: str) -> Planter:
    """Return a planter of a day ten years before birth."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        birth = one.one("patients")["birth_date"]
        row = one.one(table)
        row[column] = shifted(-3653)(birth)
        return [row]

    return plant


def swapped_dates(one: Person, rng: Rng) -> list[Row]:
    """Day and month are swapped, so that the drug ends before it starts."""
    row = one.one("treatments")
    row |= {"start_date": "2021-03-12", "end_date": "2021-05-02"}
    row["start_date"] = "2021-12-03"
    return [row]


def sample_after_death(one: Person, rng: Rng) -> list[Row]:
    """A sample is taken a month after death."""
    died = dead(one)[0]["died_on"]
    row = one.rows["labs"][-1]
    row["collected_on"] = shifted(-30)(LAST.isoformat()) if died < "2023-11-01" else died
    if row["collected_on"] <= died:
        row["collected_on"] = shifted(1)(died)
    return [row]


def sample_after_contact(one: Person, rng: Rng) -> list[Row]:
    """Follow-up is older than the last sample."""
    contact = alive(one)[0]["last_contact_on"]
    row = one.rows["labs"][-1]
    row["collected_on"] = shifted(4)(contact)
    return [row]


def visit_at(which: str, days: int) -> Planter:
    """Return a planter of an assessment some days after death, last contact or before treatment."""

    def plant(one: Person, rng: Rng) -> list[Row]:
        row = one.rows["assessments"][-1]
        if which == "death":
            row["assessed_on"] = shifted(days)(dead(one)[0]["died_on"])
        elif which == "contact":
            row["assessed_on"] = shifted(days)(alive(one)[0]["last_contact_on"])
        else:
            row["assessed_on"] = shifted(days)(one.one("treatments")["start_date"])
        return [row]

    return plant


def line_before_its_time(one: Person, rng: Rng) -> list[Row]:
    """The second line begins before the first."""
    row = one.one("treatments", line="2")
    row["start_date"] = shifted(-20)(one.one("treatments")["start_date"])
    diagnosed = one.one("patients")
    diagnosed["diagnosis_date"] = ""
    return [row]


def line_on_the_day_of_the_first(one: Person, rng: Rng) -> list[Row]:
    """The second line begins with the first: a drug of the first, or a day, is wrong."""
    row = one.one("treatments", line="2")
    row["start_date"] = one.one("treatments")["start_date"]
    return [row]


def drug_in_another_year(one: Person, rng: Rng) -> list[Row]:
    """A drug of the first line has the day of the others, a year later."""
    row = one.one("treatments")
    row |= {"start_date": shifted(365)(row["start_date"]), "end_date": ""}
    return [row]


def death_undone(one: Person, rng: Rng) -> list[Row]:
    """Who was dead is alive again."""
    row = one.one("follow_up")
    row |= {"vital_status": "alive", "died_on": ""}
    return [row]


def day_of_death_moves(one: Person, rng: Rng) -> list[Row]:
    """The day of death moves by a week."""
    row = one.one("follow_up")
    row["died_on"] = row["last_contact_on"] = shifted(-7)(row["died_on"])
    return [row]


def _of_the_marker(change: Callable[[Row], None]) -> Planter:
    def plant(one: Person, rng: Rng) -> list[Row]:
        row = one.one("labs", analyte="il6")
        change(row)
        return [row]

    return plant


def marker(**cells: str | Callable[[str], str]) -> Planter:
    """Return a planter that changes the baseline marker."""

    def change(row: Row) -> None:
        for column, value in cells.items():
            row[column] = value(row[column]) if callable(value) else value

    return _of_the_marker(change)


def _cause_of_death_twice(one: Person, rng: Rng) -> list[Row]:
    """A death stands twice, with two causes: the last line is used."""
    first = dead(one, cause_of_death="disease")[0]
    one.rows["follow_up"].append({**first, "cause_of_death": "other"})
    return [one.rows["follow_up"][-1]]


def _death_taken_back(one: Person, rng: Rng) -> list[Row]:
    """Who was dead is alive on a later day."""
    row = death_undone(one, rng)[0]
    row["last_contact_on"] = shifted(3)(row["last_contact_on"])
    return [row]


P, T, L, F, A = "patients", "treatments", "labs", "follow_up", "assessments"
REMOVED = "record_is_removed"
"""Said of a record that the patient's later full export no longer holds."""

KINDS: list[Kind] = [
    # patients
    Kind("sex X", P, ("sex_is_in_the_list",), "sex", "F, M", cell(P, "sex", "X")),
    Kind("sex in words", P, (), "", "", cell(P, "sex", _sex_in_words), silent=True),
    Kind("sex as a number", P, ("sex_is_in_the_list",), "sex", "F, M", cell(P, "sex", "1")),
    Kind("sex missing", P, ("sex_is_given",), "sex", "empty.*fill", cell(P, "sex", "")),
    Kind(
        *("birth in the future", P, ("birth_date_not_after_delivered_on",), "birth_date"),
        *("after the day of the export.*correct", cell(P, "birth_date", "2051-03-04")),
    ),
    Kind(
        *("birth after diagnosis", P, ("birth_date_not_after_diagnosis_date",), "birth_date"),
        "diagnosis_date.*before birth.*correct",
        both(
            cell(P, "birth_date", "2019-05-05"),
            cell(P, "diagnosis_date", "2015-05-05"),
            cell(P, "age_years", ""),
        ),
    ),
    Kind(
        *("a child", P, ("birth_date_gives_an_adult",), "birth_date", "younger than 18.*check"),
        birth_years_before_start(7.5),
    ),
    Kind(
        *("aged 109", P, ("birth_date_gives_an_adult",), "birth_date", "older than 105.*check"),
        birth_years_before_start(109.5),
    ),
    Kind(
        *("aged 127", P, ("birth_date_gives_an_age", "birth_date_is_of_this_age"), "birth_date"),
        *("older than|before 1900", birth_years_before_start(127.5)),
    ),
    Kind(
        *("age 6", P, ("age_years_is_of_an_adult",), "age_years", "less than 18.*check"),
        both(cell(P, "age_years", "6"), cell(P, "birth_date", "")),
    ),
    Kind(
        *("age 640", P, ("age_years_is_in_range",), "age_years", "between 0 and 1.*check"),
        both(cell(P, "age_years", "640"), cell(P, "birth_date", "")),
    ),
    Kind(
        *("age in words", P, ("age_years_is_readable",), "age_years", "number of years.*correct"),
        both(cell(P, "age_years", "sixty"), cell(P, "birth_date", "")),
    ),
    Kind(
        *("age and birth disagree", P, ("age_years_goes_with_birth_date",), "age_years"),
        *("birth_date.*correct", age_off),
    ),
    Kind(
        *("no age at all", P, ("age_or_birth_date_is_given",), "birth_date", "Neither"),
        both(cell(P, "birth_date", ""), cell(P, "age_years", "")),
    ),
    Kind(
        *("birth day and month swapped", P, ("birth_date_is_readable",), "birth_date"),
        *("no day of the calendar; correct", cell(P, "birth_date", "1950-23-04")),
    ),
    Kind(
        *("birth with slashes", P, ("birth_date_is_known_to_the_day",), "birth_date"),
        "several days.*YYYY-MM-DD",
        both(cell(P, "birth_date", "03/04/1950"), cell(P, "age_years", "")),
    ),
    Kind(
        *("birth in 1019", P, ("birth_date_is_of_this_age",), "birth_date", "before 1900.*year"),
        cell(P, "birth_date", year("1019")),
    ),
    Kind(
        *("birth 1900-01-01", P, ("birth_date_is_no_placeholder",), "birth_date"),
        *("none is known", cell(P, "birth_date", "1900-01-01")),
    ),
    Kind(
        *("birth 1970-01-01", P, ("birth_date_is_no_placeholder",), "birth_date"),
        *("none is known", cell(P, "birth_date", "1970-01-01")),
    ),
    Kind(
        *("diagnosis 9999-12-31", P, ("diagnosis_date_is_no_placeholder",)),
        *("diagnosis_date", "none is known", cell(P, "diagnosis_date", "9999-12-31")),
    ),
    Kind(
        *("site missing", P, ("site_id_is_given",), "site_id", "empty.*fill"),
        cell(P, "site_id", ""),
    ),
    Kind(
        *("primary site misspelt", P, ("primary_site_is_in_the_list",), "primary_site"),
        *("right colon, left colon, rectum", cell(P, "primary_site", "rigth colon")),
    ),
    Kind(
        *("RAS misspelt", P, ("ras_status_is_in_the_list",), "ras_status", "wild-type, mutant"),
        cell(P, "ras_status", "wlid"),
    ),
    Kind("RAS abbreviated", P, (), "", "", cell(P, "ras_status", "wt"), silent=True),
    Kind(
        *("extrahepatic maybe", P, ("extrahepatic_is_in_the_list",), "extrahepatic", "Y, N"),
        cell(P, "extrahepatic", "maybe"),
    ),
    Kind("ECOG 5", P, ("ecog_is_in_range",), "ecog", "between 0 and 4", cell(P, "ecog", "5")),
    Kind("ECOG 9", P, ("ecog_is_in_range",), "ecog", "between 0 and 4", cell(P, "ecog", "9")),
    Kind(
        *("ECOG 0-1", P, ("ecog_is_readable",), "ecog", "whole number.*correct"),
        cell(P, "ecog", "0-1"),
    ),
    Kind(
        *("metastases -2", P, ("liver_metastases_n_is_in_range",), "liver_metastases_n"),
        *("between 0", cell(P, "liver_metastases_n", "-2")),
    ),
    Kind(
        *("metastases 3.5", P, ("liver_metastases_n_is_readable",), "liver_metastases_n"),
        *("whole number", cell(P, "liver_metastases_n", "3.5")),
    ),
    Kind(
        *("largest 2000 mm", P, ("largest_metastasis_mm_is_in_range",), "largest_metastasis_mm"),
        *("between.*check number and unit", cell(P, "largest_metastasis_mm", "2000")),
    ),
    Kind(
        *("largest 400 mm", P, ("largest_metastasis_mm_is_usual",), "largest_metastasis_mm"),
        *("250.*check number and unit", cell(P, "largest_metastasis_mm", "400")),
    ),
    Kind(
        *("largest in cm", P, ("largest_metastasis_mm_is_usual",), "largest_metastasis_mm"),
        *("less than 5.*unit", cell(P, "largest_metastasis_mm", "3.4")),
    ),
    Kind(
        *("a size without metastases", P, ("size_goes_with_number",), "liver_metastases_n"),
        "without liver metastases.*correct",
        both(cell(P, "liver_metastases_n", "0"), cell(P, "largest_metastasis_mm", "44")),
    ),
    Kind(
        *("consent withdrawn: yes", P, ("consent_withdrawn_on_is_readable",)),
        *("consent_withdrawn_on", "YYYY-MM-DD", cell(P, "consent_withdrawn_on", "yes")),
    ),
    Kind(
        *("patient number missing", P, ("patient_id_is_given",), "patient_id", "empty.*fill"),
        added(P, patient_id=""),
    ),
    Kind(
        *("patient twice, with other details", P, ("details_stand_once",), "(line)"),
        *("twice.*last line is used", added(P, ecog="4")),
    ),
    Kind(
        *("patient twice, withdrawn in one", P, ("record_stands_once",), "(line)", "twice.*keep"),
        conflicting(P, consent_withdrawn_on="yes"),
    ),
    Kind(
        *("patient twice, in lower case", P, ("patient_id_is_spelt_once",), "patient_id"),
        *("another spelling.*one way", respelt(str.lower)),
    ),
    Kind(
        *("patient twice, full-width", P, (), "", ""),
        respelt(lambda n: n.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789"})),
        silent=True,
    ),
    Kind(
        *("patient twice, leading zeros", P, ("patient_id_is_spelt_once",), "patient_id"),
        *("another spelling.*one way", respelt(lambda n: re.sub(r"-0+(\d+)$", r"-\1", n))),
    ),
    Kind(
        *("patient twice, without signs", P, ("patient_id_is_spelt_once",), "patient_id"),
        *("another spelling.*one way", respelt(lambda n: n.replace("-", " "))),
    ),
    Kind(
        *("patient number 1.0E+05", P, ("patient_id_is_whole",), "patient_id"),
        *("shortens.*text", added(P, patient_id="1.0E+05")),
    ),
    Kind(
        *("a cell too many", P, ("birth_date_is_readable",), "birth_date", "YYYY-MM-DD"),
        raw(P, lambda cells: [*cells[:3], "surplus", *cells[3:]]),
    ),
    Kind(
        *("cells missing", P, ("line_is_whole",), "(line)", "more or fewer cells"),
        raw(P, lambda cells: cells[:5]),
    ),
    Kind(
        *("columns shifted by one", P, ("sex_is_in_the_list",), "sex", "F, M"),
        raw(P, lambda cells: [cells[0], *cells[2:], cells[1]]),
    ),
    # treatments
    Kind(
        *("treatment ends before it starts", T, ("start_date_not_after_end_date",), "end_date"),
        *("before start_date.*correct", cell(T, "end_date", shifted(-300))),
    ),
    Kind(
        *("day and month of a start swapped", T, ("start_date_not_after_end_date",)),
        *("end_date", "before start_date", swapped_dates),
    ),
    Kind("line 0", T, ("line_is_in_range",), "line", "between 1", cell(T, "line", "0")),
    Kind("two lines", T, ("line_is_readable",), "line", "whole", cell(T, "line", "1 or 2")),
    Kind("line in words", T, (), "", "", cell(T, "line", "first"), silent=True),
    Kind(
        *("a line is skipped", T, ("line_follows_on",), "line", "the line before.*correct"),
        cell(T, "line", "3", line="2"),
    ),
    Kind(
        *("a line before its time", T, ("lines_begin_in_order",), "start_date"),
        *("before the start of the line before", line_before_its_time),
    ),
    Kind(
        *("a line on the day of the one before", T, ("lines_begin_in_order",), "start_date"),
        *("on or before the start of the line before", line_on_the_day_of_the_first),
    ),
    Kind(
        *("a drug in the year after the others of its line", T, ("line_begins_together",)),
        *("start_date", "the rest of the line; correct", drug_in_another_year),
    ),
    *(
        Kind(
            *(f"drug {written}", T, ("drug_is_clear",), "drug"),
            *("may be.*which drug", drug_as(written)),
        )
        for written in (
            *("bevacizumb", "bevacuzimab", "anti-VEGF", "study drug"),
            *("bevacizumab: zzyzx", "FOLFIRI +/- Avastin", "bevacizumab omitted in cycle 1"),
        )
    ),
    *(
        Kind(f"drug {written}", T, (), "", "", drug_as(written), silent=True)
        for written in (
            *("Avastin", "AVASTIN 400mg", "Bevacizumab-awwb", "Bevacizumabe", "beva"),
            *(
                "bevacizumab biosimilar",
                "FOLFOX + bevacizumab",
                "Mvasi",
                "贝伐珠单抗",
                "安维汀",
                "贝伐珠单抗注射液",
            ),
        )
    ),
    Kind("drug missing", T, ("drug_is_given",), "drug", "empty.*fill", cell(T, "drug", "")),
    Kind(
        *("start missing", T, ("start_date_is_given",), "start_date", "empty.*fill"),
        cell(T, "start_date", ""),
    ),
    Kind(
        *("start 2091", T, ("start_date_not_after_delivered_on",), "start_date"),
        *("after the day of the export", cell(T, "start_date", year("2091"), line="2")),
    ),
    Kind(
        *("start 0221", T, ("start_date_is_of_this_age",), "start_date", "before 1900.*year"),
        cell(T, "start_date", year("0221"), line="2"),
    ),
    Kind(
        *("start 1900-01-01", T, ("start_date_is_no_placeholder",), "start_date"),
        *("none is known", cell(T, "start_date", "1900-01-01", line="2")),
    ),
    Kind(
        *("start before birth", T, ("birth_date_not_after_start_date",), "start_date"),
        *("before birth", before_birth(T, "start_date")),
    ),
    Kind(
        *("start before diagnosis", P, ("diagnosis_date_not_after_start_date",), "start_date"),
        "before diagnosis.*correct",
        lambda one, rng: _diagnosed_late(one),
    ),
    Kind(
        *("treatment of nobody", T, ("patient_is_known",), "patient_id", "in no patients export"),
        renumbered(T, "NOBODY-1"),
    ),
    Kind(
        *("treatment without number", T, ("patient_id_is_given",), "patient_id", "empty.*fill"),
        renumbered(T, ""),
    ),
    # labs
    Kind("value missing", L, ("value_is_given",), "value", "empty", marker(value="")),
    Kind("value in words", L, ("value_is_readable",), "value", "a number", marker(value="high")),
    Kind("value with its unit", L, (), "", "", marker(value="4.2 pg/mL"), silent=True),
    Kind(
        *("decimal comma", L, ("value_is_readable",), "value", "decimal point"),
        marker(value="4,2"),
    ),
    Kind(
        *("number as text", L, ("value_is_readable",), "value", "a number"),
        marker(value="'4.2"),
    ),
    Kind("value negative", L, ("value_is_in_range",), "value", "at least 0", marker(value="-4.2")),
    Kind(
        *("value 1000 times", L, ("value_is_usual",), "value", "far from all.*unit"),
        marker(value="6200"),
    ),
    Kind(
        *("value a thousandth", L, ("value_is_usual",), "value", "far from all.*unit"),
        marker(value="0.0052"),
    ),
    Kind(
        *("a right value in a wrong known unit", L, ("value_is_usual",), "value"),
        *("far from all.*unit", marker(value="5.2", unit="ng/mL")),
    ),
    Kind("unit missing", L, ("unit_is_given",), "unit", "empty", marker(unit="")),
    Kind(
        *("unit unknown", L, ("unit_is_known",), "unit", "pg/mL.*factor"),
        marker(unit="mmol/L"),
    ),
    Kind("analyte serum IL-6", L, (), "", "", marker(analyte="serum IL-6"), silent=True),
    Kind("analyte plasma IL-6", L, (), "", "", marker(analyte="Plasma IL-6"), silent=True),
    Kind(
        *("analyte missing", L, ("analyte_is_given",), "analyte", "empty"),
        marker(analyte=""),
    ),
    Kind(
        *("sample in the future", L, ("collected_on_not_after_delivered_on",), "collected_on"),
        *("after the day of the export", marker(collected_on=year("2091"))),
    ),
    Kind(
        *("sample in 1019", L, ("collected_on_is_of_this_age",), "collected_on", "before 1900"),
        marker(collected_on=year("1019")),
    ),
    Kind(
        *("sample 1970-01-01", L, ("collected_on_is_no_placeholder",), "collected_on"),
        *("none is known", marker(collected_on="1970-01-01")),
    ),
    Kind(
        *("sample far from all else", L, ("collected_on_is_near_the_disease",), "collected_on"),
        *("ten years before", marker(collected_on=shifted(-6200))),
    ),
    Kind(
        *("sample before birth", L, ("birth_date_not_after_collected_on",), "collected_on"),
        *("before birth", before_birth(L, "collected_on")),
    ),
    Kind(
        *("sample after death", L, ("collected_on_not_after_died_on",), "collected_on"),
        *("after death", sample_after_death),
    ),
    Kind(
        *("sample after last contact", L, ("last_sample_on_not_after_last_contact_on",)),
        *("collected_on", "later than last_contact_on.*up to date", sample_after_contact),
    ),
    Kind(
        *("result twice, differently", L, ("record_stands_once",), "(line)", "twice.*keep"),
        conflicting(L, value="81"),
    ),
    Kind("result twice, the same", L, (), "", "", added(L), silent=True),
    Kind(
        *("result of nobody", L, ("patient_is_known",), "patient_id", "in no patients export"),
        renumbered(L, "NOBODY-2"),
    ),
    Kind(
        *("result under another spelling", L, ("patient_is_known",), "patient_id"),
        *("in another spelling in .*, line [0-9]+; write the number in one way",),
        lambda one, rng: cell(L, "patient_id", one.number.lower())(one, rng),
    ),
    Kind(
        *("result under 1.0E+05", L, ("patient_id_is_whole",), "patient_id", "digits are lost"),
        renumbered(L, "1.2E+05"),
    ),
    Kind(
        *("a comma too many", L, ("line_is_whole",), "(line)", "stray comma"),
        raw(L, lambda cells: [*cells, "haemolysed"]),
    ),
    # assessments
    Kind("response in lower case", A, (), "", "", cell(A, "response", str.lower), silent=True),
    Kind(
        *("response in Chinese", A, (), "", ""),
        *(cell(A, "response", "疾病进展", response="PD"), False, True),
    ),
    Kind(
        *("response PRR", A, ("response_is_in_the_list",), "response", "CR, PR, SD, PD, NE"),
        cell(A, "response", "PRR", response="PD"),
    ),
    Kind(
        *("response missing", A, ("response_is_given",), "response", "empty"),
        cell(A, "response", ""),
    ),
    Kind(
        *("PD, then CR", A, ("progression_is_not_undone",), "response", "after PD.*correct"),
        both(
            visit([1, 1.0, 1.3, 0], "CR", 3),
            visit([1, 1.0, 1.3, 0], "PD", 2),
            cell(T, "start_date", shifted(70), line="2"),
            cell(T, "end_date", "", line="2"),
        ),
    ),
    Kind(
        *("assessment after death", A, ("assessed_on_not_after_died_on",), "assessed_on"),
        *("after death", visit_at("death", 2)),
    ),
    Kind(
        *("assessment after last contact", A, ("assessed_on_not_after_last_contact_on",)),
        *("assessed_on", "after last_contact_on", visit_at("contact", 2)),
    ),
    Kind(
        *("response before treatment", A, ("treatment_start_not_after_responded_on",)),
        *("assessed_on", "before first-line treatment.*NE", visit_at("start", -9)),
    ),
    Kind(
        *("assessment before birth", A, ("birth_date_not_after_assessed_on",), "assessed_on"),
        *("before birth", before_birth(A, "assessed_on")),
    ),
    Kind(
        *("assessment 1900-01-01", A, ("assessed_on_is_no_placeholder",), "assessed_on"),
        *("none is known", cell(A, "assessed_on", "1900-01-01")),
    ),
    Kind(
        *("diameters negative", A, ("sum_of_diameters_mm_is_in_range",), "sum_of_diameters_mm"),
        *("between 0", cell(A, "sum_of_diameters_mm", "-44")),
    ),
    Kind(
        *("diameters in words", A, ("sum_of_diameters_mm_is_readable",), "sum_of_diameters_mm"),
        *("millimetres", cell(A, "sum_of_diameters_mm", "large")),
    ),
    Kind(
        *("diameters in cm", A, ("sum_of_diameters_mm_is_in_millimetres",)),
        *("sum_of_diameters_mm", "unit .millimetres", visit([1, 0.9, 0.085, 1.2], "SD")),
    ),
    Kind(
        "diameters tenfold",
        A,
        ("sum_of_diameters_mm_is_in_millimetres", "sum_of_diameters_mm_is_in_range"),
        *("sum_of_diameters_mm", "check number and unit", visit([1, 0.9, 8.5, 1.2], "PD")),
    ),
    Kind(
        *("baseline in cm", A, ("sum_of_diameters_mm_is_in_millimetres",)),
        *("sum_of_diameters_mm", "unit .millimetres"),
        cell(A, "sum_of_diameters_mm", "8.3"),
    ),
    Kind(
        *("PR while diameters grow", A, ("response_goes_with_diameters",), "response"),
        *("response is PR.*30% below.*correct", visit([1, 1.05, 1.15, 1.5], "PR")),
    ),
    Kind(
        *("SD while diameters halve", A, ("response_goes_with_diameters",), "response"),
        *("response is SD.*30% or more below.*correct", visit([1, 0.8, 0.45, 1.5], "SD")),
    ),
    Kind(
        *("SD while diameters double", A, ("response_goes_with_diameters",), "response"),
        *("response is SD.*20% or more above.*correct", visit([1, 1, 2, 2.2], "SD")),
    ),
    Kind(
        *("CR with most of the tumour left", A, ("response_goes_with_diameters",), "response"),
        *("response is CR.*30% below.*correct", visit([1, 0.9, 0.9, 1.5], "CR")),
    ),
    Kind(
        *("visit twice, with other diameters", A, ("details_stand_once",), "(line)"),
        *("twice.*last line is used", added(A, sum_of_diameters_mm="81")),
    ),
    Kind(
        *("visit twice, differently", A, ("record_stands_once",), "(line)", "twice.*keep"),
        conflicting(A, response="SD"),
    ),
    Kind(
        *("visit of nobody", A, ("patient_is_known",), "patient_id", "in no patients export"),
        renumbered(A, "NOBODY-3"),
    ),
    # follow-up
    Kind(
        *("death date of someone alive", F, ("alive_has_no_died_on",), "died_on"),
        "alive but died_on is filled.*correct",
        lambda one, rng: alive(one, died_on=one.one(F)["last_contact_on"]),
    ),
    Kind(
        *("dead without a date", F, ("dead_has_died_on",), "died_on", "dead but died_on.*add"),
        lambda one, rng: dead(one, died_on=""),
    ),
    Kind(
        *("death after last contact", F, ("died_on_not_after_last_contact_on",), "died_on"),
        *("after last_contact_on", lambda one, rng: dead(one, died_on=shifted(3))),
    ),
    Kind(
        *("last contact after death", F, ("last_contact_on_not_after_died_on",)),
        *("last_contact_on", "after death", lambda one, rng: dead(one, died_on=shifted(-3))),
    ),
    Kind(
        *("last contact in the future", F, ("last_contact_on_not_after_delivered_on",)),
        "last_contact_on",
        "after the day of the export",
        lambda one, rng: alive(one, last_contact_on=year("2043")),
    ),
    Kind(
        *("last contact before treatment", F, ("treatment_start_not_after_last_contact_on",)),
        "last_contact_on",
        "before first-line treatment",
        lambda one, rng: alive(one, last_contact_on=shifted(-2500)),
    ),
    Kind(
        *("last contact before the second line", F, ("last_start_not_after_last_contact_on",)),
        "last_contact_on",
        "A treatment starts after.*up to date",
        lambda one, rng: _contact_before_second_line(one),
    ),
    Kind(
        *("vital status misspelt", F, ("vital_status_is_in_the_list",), "vital_status"),
        *("alive, dead", lambda one, rng: alive(one, vital_status="aliev")),
    ),
    Kind(
        *("vital status unknown", F, (), "", ""),
        *(lambda one, rng: alive(one, vital_status="unknown"), False, True),
    ),
    Kind(
        *("day of death 1900-01-01", F, ("died_on_is_no_placeholder",), "died_on"),
        *("none is known", lambda one, rng: dead(one, died_on="1900-01-01")),
    ),
    Kind(
        *("last contact missing", F, ("last_contact_on_is_given",), "last_contact_on", "empty"),
        lambda one, rng: alive(one, last_contact_on=""),
    ),
    Kind(
        *("last contact 1970-01-01", F, ("last_contact_on_is_no_placeholder",)),
        *("last_contact_on", "none is known"),
        lambda one, rng: alive(one, last_contact_on="1970-01-01"),
    ),
    Kind(
        *("follow-up of nobody", F, ("patient_is_known",), "patient_id", "in no patients export"),
        renumbered(F, "NOBODY-4"),
    ),
    Kind(
        *("death twice, with another cause", F, ("details_stand_once",), "(line)"),
        *("twice.*last line is used", _cause_of_death_twice),
    ),
    # across time
    Kind(
        *("birth date changes", P, ("birth_date_stays",), "birth_date"),
        "is not what it was in 2023-12-30.*correct",
        both(cell(P, "birth_date", shifted(400)), cell(P, "age_years", "")),
        changes=True,
    ),
    Kind(
        *("sex changes", P, ("sex_stays",), "sex", "is not what it was in.*correct"),
        cell(P, "sex", lambda s: "F" if s == "M" else "M"),
        changes=True,
    ),
    Kind(
        *("start of treatment moves", T, ("start_date_stays",), "start_date", "moved since"),
        cell(T, "start_date", shifted(3), line="2"),
        changes=True,
    ),
    Kind(
        *("baseline marker overwritten", L, ("value_stays",), "value", "overwritten"),
        marker(value="7.77"),
        changes=True,
    ),
    Kind(
        *("a death is undone", F, ("vital_status_stays",), "vital_status", "undone"),
        death_undone,
        changes=True,
    ),
    Kind(
        *("the day of death moves", F, ("died_on_stays",), "died_on", "not what it was"),
        day_of_death_moves,
        changes=True,
    ),
    Kind(
        *("follow-up goes backwards", F, ("follow_up_goes_forward",), "last_contact_on"),
        "before that of 2023-12-30",
        cell(F, "last_contact_on", shifted(-9)),
        changes=True,
    ),
    Kind(
        *("a death is taken back", F, ("death_is_not_taken_back",), "vital_status"),
        *("alive on a later day.*check", _death_taken_back, True),
    ),
    Kind(
        *("a result is gone", L, (REMOVED,), "(line)", "no longer"),
        lambda one, rng: [one.rows[L].pop()],
        changes=True,
    ),
]
"""Every kind of error that is planted."""

NEEDS = {
    "a death is undone": dead,
    "a death is taken back": dead,
    "the day of death moves": dead,
    "follow-up goes backwards": alive,
    "start of treatment moves": alive,
}
"""What a patient must be before an error can be planted."""


def _diagnosed_late(one: Person) -> list[Row]:
    row = one.one(P)
    row["diagnosis_date"] = shifted(30)(one.one(T)["start_date"])
    # each treatment before it is set aside
    return [row for row in one.rows[T] if row["start_date"] < one.one(P)["diagnosis_date"]]


def _contact_before_second_line(one: Person) -> list[Row]:
    start = one.one(T, line="2")["start_date"]
    one.rows[A] = one.rows[A][:4]
    one.rows[T] = [row for row in one.rows[T] if row["start_date"] <= start]
    return alive(one, last_contact_on=lambda _: shifted(-3)(start))


# --- writing, judging, comparing ------------------------------------------------------------------


def columns(table: str) -> list[str]:
    """Return the columns of a table's export."""
    return [*TABLES[table].required, *TABLES[table].optional]


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


Places = dict[tuple[str, int], tuple[str, int]]
"""Where each row is: (table, its identity) -> (file, line)."""


def write(people: Sequence[Person], day: date, landing: Path) -> Places:
    """Write an export; return where each row went."""
    places: Places = {}
    for table in TABLES:
        file = f"{day}/{table}.csv"
        lines = [_line(columns(table))]
        for row in (row for one in people for row in one.rows[table]):
            lines.append(row.get("(written)") or _line([row.get(c, "") for c in columns(table)]))
            places[table, id(row)] = file, len(lines)
        path = landing / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines), encoding="utf-8")
    return places


def judge(home: Path, landing: Path, study: Path) -> pd.DataFrame:
    """Take exports in and judge them, by the assets themselves; return what is listed of rows."""
    site = Site(home=str(home), landing=str(landing), study_file=str(study))
    warehouse = Warehouse(site=site)
    with DagsterInstance.ephemeral() as instance:
        materialize(
            [*registry.ASSETS, *staging.ASSETS],
            instance=instance,
            resources={"warehouse": warehouse_of(site)},
        )
    balance = warehouse.read("staging.balance")
    assert balance["unaccounted"].sum() == 0, "a line is lost"
    removed = warehouse.query(
        "select l.table_name, d.file, l.line as file_line, $rule as rule, '(line)' as column_name, "
        "'The record is no longer in the export' as sentence from staging.lines as l "
        "inner join raw.deliveries as d on l.delivery = d.delivery where l.status = 'removed'",
        {"rule": REMOVED},
    )
    return pd.concat([warehouse.read("staging.quarantine"), removed], ignore_index=True)


@dataclass
class Outcome:
    """What was found of a registry: one row an error, and alarms where nothing was planted."""

    planted: pd.DataFrame
    false_alarms: pd.DataFrame
    clean_lines: int
    beside: pd.DataFrame


def run(people: list[Person], kinds: Sequence[Kind], seed: int, folder: Path) -> Outcome:
    """Plant each kind in a patient of its own, have the registry judged, and compare."""
    rng = np.random.default_rng(seed)
    whole = [one for one in people if one.rows[F] and len(one.rows[A]) >= 5]
    plain = [
        one
        for one in whole
        if one.one(L)["value"].replace(".", "").isdigit()
        and one.one(A, 1)["response"].isupper()
        and float(one.one(P)["largest_metastasis_mm"]) > 0
    ]
    chosen = dict(zip((kind.name for kind in kinds), plain, strict=False))
    assert len(chosen) == len(kinds), "more kinds than patients who can have them"
    wrong: dict[str, list[Row]] = {}
    for kind in (k for k in kinds if not k.changes):
        wrong[kind.name] = kind.plant(chosen[kind.name], rng) or []
    for kind in kinds:
        if kind.name in NEEDS:
            NEEDS[kind.name](chosen[kind.name])
    touched = {one.number for one in chosen.values()}
    landing = folder / "landing"
    if any(kind.changes for kind in kinds):
        write(people, BEFORE, landing)
        for kind in (k for k in kinds if k.changes):
            wrong[kind.name] = kind.plant(chosen[kind.name], rng) or []
        people.append(person(f"REG-{seed}-new", rng, -1))
    places = write(people, LAST, landing)
    study = folder / "study.yaml"
    study.write_text(
        paths.default_study().read_text("utf-8") + "quality: {max_quarantine_share: 1}\n"
    )
    found = judge(folder / "home", landing, study)
    return compare(found, kinds, wrong, places, people, touched)


def compare(
    found: pd.DataFrame,
    kinds: Sequence[Kind],
    wrong: dict[str, list[Row]],
    places: Places,
    people: Sequence[Person],
    touched: set[str],
) -> Outcome:
    """Set what was planted beside what is on the worklist."""
    rows = []
    said = {place: of_line for place, of_line in found.groupby(["file", "file_line"], sort=False)}
    explained: set[tuple[str, int]] = set()
    for kind in kinds:
        for row in wrong[kind.name]:
            table = next((t for t in TABLES if (t, id(row)) in places), None)
            if table is None:
                # a line that is gone is named where it last stood
                here = found[found["rule"].isin(kind.rules)]
            else:
                place = places[table, id(row)]
                explained.add(place)
                here = said.get(place, found.iloc[:0])
            right = here[here["rule"].isin(kind.rules)]
            words = right["sentence"].str.contains(kind.says, regex=True, case=False)
            rows.append(
                {
                    "kind": kind.name,
                    "found": here.empty if kind.silent else not right.empty,
                    "explained": here.empty
                    if kind.silent
                    else bool((words & (right["column_name"] == kind.column)).any()),
                    "rules": ", ".join(sorted(here["rule"])),
                }
            )
    innocent = {
        places[table, id(row)]
        for one in people
        if one.number not in touched
        for table in TABLES
        for row in one.rows[table]
    }
    at = pd.Series(list(zip(found["file"], found["file_line"], strict=True)), index=found.index)
    is_false = at.isin(innocent)
    is_beside = ~is_false & ~at.isin(explained)
    return Outcome(pd.DataFrame(rows), found[is_false], len(innocent), found[is_beside])


def registries(n: int) -> Iterator[tuple[int, int]]:
    """Yield size and seed of registries."""
    for seed in range(1, n + 1):
        yield 260 * seed, 100 + seed


def main(n: int) -> None:
    """Run registries with all kinds, then each kind by itself; print the shares."""
    outcomes = []
    for size, seed in registries(n):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            outcome = run(clean(size, seed), KINDS, seed, Path(folder))
            outcomes.append(outcome)
            report(f"{size} patients, all kinds", [outcome], time.perf_counter() - start)
    alone = []
    start = time.perf_counter()
    for position, kind in enumerate(KINDS):
        with tempfile.TemporaryDirectory() as folder:
            alone.append(run(clean(40, 900 + position), [kind], position, Path(folder)))
    report("40 patients, one kind at a time", alone, time.perf_counter() - start)
    outcomes += alone
    every = pd.concat([one.planted for one in outcomes])
    missed = every[~(every["found"] & every["explained"])]
    print(missed.to_string(index=False) if len(missed) else "Nothing was missed.")
    for title, rows in (
        ("False alarms", pd.concat([one.false_alarms for one in outcomes])),
        ("Beside the planted lines, in the same patients", pd.concat([o.beside for o in outcomes])),
    ):
        print(f"\n{title}: {len(rows)}")
        if len(rows):
            print(rows.groupby(["table_name", "rule"]).size().to_string())


def report(title: str, outcomes: Sequence[Outcome], seconds: float) -> None:
    """Print the shares of some outcomes."""
    every = pd.concat([one.planted for one in outcomes])
    alarms = sum(len(one.false_alarms) for one in outcomes)
    lines = sum(one.clean_lines for one in outcomes)
    print(
        f"{title}: {every['kind'].nunique()} kinds, {len(every)} wrong lines, "
        f"found {every['found'].mean():.1%}, rightly explained {every['explained'].mean():.1%}; "
        f"{alarms} false alarms on {lines} clean lines ({alarms / lines:.3%}); {seconds:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
