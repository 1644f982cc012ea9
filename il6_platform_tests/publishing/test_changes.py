"""What changed since the cut before is said where a reader sees a difference."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from il6_platform import paths
from il6_platform.publishing.changes import in_brief
from il6_platform.publishing.cuts import Difference, compared
from il6_platform.study import read_study


def cut(file: Path, hazard_ratio: float, p_value: float, cutoff: float) -> Path:
    """A published database with the treatment's hazard ratio and the cut-off alone."""
    with duckdb.connect(file) as connection:
        connection.execute(
            "create table provenance (kind varchar, name varchar, value varchar);"
            "create table flow as select 1 as step, 'Arrived' as label, 30 as n;"
            "create table results (analysis varchar, endpoint varchar, population varchar, "
            "contrast varchar, grp varchar, model varchar, term varchar, statistic varchar, "
            '"at" double, estimate double, ci_low double, ci_high double, p_value double, '
            "n integer, events integer)"
        )
        connection.execute(
            "insert into results by name select 'survival' as analysis, 'PFS' as endpoint, "
            "'all' as population, 'experimental vs control' as contrast, "
            "'hazard_ratio_score' as statistic, $ratio as estimate, 0.5 * $ratio as ci_low, "
            "2 * $ratio as ci_high, $p as p_value, 30 as n, 20 as events "
            "union all by name select 'cutoff' as analysis, 'cutoff' as statistic, "
            "$cutoff as estimate",
            {"ratio": hazard_ratio, "p": p_value, "cutoff": cutoff},
        )
    return file


def difference(folder: Path, *later: float) -> Difference:
    nobody = folder / "nobody.parquet"
    earlier = cut(folder / "earlier.duckdb", 0.67, 0.29, 11.5)
    return compared(earlier, cut(folder / "later.duckdb", *later), nobody, nobody)


@pytest.mark.parametrize(
    ("later", "says"),
    [
        # another code ends its search elsewhere
        ((0.67 * (1 + 1e-8), 0.29 * (1 + 6e-8), 11.5), "Nothing that the answer rests on."),
        # two more days of follow-up, which two digits do not show
        ((0.6701, 0.29, 11.5), "Nothing that the answer rests on."),
        ((0.69, 0.29, 11.5), "hazard ratio for PFS: 0.69 (0.34\u20131.38); it was 0.67"),
        ((0.6701, 0.04, 11.5), "Its P has crossed 0.05."),
        ((0.67, 0.29, 18.5), "The cut-off is 18.5 pg/mL; it was 11.5 pg/mL."),
    ],
)
def test_what_reads_the_same_is_not_said_to_have_changed(
    tmp_path: Path, later: tuple[float, ...], says: str
) -> None:
    said = in_brief(difference(tmp_path, *later), read_study(paths.default_study()))
    assert says in " ".join(said) and len(said) == 1


def test_the_last_bits_of_a_number_are_no_move(tmp_path: Path) -> None:
    found = difference(tmp_path, 0.67 * (1 - 1e-8), 0.29, 11.5).estimates
    assert set(found["change"]) == {"same"}
