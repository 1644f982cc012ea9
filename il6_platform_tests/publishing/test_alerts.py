"""What an alert says of patients: how many changed groups, and not of a few."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from il6_platform import paths
from il6_platform.publishing.alerts import _cutoff_stands
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site


def cohort(folder: Path, least: int | None) -> Warehouse:
    """Return a study whose analysed patients have the markers 1 to 20, and one has no part."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    if least:
        said = f"disclosure: {{minimal_cell: {least}}}\n"
        (home / "registry.yaml").write_text(said, encoding="utf-8")
    study = str(paths.default_study())
    made = Warehouse(Site(home=str(home), landing=str(folder), study_file=study))
    rows = [(float(n), "Y") for n in range(1, 21)] + [(7.5, "N")]
    with made.connect() as connection:
        connection.register("incoming", pd.DataFrame(rows, columns=["MARKER", "ANALFL"]))
        connection.execute("create schema cohort; create table cohort.adsl as from incoming")
    return made


@pytest.mark.parametrize(
    ("least", "before", "now", "says"),
    [
        (None, 7, 9, "2 of 20 patients"),
        (None, 9.0, 7.0, "2 of 20 patients"),
        (5, 7, 9, "fewer than 5 of 20 patients"),
        (5, 7, 11, "fewer than 5 of 20 patients"),
        (5, 7, 12, "5 of 20 patients"),
        (5, 7.1, 7.9, "0 of 20 patients"),
        # who stayed are the complement
        (5, 1, 16, "15 of 20 patients"),
        (5, 1, 17, "more than 15 of 20 patients"),
        (5, 2, 21, "more than 15 of 20 patients"),
        (5, 1, 21, "20 of 20 patients"),
    ],
)
def test_few_patients_who_changed_groups_are_not_counted(
    tmp_path: Path, least: int | None, before: float, now: float, says: str
) -> None:
    alert = _cutoff_stands(cohort(tmp_path, least), before, now, "a1")
    assert alert.is_raised
    assert alert.sentence.endswith(f" pg/mL: {says} changed groups.")
    assert f"from {before:g}" in alert.sentence and "(cut a1)" in alert.sentence
