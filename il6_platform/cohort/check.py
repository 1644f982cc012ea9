"""Judging exports before they are delivered: in a home of its own, which is gone afterwards.

Belongs here: what a refresh would make of files that lie anywhere. Does not belong here: the steps
(`steps`), a home's earlier deliveries, which a check knows nothing of.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from il6_platform import paths
from il6_platform.cohort.steps import derive_cohort, read_landing, stage
from il6_platform.errors import UsageError
from il6_platform.registry.landings import in_doubt
from il6_platform.validation.rulebook import STAGED
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site

WHOLE = frozenset({"patients", "treatments"})
"""Tables without which nobody can say what a record costs a study."""


@dataclass(frozen=True)
class Checked:
    """What a refresh would make of exports.

    Attributes
    ----------
    files
        file, table_name, status, problem, profile, received, set_aside: one a table of a file.
    in_doubt
        What is to be done with files whose day is in doubt.
    problems
        file, sheet, table_name, file_line, column_name, value, sentence, severity, cost.
    passed_over
        file, sheet, reason, lines, which_lines: what is in no table, by reason.
    flow
        Label and number of patients, or None where patients or treatments were not given.
    allowed
        Share of a table's lines that may be set aside.
    """

    files: pd.DataFrame
    in_doubt: list[str]
    problems: pd.DataFrame
    passed_over: pd.DataFrame
    flow: pd.DataFrame | None
    allowed: float

    @property
    def blocked(self) -> list[str]:
        """Return why a refresh would refuse the exports; nothing where it would take them."""
        refused = self.files[self.files["status"] == "rejected"]
        said = [f"{row.file}: {row.problem}" for row in refused.itertuples()] + self.in_doubt
        if not (self.files["status"] == "accepted").any():
            others = self.files[self.files["status"] != "rejected"]
            said += [f"{row.file}: {row.problem}" for row in others.itertuples()]
        for table, of_table in self.files.groupby("table_name"):
            set_aside, received = of_table["set_aside"].sum(), of_table["received"].sum()
            if received and set_aside > self.allowed * received:
                said.append(
                    f"{set_aside} of {received} lines of {table} would be set aside, "
                    f"{self.allowed:.0%} are allowed"
                )
        return said


def check(files: Sequence[Path], study: Path, profiles: Path) -> Checked:
    """Say what a refresh of an empty home would make of files or folders of exports.

    Parameters
    ----------
    files
        Exports; of a folder every file in it counts, in folders of days or sites as well.
    study
        The study file whose costs are counted.
    profiles
        A site's own registry profiles, if there is such a folder.
    """
    with tempfile.TemporaryDirectory(prefix="il6-check-") as folder:
        home, landing = Path(folder, "home"), Path(folder, "landing")
        home.mkdir(mode=0o700)
        landing.mkdir(mode=0o700)
        if profiles.is_dir():
            shutil.copytree(profiles, home / "profiles")
        for file in files:
            _copy(file, landing / file.name if file.name else landing)
        if len(files) == 1 and files[0].is_dir():
            landing = landing / files[0].name
        site = Site(home=str(home), landing=str(landing), study_file=str(study))
        return _checked(Warehouse(site=site))


def _copy(file: Path, to: Path) -> None:
    """Copy an export or a folder of exports; a link that leads nowhere is none.

    Raises
    ------
    UsageError
        Where a file may not be read.
    """
    if not file.is_dir():
        shutil.copy(file, to)
        return
    try:
        shutil.copytree(file, to, ignore_dangling_symlinks=True)
    except shutil.Error as error:
        place, _, reason = error.args[0][0]
        raise UsageError(f"{place} cannot be read: {reason}") from None


def _checked(warehouse: Warehouse) -> Checked:
    # a home has its key before it has a database
    _ = warehouse.pseudonyms
    with warehouse.connect() as connection:
        read_landing(warehouse)
        delivered = set(
            warehouse.query("select table_name from raw.deliveries where status = 'accepted'")[
                "table_name"
            ]
        )
        # alone, a table cannot say whether its patients are known
        without = set() if "patients" in delivered else {"patient_is_known"}
        stage(
            warehouse,
            {
                name: [one for one in rules if one.id not in without]
                for name, rules in STAGED.items()
            },
        )
        derive_cohort(warehouse)
        files, problems, passed_over = (
            warehouse.query(paths.sql_file(name).read_text("utf-8"))
            for name in ("check.files", "check.problems", "validation.passed_over")
        )
        flow = warehouse.query("select label, n from cohort.flow order by step")
        return Checked(
            files,
            in_doubt(connection),
            problems,
            # whole files are among the files
            passed_over[passed_over["lines"].notna()],
            flow if delivered >= WHOLE else None,
            warehouse.site.quality.max_quarantine_share,
        )
