"""The analyses agree with each other where they ask the same question of the same patients."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from il6_platform import paths
from il6_platform.analysis import cutoff, sensitivity, validity
from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.cutoff_scan import published_cutoffs
from il6_platform.analysis.sensitivity import DATES
from il6_platform.statistics.censoring import pfs_with_rule
from il6_platform.study import Study, read_study
from il6_platform_tests.end_to_end.conftest import Installation


@pytest.fixture(scope="module")
def cohort(demo: Installation) -> Cohort:
    with duckdb.connect(demo.home / "working.duckdb", read_only=True) as connection:
        tables = [
            connection.execute(f"from cohort.{t}").df() for t in ("adsl", "adtte", "adrs", "adtr")
        ]
    return Cohort.of(*tables, read_study(demo.study))


def test_without_a_rule_pfs_is_that_of_adtte(cohort: Cohort) -> None:
    dates = cohort.patients[list(DATES)].rename(columns=DATES)
    found = pfs_with_rule(dates, rules=(), interval_days=56)
    time, event = cohort.survival("PFS")
    np.testing.assert_allclose(found["months"], time)
    np.testing.assert_array_equal(found["event"].to_numpy(bool), event)


def test_a_rule_only_ever_censors_and_never_later(cohort: Cohort) -> None:
    dates = cohort.patients[list(DATES)].rename(columns=DATES)
    ruled = pfs_with_rule(dates, interval_days=56)
    time, event = cohort.survival("PFS")
    assert (ruled["months"].to_numpy() <= time + 1e-9).all()
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


def test_literature_of_another_marker_or_unit_is_left_out() -> None:
    study = read_study(paths.default_study())
    content = study.model_dump(mode="json")
    content["marker"]["unit"] = "ng/mL"
    assert published_cutoffs(Study.model_validate(content)).empty
    assert len(published_cutoffs(study)) == 1


def test_the_family_is_what_was_published_and_is_adjusted_upwards(demo: Installation) -> None:
    rows = demo.ask("from report.results where analysis = 'multiplicity' and model = 'family'")
    wide = rows.pivot(index=["population", "contrast"], columns="statistic", values="p_value")
    assert len(wide) == 3
    raw = wide["logrank"].to_numpy()
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
