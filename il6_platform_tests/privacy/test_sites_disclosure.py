"""A site of few patients is hidden, and so is what would give it away: the others without it."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from il6_platform.analysis import sites
from il6_platform.analysis.cohort import ARM
from il6_platform.analysis.results import RESULT_COLUMNS
from il6_platform.privacy import disclosure
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        # nothing is small
        ((20, 20, 20), ""),
        # C is small; A, the next, goes so that C is not the rest
        ((9, 48, 3), "AC"),
        # two are small, and neither is the rest of the others
        ((3, 54, 3), "AC"),
    ],
)
def test_a_small_site_is_not_the_rest_of_the_others(sizes: tuple[int, ...], hidden: str) -> None:
    study = Study.model_validate(STUDY | {"cutoff": {"method": "median"}, "endpoints": ["OS"]})
    cohort = cohort_of("ordinary", sum(sizes), study)
    cohort.patients["SITEID"] = np.repeat([*"ABC"], sizes)
    cohort.patients["ARMCD"] = np.where(np.arange(len(cohort)) % 2, "E", "C")
    rows = sites.analyse(cohort, study).frame()
    shown = shown_of(rows)
    by_site = rows[(rows["contrast"] == ARM) & rows["term"].str.startswith("SITEID[", na=False)]
    for statistic, kept in by_site.groupby("statistic"):
        of = shown[kept.index]
        letters = kept["term"].str[7]
        assert set(letters[~of]) == set(hidden), statistic


def shown_of(rows: pd.DataFrame) -> np.ndarray:
    """Return which rows keep their n."""
    columns = ", ".join(f'"{name}" {kind}' for name, (kind, _) in RESULT_COLUMNS.items())
    with duckdb.connect() as connection:
        connection.execute("create schema report; create schema study")
        connection.execute("create table study.settings as select 5 as minimal_cell")
        connection.execute(f"create table report.results ({columns})")
        connection.execute("insert into report.results select * from rows")
        disclosure._find(connection, [])
        found = connection.execute("select distinct id from hidden where what in ('n', 'estimate')")
        hidden = {row for (row,) in found.fetchall()}
    return np.array([row not in hidden for row in range(len(rows))])
