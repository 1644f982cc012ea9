"""The study file's cut-off: the smallest group, the interaction rule and its corrected test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from il6_platform.analysis import cutoff, interaction, validity
from il6_platform.statistics.cutoff_rules import Rule, Search
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of

BY_EVENT = {"endpoint": "PFS", "by_months": 6}


def study_with(**rule: Any) -> Study:
    return Study.model_validate({**STUDY, "cutoff": rule, "replicates": 99})


def only(rows: Any, **where: str) -> Any:
    for column, value in where.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize(
    "rule",
    [
        {"method": "youden", "outcome": BY_EVENT},
        {"method": "youden", "outcome": "response"},
        {"method": "youden", "outcome": BY_EVENT | {"censored": "weighted"}},
        {"method": "maxstat"},
        {"method": "interaction"},
        {"method": "interaction", "outcome": {"endpoint": "OS"}},
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_no_rule_leaves_fewer_than_a_tenth_and_ten_on_a_side(rule: Any, seed: int) -> None:
    for n in (45, 160):
        study = study_with(**rule)
        cohort = cohort_of("ordinary", n, study, seed)
        found = cutoff.chosen(cohort, study)
        if found is not None:
            high = int((cohort.patients["MARKER"] >= found).sum())
            assert min(high, n - high) >= max(10, n // 10)
        strict = study_with(**rule, min_share=0.4, min_patients=1)
        found = cutoff.chosen(cohort, strict)
        high = int((cohort.patients["MARKER"] >= found).sum()) if found else n // 2
        assert min(high, n - high) >= 0.4 * n - 1


def test_the_interaction_rule_is_the_search_of_its_endpoint_and_says_so() -> None:
    study = study_with(method="interaction", outcome={"endpoint": "OS"})
    cohort = cohort_of("ordinary", 90, study)
    arm = cohort.group("experimental")
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    rule = Rule("interaction", arm=arm, min_share=0.1, min_patients=10)
    row = only(cutoff.analyse(cohort, study).frame(), statistic="cutoff")
    assert row["estimate"] == Search(marker, *cohort.survival("OS"), rule).cutoff
    assert "data_driven" in row["code"]
    assert "OS" in row["method"]


@pytest.mark.parametrize(
    "rule",
    [{"method": "youden", "outcome": BY_EVENT}, {"method": "maxstat"}, {"method": "interaction"}],
)
def test_each_data_driven_rule_has_a_corrected_interaction(rule: Any) -> None:
    study = study_with(**rule)
    cohort = cohort_of("ordinary", 90, study)
    rows = validity.analyse(cohort, study).frame()
    row = only(rows, statistic="interaction_selection_corrected", endpoint="PFS")
    assert 0.01 <= row["p_value"] <= 1
    assert row["at"] == cutoff.chosen(cohort, study)
    raw = interaction.analyse(cohort, study).frame()
    naive = only(raw, statistic="ratio_of_hazard_ratios", endpoint="PFS")
    warned = cutoff.with_caution(raw, study)
    warned = only(warned, statistic="ratio_of_hazard_ratios", endpoint="PFS")
    assert "uncorrected" in warned["code"] and "uncorrected" not in (naive["code"] or "")


def test_a_fixed_cutoff_stays_and_tells_how_few_it_leaves() -> None:
    study = study_with(method="fixed", value=1e6)
    cohort = cohort_of("ordinary", 60, study)
    row = only(cutoff.analyse(cohort, study).frame(), statistic="cutoff")
    assert (row["estimate"], row["code"]) == (1e6, "few_beside_cutoff")
    assert row["note"].startswith("0 patients on one side of the cut-off, fewer than the 10")
    median = study_with(method="median")
    row = only(cutoff.analyse(cohort, median).frame(), statistic="cutoff")
    assert row["code"] is None


def test_without_an_admissible_cutoff_there_is_none_and_the_code_says_why() -> None:
    for rule in ({"method": "interaction"}, {"method": "youden", "outcome": BY_EVENT}):
        study = study_with(**rule)
        cohort = cohort_of("ordinary", 16, study)
        row = only(cutoff.analyse(cohort, study).frame(), statistic="cutoff")
        assert np.isnan(row["estimate"])
        assert row["code"] == "no_admissible_cutoff"


def test_a_posterior_of_chosen_groups_says_that_they_were_chosen() -> None:
    from il6_platform.analysis import shrinkage

    for rule, said in (({"method": "maxstat"}, True), ({"method": "median"}, False)):
        study = study_with(**rule)
        cohort = cohort_of("ordinary", 90, study)
        rows = cutoff.with_caution(shrinkage.analyse(cohort, study).frame(), study)
        known = rows[rows["statistic"].str.startswith("posterior") & rows["estimate"].notna()]
        assert len(known) > 4
        assert (known["code"].fillna("").str.contains("uncorrected") == said).all()
