"""Where the study file hides small counts, none is published, nor can one be subtracted."""

from __future__ import annotations

import itertools
import math
import shutil
from pathlib import Path

import duckdb
import pytest

from il6_platform import cli, paths
from il6_platform.report.formatting import count_of
from il6_platform_tests.end_to_end.conftest import Installation, made_once, refreshed_demo

__all__ = ["refreshed_demo"]

COUNTS = {
    "results": ["n", "events"],
    "headline": ["n", "events", "n_first", "n_second"],
    "history": ["n", "events"],
    "curves": ["at_risk"],
    "flow": ["n"],
    "data_quality": ["n"],
}


@pytest.fixture(scope="module")
def hidden(refreshed_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    def of(folder: Path) -> Installation:
        return Installation(folder / "home", paths.demo_landing(), paths.default_study())

    def make(folder: Path) -> None:
        made = of(folder)
        shutil.copytree(refreshed_demo, made.home, symlinks=True)
        with (made.study_folder / "study.yaml").open("a", encoding="utf-8") as kept:
            kept.write("quality: {minimal_cell: 5}\n")
        release = ["release", "--home", str(made.home), "--by", "a test", "--why", "to look at it"]
        assert cli.main(release) == 0
        (released,) = (made.study_folder / "released").iterdir()
        # what is asked below is the release, not the cut inside
        (made.study_folder / "published").unlink()
        (made.study_folder / "published").symlink_to(released)

    return of(made_once(tmp_path_factory, "hidden", make))


def test_no_small_count_is_published(hidden: Installation) -> None:
    for table, names in COUNTS.items():
        for name in names:
            few = hidden.ask(f"from report.{table} where {name} between 1 and 4")
            assert few.empty, (table, name)
    results = hidden.ask("from report.results")
    small = results[results["suppressed"].str.startswith("n <5", na=False)]
    assert len(small) and small["estimate"].isna().all() and small["p_value"].isna().all()
    assert small["note"].str.contains("not shown").all()
    # the shares that remain give no small count away
    rates = results[(results["statistic"] == "rate") & results["estimate"].notna()]
    for part in (rates["estimate"] * rates["n"], (1 - rates["estimate"]) * rates["n"]):
        assert not ((part > 0.5) & (part < 4.5)).any()


def test_a_hidden_count_is_not_the_rest_of_those_shown(hidden: Installation) -> None:
    results = hidden.ask("from report.results where analysis = 'response' and endpoint = 'BOR'")
    results = results.fillna({"grp": "all"})
    for (population, grp), levels in results.groupby(["population", "grp"]):
        shown = levels["events"].notna()
        assert (~shown).sum() != 1, (population, grp)
    for (population, level), cells in results.groupby(["population", "term"]):
        of = cells.set_index("grp")["events"]
        for pair in (("control", "experimental"), ("high", "low")):
            if set(pair) <= set(of.index) and of[list(pair)].isna().any():
                left = of[list(pair)].dropna()
                assert left.empty or (left == 0).all(), (population, level, pair)
    flow = hidden.ask("from report.flow where kind = 'excluded'")
    assert flow["n"].isna().sum() != 1


def test_no_count_can_be_worked_out_between_the_points_of_a_curve(hidden: Installation) -> None:
    """An attacker who knows n counts the events between any two numbers that are published."""
    with duckdb.connect(hidden.working, read_only=True) as working:
        times = working.execute(
            'select "PARAMCD", "AVAL", "CNSR", "ARMCD", "MARKERGR" '
            'from cohort.adtte join cohort.adsl using ("USUBJID") where "ANALFL" = \'Y\''
        ).df()
    arm, group = {"control": "C", "experimental": "E"}, {"high": "high", "low": "low"}
    points = hidden.ask(
        "select endpoint, population, grp, x from report.curves where analysis = 'survival' "
        'union select endpoint, population, grp, "at" from report.results '
        "where analysis = 'survival' and statistic = 'survival' and estimate is not null"
    ).fillna({"grp": ""})
    assert len(points) > 60
    for (endpoint, population, grp), shown in points.groupby(["endpoint", "population", "grp"]):
        of = times[times["PARAMCD"] == endpoint]
        for name in [population.removeprefix("marker_"), *grp.split("/")]:
            if name in arm:
                of = of[of["ARMCD"] == arm[name]]
            elif name in group:
                of = of[of["MARKERGR"] == group[name]]
        happened = of.loc[of["CNSR"] == 0, "AVAL"].to_numpy(float)
        if len(shown) == 1:
            # the start alone says nothing
            continue
        ends = [0.0, *sorted(shown["x"]), math.inf]
        between = [
            int(((happened > low + 1e-9) & (happened <= high + 1e-9)).sum())
            for low, high in itertools.pairwise(ends)
        ]
        assert not [n for n in between if 0 < n < 5], (endpoint, population, grp, between)
    at_risk = hidden.ask("select distinct at_risk from report.curves where at_risk is not null")
    assert (at_risk["at_risk"] % 5 == 0).all()
    roc = hidden.ask("select x, y from report.curves where analysis = 'cutoff' order by x, y")
    n = hidden.ask("select statistic, n from report.results where analysis = 'cutoff'").set_index(
        "statistic"
    )["n"]
    for axis, size in (("x", n["specificity"]), ("y", n["sensitivity"])):
        moved = (roc[axis].diff().dropna() * size).round().astype(int)
        assert not moved.between(1, 4).any()


def test_no_count_of_missing_values_or_newcomers_is_the_rest_of_two_others(
    hidden: Installation,
) -> None:
    results = hidden.ask("from report.results")
    counts = results[results["statistic"] == "missing"]["estimate"].dropna()
    assert not counts.between(1, 4).any()
    assert results[results["statistic"].isin(["min", "max"])]["estimate"].isna().all()
    for _, same in (
        results[results["analysis"] != "evidence"]
        .fillna({"grp": ""})
        .groupby(["population", "grp"])
    ):
        left_out = same["n"].max() - same["n"].dropna()
        assert not left_out.between(1, 4).any()
    for name in ("n", "events"):
        grown = results.loc[results["analysis"] == "evidence", name].dropna()
        assert (grown % 5 == 0).all()
        assert (hidden.ask("from report.history")[name].dropna() % 5 == 0).all()


def test_the_page_shows_how_a_count_is_hidden(hidden: Installation) -> None:
    page = (hidden.home / "published" / "report.html").read_text(encoding="utf-8")
    assert "&lt;5" in page and "not shown" in page and "nan" not in page.lower().split()
    # no figure of single patients, and no small number at risk beneath a curve
    assert 'id="waterfall"' not in page and 'id="swimmer"' not in page and 'id="flow"' not in page
    assert ">few<" in page.replace("\n", "")


def test_a_count_is_said_as_it_may_be() -> None:
    assert count_of({"n": 53.0}, "n") == "53"
    assert count_of({"n": math.nan, "suppressed": "n <5; events not shown"}, "n") == "<5"
    row = {"events": None, "suppressed": "n <5; events not shown"}
    assert count_of(row, "events") == "not shown"
    assert count_of({"n": None}, "n") == ""
