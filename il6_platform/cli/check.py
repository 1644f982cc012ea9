"""il6 check: judge exports before they are delivered, without a home."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform import paths
from il6_platform.cli.options import home_of
from il6_platform.errors import DataQualityError, UsageError

if TYPE_CHECKING:
    from il6_platform.cohort.check import Checked

MOST = 50
"""Problems that are shown; the number of the others is said."""
MOST_ALIKE = 3
"""Lines of a file that are shown with the same problem."""
GIVES = {
    ("patients",): "patients",
    ("treatments",): "treatments (start of treatment and arm)",
    ("labs",): "labs (marker)",
    ("follow_up", "outcomes"): "follow_up or outcomes (endpoints)",
}
"""Tables of which a study needs one -> what it needs of them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("file", type=Path, nargs="+", help="an export, or a folder of them")
    parser.add_argument("--study", type=Path, help="the study file whose costs are counted")
    parser.add_argument(
        "--strict", action="store_true", help="exit status 1 where anything would be set aside"
    )


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.cohort.check import check
    from il6_platform.study import read_study

    for file in asked.file:
        if not file.exists():
            raise UsageError(f"{file}: there is no such file")
    study = asked.study or paths.default_study()
    read_study(study)
    checked = check([file.resolve() for file in asked.file], study, home_of(asked) / "profiles")
    print("\n".join(in_words(checked)))
    if blocked := checked.blocked:
        raise DataQualityError("; ".join(blocked))
    set_aside = int(checked.files["set_aside"].sum())
    if asked.strict and set_aside:
        raise DataQualityError(f"{_lines(set_aside)} would be set aside")


def _lines(number: int) -> str:
    return f"{number} line{'' if number == 1 else 's'}"


def in_words(checked: Checked) -> list[str]:
    """Say what a refresh would make of exports, a sentence a line."""
    said = []
    for row in checked.files.itertuples():
        if row.status == "accepted":
            how = f" by profile {row.profile}" if row.profile else ""
            said.append(
                f"{row.file}: read as {row.table_name}{how}, {_lines(row.received)}, "
                f"{row.set_aside} of them would be set aside"
            )
        else:
            # what is passed over says so itself
            status = "" if row.status == "passed over" else f"{row.status}: "
            said.append(f"{row.file}: {status}{row.problem}")
    for row in checked.passed_over.itertuples():
        place = ", ".join(filter(None, (row.file, row.sheet)))
        # a sheet or a column has no line
        counted = f", {_lines(int(row.lines))} ({row.which_lines})" if row.lines else ""
        said.append(f"  {place}: passed over{counted}: {row.reason}")
    words = {"quarantine": "set aside", "cell": "cell left empty", "warn": "used, to be looked at"}
    alike = checked.problems.groupby(["file", "sheet", "column_name", "sentence"], dropna=False)
    place_among, others = alike.cumcount(), alike["file"].transform("size") - MOST_ALIKE
    shown = checked.problems.assign(others=others)[place_among < MOST_ALIKE]
    is_last = place_among == MOST_ALIKE - 1
    for row in shown.head(MOST).itertuples():
        place = ", ".join(filter(None, (row.file, row.sheet, f"line {row.file_line}")))
        value = f" {row.value!r}" if isinstance(row.value, str) and row.value else ""
        column = "" if row.column_name.startswith("(") else f", {row.column_name}{value}"
        cost = f" {row.cost}." if isinstance(row.cost, str) else ""
        said.append(f"  {place}{column}: {words[row.severity]}. {row.sentence}.{cost}")
        if is_last[row.Index] and row.others:
            said.append(f"  and {row.others} more of {row.file} with this")
    if len(shown) > MOST:
        said.append(f"  and {len(shown) - MOST} more")
    given = set(checked.files.loc[checked.files["status"] == "accepted", "table_name"])
    lacking = [words for tables, words in GIVES.items() if not given & {*tables}]
    if lacking:
        said.append(
            f"No file gives {', '.join(lacking)}: deliver it as well, or say in a profile which "
            "column of the source holds it."
        )
    if checked.flow is None:
        said.append(
            "What it costs a study can be said of patients and treatments together: give both."
        )
    else:
        counts = [f"{row.label} {row.n}" for row in checked.flow.itertuples() if row.n]
        said.append("Patients: " + ", ".join(counts) + ".")
    return said
