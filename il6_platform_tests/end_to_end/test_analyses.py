"""The analyses agree with each other where they ask the same question of the same patients."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from il6_platform import paths
from il6_platform.analysis import cutoff, monitoring, multiplicity, sensitivity, validity
from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.cutoff_scan import published_cutoffs
from il6_platform.analysis.sensitivity import DATES
from il6_platform.cohort.looks import Look
from il6_platform.statistics.censoring import pfs_with_rule
from il6_platform.study import Study, read_study
from il6_platform.time_units import DAYS_PER_MONTH
from il6_platform_tests.end_to_end.conftest import Installation


@pytest.fixture(scope="module")
def cohort(demo: Installation) -> Cohort:
    return _cohort(demo, read_study(demo.study))


def _cohort(demo: Installation, study: Study) -> Cohort:
    with duckdb.connect(demo.working, read_only=True) as connection:
        tables = [
            connection.execute(f"from cohort.{t}").df() for t in ("adsl", "adtte", "adrs", "adtr")
        ]
    return Cohort.of(*tables, study)


def test_without_a_rule_pfs_is_that_of_adtte(cohort: Cohort) -> None:
    dates = cohort.patients[list(DATES)].rename(columns=DATES)
    found = pfs_with_rule(dates, rules=(), interval_days=56)
    time, event = cohort.survival("PFS")
    np.testing.assert_allclose(found["days"] / DAYS_PER_MONTH, time)
    np.testing.assert_array_equal(found["event"].to_numpy(bool), event)


def test_a_rule_only_ever_censors_and_never_later(cohort: Cohort) -> None:
    dates = cohort.patients[list(DATES)].rename(columns=DATES)
    ruled = pfs_with_rule(dates, interval_days=56)
    time, event = cohort.survival("PFS")
    assert (ruled["days"].to_numpy() / DAYS_PER_MONTH <= time + 1e-9).all()
    assert not (ruled["event"].to_numpy(bool) & ~event).any()
    assert ruled["event"].sum() < event.sum()


def test_who_responded_did_so_before_progression(cohort: Cohort) -> None:
    responded = cohort.patients["response_months"]
    assert (responded.notna() == cohort.responded("ORR")).all()
    time, _ = cohort.survival("PFS")
    assert (responded.dropna() <= time[responded.notna()] + 1e-9).all()


def test_the_scan_passes_through_the_studys_own_cutoff(demo: Installation) -> None:
    pairs = demo.ask(
        "select s.estimate as scanned, c.estimate as fitted, s.ci_low as low, c.ci_low as lower "
        "from report.results as s "
        "join report.results as cut on cut.analysis = 'cutoff' and cut.statistic = 'cutoff' "
        'and s."at" = cut.estimate '
        "join report.results as c on c.analysis = 'cox' and c.model = 'univariable' "
        "and c.statistic = s.statistic and c.endpoint = s.endpoint "
        "and c.population = s.population and c.contrast = s.contrast "
        "where s.analysis = 'cutoff_scan' and s.model = 'each cut-off' "
        "and s.statistic = 'hazard_ratio'"
    )
    assert len(pairs) == 6
    np.testing.assert_allclose(pairs["scanned"], pairs["fitted"], rtol=1e-6)
    np.testing.assert_allclose(pairs["low"], pairs["lower"], rtol=1e-6)


def test_a_published_cutoff_divides_as_it_says(demo: Installation, cohort: Cohort) -> None:
    hara = published_cutoffs(read_study(demo.study)).set_index("study").loc["Hara 2017"]
    marker = cohort.patients["MARKER"].to_numpy(float)
    rows = demo.ask(
        "from report.results where analysis = 'cutoff_scan' and model = 'published' "
        "and term = 'Hara 2017' and statistic = 'logrank' and population = 'all'"
    )
    assert (rows["at"] == hara["cutoff"]).all()
    from lifelines.statistics import logrank_test

    for row in rows.itertuples():
        time, event = cohort.survival(row.endpoint)
        high = marker >= hara["cutoff"]
        known = logrank_test(time[high], time[~high], event[high], event[~high])
        assert row.p_value == pytest.approx(known.p_value, rel=1e-6)


@pytest.mark.parametrize(
    ("analyte", "unit", "cutoffs"),
    [
        ("il6", "pg/mL", [4.3, 4.83, 4.28]),
        ("IL-6", "ng/L", [4.3, 4.83, 4.28]),
        ("il6", "ng/mL", [0.0043, 0.00483, 0.00428]),
        ("il6", "fmol/L", []),  # by a molar mass: not in the table of units
        ("crp", "pg/mL", []),
    ],
)
def test_the_literatures_cutoffs_come_in_the_studys_unit(
    analyte: str, unit: str, cutoffs: list[float]
) -> None:
    content = read_study(paths.default_study()).model_dump(mode="json")
    content["marker"] |= {"unit": unit, "analyte": analyte}
    found = published_cutoffs(Study.model_validate(content))
    assert found["cutoff"].tolist() == pytest.approx(cutoffs)


def test_no_naive_p_of_a_data_driven_cutoff_stands_alone(demo: Installation) -> None:
    naive = demo.ask(
        "from report.results where contrast = 'high vs low' and p_value is not null "
        "and analysis not in ('validity', 'cutoff_scan', 'evidence')"
    )
    assert len(naive) > 20
    said = naive["note"].str.contains("chosen on these data|corrected for cut-off selection")
    assert said.all()
    of_each = demo.ask(
        "select t.p_value as naive, c.p_value as corrected, t.n = c.n as same "
        "from report.results as t left join report.results as c "
        "on c.statistic = 'logrank_selection_corrected' and c.endpoint = t.endpoint "
        "and c.population = t.population and c.contrast = t.contrast "
        "where t.analysis = 'survival' and t.statistic = 'logrank' and t.contrast = 'high vs low'"
    )
    assert len(of_each) == 6
    assert of_each["corrected"].notna().all() and of_each["same"].all()


def test_a_cutoff_fixed_beforehand_needs_no_caution(cohort: Cohort) -> None:
    content = read_study(paths.default_study()).model_dump(mode="json")
    content["cutoff"] = {"method": "fixed", "value": 4.3}
    nothing = {"validity": validity.analyse(cohort, Study.model_validate(content)).frame()}
    rows = multiplicity.analyse(cohort, Study.model_validate(content), nothing).frame()
    pd.testing.assert_frame_equal(cutoff.with_caution(rows, Study.model_validate(content)), rows)


def test_a_cutoff_may_be_chosen_by_an_endpoint_that_is_not_analysed(demo: Installation) -> None:
    content = read_study(paths.default_study()).model_dump(mode="json")
    content |= {"endpoints": ["OS"], "published": [], "planned": None, "monitoring": None}
    content["cutoff"]["outcome"] = {"endpoint": "PFS", "by_months": 9}
    study = Study.model_validate(content)
    inside = _cohort(demo, study)
    time, event = inside.survival("PFS")
    known = event & (time <= 9) | (time > 9)
    area = roc_auc_score(time[known] <= 9, inside.patients["MARKER"][known])
    found = cutoff.analyse(inside, study).frame()
    assert found["estimate"].iloc[0] == pytest.approx(area, abs=1e-12)


def test_the_family_is_what_was_published_and_is_adjusted_upwards(demo: Installation) -> None:
    rows = demo.ask("from report.results where analysis = 'multiplicity' and model = 'family'")
    wide = rows.pivot(index=["population", "contrast"], columns="statistic", values="p_value")
    assert len(wide) == 3
    # what a chosen cut-off divides enters with the P that is corrected for the choice
    corrected = demo.ask(
        "select population, contrast, p_value from report.results "
        "where statistic = 'logrank_selection_corrected' and endpoint = 'PFS'"
    ).set_index(["population", "contrast"])["p_value"]
    raw = corrected.reindex(wide.index).fillna(wide["logrank"]).to_numpy()
    order = np.argsort(raw)
    holm = np.maximum.accumulate(np.minimum(raw[order] * [3, 2, 1], 1))
    np.testing.assert_allclose(wide["logrank_holm"].to_numpy()[order], holm)
    benjamini = np.minimum.accumulate((raw[order] * 3 / np.array([1, 2, 3]))[::-1])[::-1]
    np.testing.assert_allclose(wide["logrank_bh"].to_numpy()[order], np.minimum(benjamini, 1))


def test_weights_come_with_what_they_cost(demo: Installation) -> None:
    rows = demo.ask(
        "from report.results where analysis = 'weighting' and model = 'overlap weights'"
    ).set_index("statistic")
    sizes = rows.loc["effective_sample_size", "estimate"]
    assert (sizes > 0).all()
    assert sizes.sum() <= rows["n"].max()
    after = rows.loc["standardized_difference_weighted", "estimate"].abs().mean()
    assert after < rows.loc["standardized_difference", "estimate"].abs().mean()
    assert rows.loc["e_value", "estimate"].min() >= 1


def test_a_weighted_cutoff_is_chosen_and_judged_by_the_same_rule(cohort: Cohort) -> None:
    content = read_study(paths.default_study()).model_dump(mode="json")
    content["replicates"] = 50
    content["cutoff"]["outcome"] = {"endpoint": "PFS", "by_months": 9, "censored": "left_out"}
    left_out = Study.model_validate(content)
    content["cutoff"]["outcome"]["censored"] = "weighted"
    weighted = Study.model_validate(content)
    chosen = cutoff.analyse(cohort, weighted).frame().set_index("statistic")
    judged = validity.analyse(cohort, weighted).frame().set_index("statistic")
    assert chosen.loc["cutoff", "estimate"] == judged.loc["cutoff_bootstrap", "estimate"]
    assert chosen.loc["auc", "estimate"] == pytest.approx(judged.loc["auc_apparent", "estimate"])
    area = judged.loc["auc_apparent"]
    assert area["ci_low"] < area["estimate"] < area["ci_high"]
    # nobody is left out, whoever was censored
    known = cutoff.case_control(cohort, left_out)[0]
    assert known is not None and np.isnan(known).any()
    beside = sensitivity.analyse(cohort, left_out).frame()
    beside = beside[beside["model"] == "censored patients weighted"].set_index("statistic")
    assert beside.loc["cutoff", "estimate"] == chosen.loc["cutoff", "estimate"]


def test_the_replays_last_day_is_today(demo: Installation) -> None:
    pairs = demo.ask(
        "select e.estimate as replayed, e.ci_low as low, e.p_value as p, l.p_value as replayed_p, "
        "c.estimate as fitted, c.ci_low as lower, c.p_value as wald_p, t.p_value as tested "
        "from report.results as e "
        "join report.results as c on c.analysis = 'cox' and c.model = 'univariable' "
        "and c.statistic = 'hazard_ratio' and c.endpoint = e.endpoint "
        "and c.population = e.population and c.contrast = e.contrast "
        "join report.results as t on t.analysis = 'survival' and t.statistic = 'logrank' "
        "and t.endpoint = e.endpoint and t.population = e.population and t.contrast = e.contrast "
        "join report.results as l on l.analysis = 'evidence' and l.statistic = 'logrank' "
        "and l.endpoint = e.endpoint and l.population = e.population and l.contrast = e.contrast "
        'and l."at" = e."at" '
        "where e.analysis = 'evidence' and e.statistic = 'hazard_ratio' "
        "qualify row_number() over "
        '(partition by e.endpoint, e.population, e.contrast order by e."at" desc) = 1'
    )
    assert len(pairs) == 12
    np.testing.assert_allclose(pairs["replayed"], pairs["fitted"], rtol=1e-6)
    np.testing.assert_allclose(pairs["low"], pairs["lower"], rtol=1e-6)
    # an interval and a P value of one family on a row
    np.testing.assert_allclose(pairs["p"], pairs["wald_p"], rtol=1e-6)
    np.testing.assert_allclose(pairs["replayed_p"], pairs["tested"], rtol=1e-6)
    product = demo.ask(
        "select analysis, estimate, p_value from report.results "
        "where statistic = 'ratio_of_hazard_ratios' and endpoint = 'PFS' and estimate is not null "
        'qualify row_number() over (partition by analysis order by "at" desc) = 1'
    ).set_index("analysis")
    for name in ("estimate", "p_value"):
        assert product[name]["evidence"] == pytest.approx(product[name]["interaction"], rel=1e-6)


def test_the_plan_is_judged_as_rpact_would(cohort: Cohort) -> None:
    content = read_study(paths.default_study()).model_dump(mode="json")
    content["monitoring"] = {"looks": [0.25, 0.5, 0.75, 1], "events": 84}
    taken = (Look("2019-12-31", "PFS", "all", "experimental vs control", 21, 84),)
    results = monitoring.analyse(replace(cohort, looks=taken), Study.model_validate(content))
    rows, drawn = results.frame(), results.curves().set_index("x")["y"]
    look = rows[rows["model"] == "group sequential"].set_index("statistic")
    assert look.loc["information_fraction", "estimate"] == 42 / 84
    # rpact, four equal looks, O'Brien-Fleming type spending, second look (reference.json)
    assert look.loc["boundary", "estimate"] == pytest.approx(2.96313159907004, rel=1e-5)
    # the same plan's other looks, as they are drawn
    assert list(drawn.index) == [0.25, 0.5, 0.75, 1]
    expected = [4.33263364604956, 2.96313159907004, 2.35904428310459, 2.01409014844103]
    assert drawn.to_list() == pytest.approx(expected, rel=1e-5)
    z, p = look.loc["logrank_z", ["estimate", "p_value"]]
    assert p == pytest.approx(2 * norm.sf(abs(z)))
    assert look.loc["logrank_repeated", "p_value"] > p
    ratio = look.loc["hazard_ratio_repeated"]
    assert ratio["ci_low"] < ratio["estimate"] < ratio["ci_high"]
    # the repeated P is the alpha whose boundary the look just reaches
    content["monitoring"]["alpha"] = float(look.loc["logrank_repeated", "p_value"])
    again = monitoring.analyse(replace(cohort, looks=taken), Study.model_validate(content)).frame()
    boundary = again.set_index("statistic").loc["boundary", "estimate"]
    assert boundary == pytest.approx(abs(z), rel=1e-3)


def test_without_a_plan_nothing_is_planned(cohort: Cohort) -> None:
    content = read_study(paths.default_study()).model_dump(mode="json")
    content["planned"] = None
    rows = monitoring.analyse(cohort, Study.model_validate(content)).frame()
    assert rows["estimate"].isna().all()
    assert "plans no effect" in rows["note"].iloc[0]
    content["planned"] = {"hazard_ratio": 1.0}
    with pytest.raises(ValidationError, match="1 is no effect"):
        Study.model_validate(content)
