"""The manuscript's tables: rows of `report.results` in, printed cells out."""

from __future__ import annotations

import json

import pandas as pd
from matplotlib.figure import Figure

from il6_platform import paths
from il6_platform.analysis.cohort import ARM, MARKER
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Listing
from il6_platform.report import formatting
from il6_platform.report.figure_catalogue import Picture, Report
from il6_platform.report.interaction import plot_of
from il6_platform.report.listing import listing
from il6_platform.report.page import numbers_behind
from il6_platform.report.tables import study_course
from il6_platform.statistics.baseline import describe
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.survival import kaplan_meier
from il6_platform.study import read_study

STUDY = read_study(paths.default_study())


def report(results: Results) -> Report:
    none = pd.DataFrame()
    return Report(results.frame(), none, none, STUDY, is_synthetic=False)


def test_a_listing_groups_its_rows_by_what_they_compare_and_leaves_out_empty_columns() -> None:
    results = Results("sites")
    for contrast, population in ((ARM, "all"), (MARKER, "control"), (ARM, "all")):
        results.add(
            Estimate("hazard_ratio", 0.5, ci_low=0.25, ci_high=1.0, n=50, method="Cox"),
            endpoint="PFS",
            contrast=contrast,
            population=population,
            model="by site",
        )
    declared = Listing("Sites.", {"hazard_ratio": ("Hazard ratio", "ratio")})
    made = listing(report(results), "sites", declared, None)
    assert made.columns == ("Statistic", "Of", "Estimate (95% CI)", "n")
    row = ("\N{EM SPACE}Hazard ratio", "by site", "0.50 (0.25\N{EN DASH}1.00)", "50")
    assert made.rows == (
        ("PFS: Chemotherapy + bevacizumab vs Chemotherapy alone, all patients", "", "", ""),
        row,
        row,
        ("PFS: IL-6 high vs low, Chemotherapy alone", "", "", ""),
        row,
    )
    assert len(made.marks) == len(made.rows)


def test_the_course_of_a_study_stands_in_one_line_a_group() -> None:
    results = Results("study_course")
    results.add(describe([6.0, 12.0, 18.0, 24.0, 60.0], "number"), term="follow-up")
    results.add(describe([12.0, 24.0], "number"), term="follow-up", grp="control")
    results.add(describe([], "number"), term="follow-up", grp="experimental")
    dash = "\N{EN DASH}"
    assert study_course(report(results)).rows == (
        ("Follow-up", "All patients", "5", f"18.0 (12.0{dash}24.0)", f"6.0{dash}60.0"),
        ("Follow-up", "Chemotherapy alone", "2", f"18.0 (15.0{dash}21.0)", f"12.0{dash}24.0"),
        ("Follow-up", "Chemotherapy + bevacizumab", "0", "", ""),
    )


def test_a_hazard_ratio_behind_a_figure_says_what_it_is_per() -> None:
    results = Results("cox")
    for term in ("age", "sex[M]"):
        results.add(Estimate("hazard_ratio", 1.32, term=term), model="multivariable")
    results.add(Estimate("proportional_hazards", 1.0, term="age"), model="multivariable")
    picture = Picture("cox", "Survival", "", Figure, results.frame())
    found = numbers_behind(picture, report(results))
    assert [cells[1] for cells in found["rows"]] == [
        "all patients, multivariable, Age, per 10 years",
        "all patients, multivariable, Male (reference: female)",
        "all patients, multivariable, Age (years)",
    ]


def test_a_reader_who_asks_a_curve_is_told_no_interval_where_there_is_none() -> None:
    figure = Figure()
    figure.subplots().set_xlim(0, 10)
    curve = kaplan_meier([3, 5, 6, 7], [0, 1, 1, 0]).curve()
    picture = Picture("km", "Survival", "", lambda: figure, curve, series={"All": curve}, of="km")
    (asked,) = json.loads(plot_of(picture, figure, STUDY))["curves"]
    assert asked["y"][:2] == [1, 1]
    for limits in (asked["lo"], asked["hi"]):
        assert [limit is None for limit in limits] == [True, True, False, False, False]


def test_limits_that_are_the_estimate_are_no_interval_to_read() -> None:
    row = {"statistic": "survival", "estimate": 1.0, "ci_low": 1.0, "ci_high": 1.0}
    assert formatting.with_interval(row, formatting.percent) == "100"
    assert formatting.with_interval({**row, "ci_low": 0.9}, formatting.percent) != "100"
