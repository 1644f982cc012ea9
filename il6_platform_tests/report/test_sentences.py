"""Sentences made from the numbers: each says its row, and none is said without one."""

from __future__ import annotations

import pandas as pd
import pytest

from il6_platform import paths
from il6_platform.analysis.results import RESULT_COLUMNS
from il6_platform.report import sentences
from il6_platform.study import Study, read_study

STUDY = read_study(paths.default_study())


def results(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame([{"population": "all", **row} for row in rows])
    return frame.reindex(columns=list(RESULT_COLUMNS)).astype({"n": "Int64", "events": "Int64"})


def effect(p: float, estimate: float = 0.5) -> dict[str, object]:
    return {
        "analysis": "cox",
        "endpoint": "PFS",
        "contrast": "experimental vs control",
        "model": "univariable",
        "statistic": "hazard_ratio",
        "estimate": estimate,
        "ci_low": 0.3,
        "ci_high": 0.9,
        "p_value": p,
        "n": 50,
        "events": 40,
    }


def product(p: float) -> dict[str, object]:
    return {
        "analysis": "interaction",
        "endpoint": "PFS",
        "model": "interaction",
        "statistic": "ratio_of_hazard_ratios",
        "estimate": 0.4,
        "ci_low": 0.1,
        "ci_high": 1.6,
        "p_value": p,
        "events": 60,
    }


@pytest.mark.parametrize(
    ("p", "estimate", "said"),
    [
        (0.01, 0.5, "is associated with longer PFS (hazard ratio 0.50, 95% CI 0.30 to 0.90; 50"),
        (0.01, 1.5, "is associated with shorter PFS (hazard ratio 1.50"),
        (0.2, 0.5, "is not shown to change PFS (hazard ratio 0.50"),
    ],
)
def test_the_answer_says_no_more_than_p_allows(p: float, estimate: float, said: str) -> None:
    first, second = sentences.answer(results(effect(p, estimate), product(0.2)), STUDY)
    assert said in first
    assert "not randomised" in first
    assert "is not shown to differ" in second
    assert "interaction P = 0.20" in second
    assert "chosen on the same data" in second


def test_an_interaction_is_said_where_there_is_one() -> None:
    _, second = sentences.answer(results(effect(0.01), product(0.01)), STUDY)
    assert "effect differs between high and low" in second
    fixed = STUDY.model_copy(
        update={
            "cutoff": Study.model_validate(
                {**STUDY.model_dump(mode="json"), "cutoff": {"method": "fixed", "value": 4.3}}
            ).cutoff
        }
    )
    _, second = sentences.answer(results(effect(0.01), product(0.01)), fixed)
    assert second.endswith("interaction P = 0.01).")
    few = results(effect(0.01), {**product(0.01), "events": 9, "ci_low": 0.0021})
    _, second = sentences.answer(few, fixed)
    assert "95% CI 0.002 to 1.60" in second
    assert second.endswith("; 9 events in four groups are few.")


def test_without_numbers_it_says_so_and_nothing_else() -> None:
    nothing = results({**effect(0.5), "estimate": None, "note": "No events."})
    first, second = sentences.answer(nothing, STUDY)
    assert first == "These data cannot yet say how treatment and PFS go together (No events.)."
    assert "cannot be judged" in second
    assert sentences.certainty(nothing, STUDY) == []
    assert sentences.growth(nothing, STUDY) == []


def look(statistic: str, estimate: float, **more: object) -> dict[str, object]:
    return {
        "analysis": "monitoring",
        "endpoint": "PFS",
        "model": "group sequential",
        "statistic": statistic,
        "estimate": estimate,
        "at": 0.5,
        **more,
    }


@pytest.mark.parametrize(("z", "said"), [(2.0, "not crossed"), (-3.0, ": crossed")])
def test_a_look_is_judged_by_its_boundary(z: float, said: str) -> None:
    rows = results(look("boundary", 2.963, p_value=0.00305), look("logrank_z", z, p_value=0.0455))
    ((_, sentence),) = sentences.certainty(rows, STUDY)
    assert sentence.startswith("At 50% of the planned events the boundary asks for P below 0.003")
    assert said in sentence
    assert sentences.growth(rows, STUDY) == [sentence]


def test_a_hidden_count_is_not_told() -> None:
    of = {"analysis": "survival", "endpoint": "PFS", "statistic": "median", "estimate": 9.0}
    groups = [
        {**of, "grp": f"{arm}/{g}", "n": 9}
        for arm in ("control", "experimental")
        for g in ("high", "low")
    ]
    rows = results({**of, "n": 36, "events": 20}, *groups)
    assert sentences.certainty(rows, STUDY) == [
        (
            "Size",
            "36 patients with 20 events (PFS); the smallest of the 4 groups of arm and marker "
            "has 9.",
        )
    ]
    rows.loc[1, "n"] = pd.NA
    assert sentences.certainty(rows, STUDY) == []


def test_a_refresh_is_told_from_the_exports_to_the_answer() -> None:
    provenance = pd.DataFrame(
        [
            ("cut", "cut", "abc"),
            ("cut", "last_export", "2023-12-31"),
            ("delivery", "2023-12-31/labs.csv", "sha256 x, 9 lines"),
            ("delivery", "2023-12-31/patients.csv", "sha256 y, 3 lines"),
        ],
        columns=["kind", "name", "value"],
    )
    quality = pd.DataFrame(
        [("lines", "current", 10), ("lines", "in quarantine", 2), ("rule", "sex", 2)],
        columns=["kind", "name", "n"],
    ).astype({"n": "Int64"})
    flow = pd.DataFrame([("arrived", 52), ("analysed", 50)], columns=["kind", "n"])
    flow = flow.assign(suppressed=None).astype({"n": "Int64", "suppressed": object})
    cut = {"analysis": "cutoff", "statistic": "cutoff", "estimate": 5.7}
    rows = results(effect(0.01), product(0.2), cut)
    told = sentences.story(STUDY, provenance, quality, flow, rows)
    assert told == [
        "2 exports, the last of 2023-12-31, are in cut abc.",
        "12 lines arrived: 10 current, 2 in quarantine.",
        "52 patients arrived, 50 are analysed.",
        "IL-6 is called high from 5.7 pg/mL on.",
        *sentences.answer(rows, STUDY),
    ]
    # a hidden count is neither told nor added up
    quality.loc[1, "n"] = pd.NA
    flow.loc[1, ["n", "suppressed"]] = [pd.NA, "n <5"]
    hidden = sentences.story(STUDY, provenance, quality, flow, rows)
    assert hidden[1] == "52 patients arrived, <5 are analysed."
