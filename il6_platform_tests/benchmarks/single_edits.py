"""One cell of a clean registry is changed: what the cohort makes of it, against plain Python.

    python -m il6_platform_tests.benchmarks.single_edits [EDITS [SEED]]

A patient each has one edit, so that a registry of as many patients tries as many edits. Of each,
one of these is right: the patient's row is what an independent derivation makes of the rows as they
are now; the patient is not evaluable; or nothing depends on the cell, whatever it might have said.
A cell that cannot be read is tried with everything that it might have said: where that would give
different rows, the patient must not be evaluable.
"""

from __future__ import annotations

import copy
import csv
import io
import random
import re
import sys
import tempfile
from calendar import monthrange
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from il6_platform_tests.derivation import derive, warehouse_of

DELIVERED = "2024-01-31"
STUDY = """
marker: {analyte: il6, label: IL-6, unit: pg/mL}
arms: {experimental_drug: bevacizumab}
cutoff: {method: median}
covariates: [{name: age, kind: number}, {name: sex, kind: category}]
quality: {max_quarantine_share: 1, max_marker_shift: 1000}
"""
HEADERS = {
    "patients": ["patient_id", "sex", "birth_date", "diagnosis_date", "ras_status", "ecog"],
    "treatments": ["patient_id", "line", "drug", "start_date", "end_date"],
    "labs": ["patient_id", "analyte", "value", "unit", "collected_on"],
    "assessments": ["patient_id", "assessed_on", "response", "sum_of_diameters_mm"],
    "follow_up": ["patient_id", "last_contact_on", "vital_status", "died_on", "cause_of_death"],
}
UNITS = {"pg/mL": 1, "ng/mL": 1e3, "mg/L": 1e6}
UNREADABLE = ("?", "see letter", "x7", "#REF!")
NOT_EVALUABLE = ("Decisive record in quarantine", "Patient record in quarantine")

Row = dict[str, str]
Rows = dict[str, list[Row]]
Outcome = tuple[object, ...] | None


@dataclass(frozen=True)
class Edit:
    """One cell that was changed: where, and whether what stands there now can be read."""

    patient: str
    table: str
    row: int
    column: str
    value: str
    is_readable: bool


def clean(number: str, rng: random.Random) -> Rows:
    """Return a patient's rows without an error."""
    zero = date(2019, 1, 1) + timedelta(rng.randrange(600))

    def on(days: int) -> str:
        return (zero + timedelta(days)).isoformat()

    made: Rows = {table: [] for table in HEADERS}

    def add(table: str, *cells: str) -> None:
        made[table].append(dict(zip(HEADERS[table], (number, *cells), strict=True)))

    birth = (zero - timedelta(365 * rng.randrange(40, 80))).isoformat()
    add("patients", rng.choice("FM"), birth, on(-90), "mutant", "1")
    add("treatments", "1", "fluorouracil", on(0), "")
    if rng.random() < 0.5:
        add("treatments", "1", "bevacizumab", on(rng.choice([0, 14])), "")
    if rng.random() < 0.5:
        add("treatments", "2", "irinotecan", on(200), "")
    for day in (-60, -20, -7, 40):
        add("labs", "il6", f"{rng.uniform(2, 40):.1f}", "pg/mL", on(day))
    add("labs", "crp", f"{rng.uniform(2, 40):.1f}", "mg/L", on(-3))
    add("assessments", on(-14), "NE", "80")
    add("assessments", on(60), rng.choice(["PR", "SD"]), "60")
    add("assessments", on(120), rng.choice(["PR", "SD", "NE"]), "60")
    if rng.random() < 0.6:
        add("assessments", on(180), "PD", "100")
    if rng.random() < 0.5:
        add("follow_up", on(400), "dead", on(400), "disease")
    else:
        add("follow_up", on(400), "alive", "", "")
    return made


def expected(rows: Rows) -> Outcome:
    """Derive a patient's row by hand: time zero, arm, marker, best response, PFS and OS."""
    given = [row for row in rows["treatments"] if row["start_date"]]
    first = [date.fromisoformat(row["start_date"]) for row in given if row["line"] == "1"]
    later = [date.fromisoformat(row["start_date"]) for row in given if int(row["line"]) > 1]
    if not first:
        return None
    zero = min(first)
    arm = any(
        row["drug"] == "bevacizumab"
        and row["line"] == "1"
        and date.fromisoformat(row["start_date"]) <= zero + timedelta(28)
        for row in given
    )
    window = [
        (date.fromisoformat(row["collected_on"]), row)
        for row in rows["labs"]
        if row["analyte"] == "il6"
    ]
    window = [one for one in window if -28 <= (one[0] - zero).days <= 0]
    if not window:
        return None
    last = max(window, key=lambda one: one[0])[1]
    marker = float(last["value"]) * UNITS[last["unit"]]
    visits = sorted(
        (date.fromisoformat(v["assessed_on"]), v["response"]) for v in rows["assessments"]
    )
    visits = [visit for visit in visits if visit[0] >= zero]
    progressions = [day for day, response in visits if response == "PD"]
    # what began before time zero is no new therapy
    ends = min([*progressions, *(day for day in later if day >= zero)], default=date.max)
    order = ["CR", "PR", "SD", "PD", "NE"]
    counted = [response for day, response in visits if day <= ends]
    best = min(counted, key=order.index, default="NE")
    contact = max(date.fromisoformat(row["last_contact_on"]) for row in rows["follow_up"])
    deaths = [date.fromisoformat(row["died_on"]) for row in rows["follow_up"] if row["died_on"]]
    died = min(deaths, default=None)
    if progressions and (died is None or progressions[0] <= died):
        pfs = (progressions[0], True)
    elif died is not None:
        pfs = (died, True)
    else:
        adequate = [day for day, response in visits if response != "NE"]
        pfs = (max(adequate, default=zero), False)
    os = (died or contact, died is not None)
    return zero, "E" if arm else "C", round(marker, 6), best, *pfs, *os


def edits(rows: Rows, number: str, rng: random.Random) -> Edit:
    """Return one random edit of a patient's rows."""
    table = rng.choice(list(HEADERS))
    place = rng.randrange(len(rows[table]))
    column = rng.choice(HEADERS[table][1:])
    is_readable = rng.random() < 0.5
    known = _might(column, rows) if is_readable else [*UNREADABLE, "", "2019-07", "2031-01-01"]
    value = rng.choice([one for one in known if one != rows[table][place][column]] or ["?"])
    return Edit(number, table, place, column, value, is_readable and value in known)


def _might(column: str, rows: Rows, said: str = "") -> list[str]:
    """Return what a cell of a column might say, as far as it makes a difference.

    A month that is said is a day of that month.
    """
    if column.endswith(("_date", "_on")) and re.fullmatch(r"\d{4}-\d{2}", said):
        days = monthrange(int(said[:4]), int(said[5:]))[1]
        return [f"{said}-{day:02}" for day in range(1, days + 1)]
    starts = [date.fromisoformat(row["start_date"]) for row in rows["treatments"]]
    zero = min(starts)
    if column.endswith(("_date", "_on")):
        return [(zero + timedelta(day)).isoformat() for day in range(-70, 420, 7)]
    return {
        "line": ["1", "2"],
        "drug": ["bevacizumab", "fluorouracil", "irinotecan"],
        "analyte": ["il6", "crp"],
        "value": ["1.5", "33.0"],
        "unit": ["pg/mL", "ng/mL"],
        "response": ["CR", "PR", "SD", "PD", "NE"],
        "vital_status": ["alive", "dead"],
    }.get(column, ["1"])


def changed(rows: Rows, edit: Edit, value: str) -> Rows:
    """Return rows with another value in the edited cell."""
    made = copy.deepcopy(rows)
    row = made[edit.table][edit.row]
    row[edit.column] = value
    if edit.column == "vital_status":
        # a death has its day
        row["died_on"] = (row["died_on"] or row["last_contact_on"]) if value == "dead" else ""
    return made


def allowed(rows: Rows, edit: Edit) -> set[Outcome]:
    """Return the rows that are right of an edited patient who is evaluable."""
    if edit.is_readable:
        return {expected(changed(rows, edit, edit.value))}
    might = {
        expected(changed(rows, edit, value)) for value in _might(edit.column, rows, edit.value)
    }
    return might if len(might) == 1 else set()


def written(people: dict[str, Rows], table: str) -> str:
    """Return an export of a table."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADERS[table], lineterminator="\n")
    writer.writeheader()
    for rows in people.values():
        writer.writerows(rows[table])
    return out.getvalue()


def found(folder: Path, people: dict[str, Rows]) -> Iterator[tuple[str, str | None, Outcome]]:
    """Give number, reason for not being analysed, and row of each patient, by the product."""
    study, day = folder / "study.yaml", folder / "landing" / DELIVERED
    study.write_text(STUDY, encoding="utf-8")
    day.mkdir(parents=True)
    for table in HEADERS:
        (day / f"{table}.csv").write_text(written(people, table), encoding="utf-8")
    warehouse = warehouse_of(folder, study)
    derive(warehouse)
    rows = warehouse.query(
        'select s.*, b."AVALC" as bor, p."ADT" as pfs, p."CNSR" as pfs_cnsr, o."ADT" as os, '
        'o."CNSR" as os_cnsr from cohort.subjects as s '
        'left join cohort.adrs as b on b."USUBJID" = s."USUBJID" and b."PARAMCD" = \'BOR\' '
        'left join cohort.adtte as p on p."USUBJID" = s."USUBJID" and p."PARAMCD" = \'PFS\' '
        'left join cohort.adtte as o on o."USUBJID" = s."USUBJID" and o."PARAMCD" = \'OS\''
    )
    of = {warehouse.pseudonyms.of(number): number for number in people}
    for row in rows.to_dict("records"):
        number = of[row["USUBJID"]]
        if row["ANALFL"] != "Y":
            yield number, row["EXCLREAS"], None
            continue
        yield (
            number,
            None,
            (
                row["TRTSDT"].date(),
                row["ARMCD"],
                round(row["MARKER"], 6),
                row["bor"],
                row["pfs"].date(),
                row["pfs_cnsr"] == 0,
                row["os"].date(),
                row["os_cnsr"] == 0,
            ),
        )


def judge(n: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Try edits; return how they came out, and a sentence for each that is silent and wrong."""
    rng = random.Random(seed)
    numbers = [f"P{i:04}" for i in range(n)]
    people = {number: clean(number, rng) for number in numbers}
    made = {number: edits(people[number], number, rng) for number in numbers}
    now = copy.deepcopy(people)
    for number, edit in made.items():
        now[number][edit.table][edit.row][edit.column] = edit.value
    counts: Counter[str] = Counter()
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for number, reason, outcome in found(Path(folder), now):
            edit = made[number]
            right = allowed(people[number], edit)
            before = expected(people[number])
            if reason in NOT_EVALUABLE:
                counts["not evaluable"] += 1
                counts["not evaluable, though nothing depends on it"] += right == {before}
            elif outcome in right:
                counts["nothing depends on it" if outcome == before else "moved as it should"] += 1
            else:
                counts["silent and wrong"] += 1
                wrong.append(f"{edit}: {reason or outcome}; right would be {right or 'set aside'}")
    return counts, wrong


def main() -> int:
    """Try as many edits as the command line says."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    counts, wrong = judge(n, int(sys.argv[2]) if len(sys.argv) > 2 else 14)
    for words, times in counts.most_common():
        print(f"{times:>6}  {words}")
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
