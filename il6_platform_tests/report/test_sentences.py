"""Sentences made from the numbers: each says its row, and none is said without one."""

from __future__ import annotations

import pandas as pd
import pytest

from il6_platform import paths
from il6_platform.analysis.results import RESULT_COLUMNS
from il6_platform.figures.labels import statistic_words
from il6_platform.report import sentences
from il6_platform.report.readings import headline
from il6_platform.report.sayings import Saying
from il6_platform.report.translation import translator_of
from il6_platform.study import Study, read_study

STUDY = read_study(paths.default_study())


def results(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame([{"population": "all", **row} for row in rows])
    return frame.reindex(columns=list(RESULT_COLUMNS)).astype({"n": "Int64", "events": "Int64"})


def effect(p: float, estimate: float = 0.5) -> dict[str, object]:
    return {
        "analysis": "survival",
        "endpoint": "PFS",
        "contrast": "experimental vs control",
        "statistic": "hazard_ratio_score",
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


def logrank(p: float) -> dict[str, object]:
    of = {"analysis": "survival", "endpoint": "PFS", "contrast": "experimental vs control"}
    return {**of, "statistic": "logrank", "estimate": 4.0, "p_value": p, "n": 50, "events": 40}


def uncut(p: float, estimate: float = 0.7) -> dict[str, object]:
    return {
        **product(p),
        "analysis": "continuous",
        "contrast": "experimental vs control",
        "model": "log2",
        "estimate": estimate,
        "ci_low": 0.45,
        "ci_high": 1.1,
    }


@pytest.mark.parametrize(
    ("p", "estimate", "said"),
    [
        (0.01, 0.5, "is associated with longer PFS (hazard ratio 0.50, 95% CI 0.30–0.90"),  # noqa: RUF001
        (0.01, 1.5, "is associated with shorter PFS (hazard ratio 1.50"),
        (0.2, 0.5, "is not shown to change PFS (hazard ratio 0.50"),
    ],
)
def test_the_answer_says_no_more_than_p_allows(p: float, estimate: float, said: str) -> None:
    rows = results(effect(p, estimate), logrank(p), product(0.2), uncut(0.3))
    first, second = sentences.answer(rows, STUDY)
    assert said in second
    assert "50 patients, 40 events, not randomised" in second
    assert first.startswith(
        "Not shown that IL-6 tells who benefits from bevacizumab (interaction P = 0.30 for PFS"
    )
    assert "not corrected for cut-off selection" in first
    assert first.endswith("the data are compatible with a large difference and with none).")


def test_nothing_speaks_against_what_an_interval_beside_it_holds() -> None:
    """With 0.35 to 1.85 at the cut-off it was said that the data speak against a large one."""
    narrow = {**uncut(0.3), "ci_low": 0.8, "ci_high": 1.2}
    wide, tight = ({**product(0.4), "ci_low": low, "ci_high": 1.85} for low in (0.35, 0.6))
    for cut, said in ((wide, "are compatible with"), (tight, "speak against")):
        first, _ = sentences.answer(results(effect(0.2), logrank(0.2), cut, narrow), STUDY)
        assert first.endswith(
            f"the data {said} a large difference{' and with none' * (cut is wide)})."
        )


def in_group(side: str, estimate: float) -> dict[str, object]:
    return {
        "analysis": "interaction",
        "endpoint": "PFS",
        "model": "interaction",
        "term": f"ARM[experimental] | {side}",
        "statistic": "hazard_ratio",
        "estimate": estimate,
    }


def test_an_interaction_is_no_benefit_where_the_treatment_harms_with_every_marker() -> None:
    """With a hazard ratio of 6.5 it was said that the marker goes with who benefits."""
    groups = [in_group("high", 7.6), in_group("low", 3.1)]
    harm = (effect(0.001, 6.5), logrank(0.001), product(0.2), uncut(0.01, 1.4))
    first, second = sentences.answer(results(*harm, *groups), STUDY)
    assert first.codes == (Saying.LEAD_PREDICTS_NO_BENEFIT,)
    assert "shorter with bevacizumab" in first and "less so the lower IL-6 is" in first
    assert "shorter PFS" in second
    chinese = translator_of(STUDY.model_copy(update={"language": "zh"}))
    assert chinese is not None and "获益无关" in chinese.say(str(first))
    # one group in which it is longer may benefit
    groups = [in_group("high", 7.6), in_group("low", 0.8)]
    first, _ = sentences.answer(results(*harm, *groups), STUDY)
    assert first.codes == (Saying.LEAD_PREDICTS,)
    # where the groups decide
    fixed = of(cutoff={"method": "fixed", "value": 4.3})
    groups = [in_group("high", 3.1), in_group("low", 7.6)]
    rows = results(effect(0.001, 6.5), logrank(0.001), product(0.01), *groups)
    first, _ = sentences.answer(rows, fixed)
    assert first.codes == (Saying.LEAD_PREDICTS_NO_BENEFIT_AT_CUTOFF,)
    assert "less so with high IL-6" in first
    assert "获益无关" in chinese.say(str(first))


def of(**more: object) -> Study:
    return Study.model_validate({**STUDY.model_dump(mode="json"), **more})


def test_the_design_is_the_study_s_own() -> None:
    rows = results(effect(0.01), logrank(0.01), product(0.2), uncut(0.3))
    _, second = sentences.answer(rows, of(design="randomised"))
    assert "leads to longer PFS" in second
    assert "randomised" in second and "not randomised" not in second


def test_an_interaction_is_said_where_there_is_one() -> None:
    rows = results(effect(0.01), logrank(0.01), product(0.2), uncut(0.01))
    first, _ = sentences.answer(rows, STUDY)
    assert first.startswith(
        "IL-6 is associated with who benefits from bevacizumab: the effect on PFS is more "
        "favourable the higher IL-6 is (interaction P = 0.010 for PFS"
    )
    lower, _ = sentences.answer(
        results(effect(0.01), logrank(0.01), product(0.2), uncut(0.01, 1.4)), STUDY
    )
    assert "more favourable the lower IL-6 is" in lower
    # without a continuous estimate the groups decide
    fixed = of(cutoff={"method": "fixed", "value": 4.3})
    first, _ = sentences.answer(results(effect(0.01), logrank(0.01), product(0.01)), fixed)
    assert "more favourable with high IL-6" in first
    few = {**product(0.01), "events": 9, "ci_low": 0.0021}
    first, _ = sentences.answer(results(effect(0.01), logrank(0.01), few), fixed)
    assert "95% CI 0.0021–1.60" in first  # noqa: RUF001
    assert "9 events in four groups" in first


def test_a_marker_that_points_the_other_way_is_said_first() -> None:
    area = {"analysis": "cutoff", "statistic": "auc", "estimate": 0.3, "ci_low": 0.2}
    rows = results(effect(0.2), logrank(0.2), uncut(0.2), {**area, "ci_high": 0.45})
    assert sentences.answer(rows, STUDY)[0].startswith("The marker points the other way")
    rows = results(effect(0.2), logrank(0.2), uncut(0.2), {**area, "ci_high": 0.55})
    assert not sentences.answer(rows, STUDY)[0].startswith("The marker points")


def test_without_numbers_it_says_so_and_nothing_else() -> None:
    nothing = results({**effect(0.5), "estimate": None, "p_value": None, "note": "No events."})
    first, second = sentences.answer(nothing, STUDY)
    assert second == "These data cannot yet say how treatment and PFS go together (no events)."
    assert "cannot be judged" in first
    assert sentences.certainty(nothing, STUDY) == []
    assert sentences.growth(nothing, STUDY) == []
    size = {"analysis": "survival", "endpoint": "PFS", "statistic": "median", "n": 0}
    assert [*sentences.answer(results(size), STUDY)] == [
        "No patients are analysed: these data say nothing yet."
    ]


def test_how_the_effects_hang_on_the_patients_set_aside_is_told() -> None:
    of = {"analysis": "quarantine", "endpoint": "PFS", "population": "all"}
    ratio = {**of, "statistic": "ratio_of_hazard_ratios"}
    effect_of = {**of, "statistic": "hazard_ratio", "contrast": "experimental vs control"}
    rows = [
        {**row, "model": model, "estimate": value}
        for row, values in ((ratio, (1.0, 1.5, 0.75)), (effect_of, (0.9, 1.25, 0.6)))
        for model, value in zip(("as read", "worst case", "best case"), values, strict=True)
    ]
    ((about, said),) = sentences.certainty(results(*rows), STUDY)
    assert about == "Records in quarantine"
    assert said.endswith(
        "as their records are read, or at the worst or the best case, the ratio of hazard ratios "
        "for PFS would be 1.00, 1.50 or 0.75, and the treatment's hazard ratio 0.90, 1.25 or 0.60."
    )
    # without an estimate at one of them nothing is said
    rows[1]["estimate"] = None
    assert sentences.certainty(results(*rows), STUDY) == []


def test_a_tie_of_cut_offs_is_told() -> None:
    cut = {"analysis": "cutoff", "statistic": "cutoff", "estimate": 5.7}
    found = {"analysis": "validity", "statistic": "cutoff_recovered", "estimate": 0.3}
    ((_, plain),) = sentences.certainty(results(cut, found), STUDY)
    assert "equally well" not in plain
    ((_, tied),) = sentences.certainty(results({**cut, "code": "tied_cutoffs"}, found), STUDY)
    assert tied.endswith("several cut-offs do equally well, of which the lowest is taken.")


def look(statistic: str, estimate: float, **more: object) -> dict[str, object]:
    return {
        "analysis": "monitoring",
        "endpoint": "PFS",
        "model": "group sequential",
        "contrast": "experimental vs control",
        "statistic": statistic,
        "estimate": estimate,
        "at": 0.5,
        **more,
    }


@pytest.mark.parametrize(
    ("z", "said"), [(2.0, "not crossed"), (-3.0, ": crossed in favour of Chemotherapy alone")]
)
def test_a_look_is_judged_by_its_boundary(z: float, said: str) -> None:
    rows = results(look("boundary", 2.963, p_value=0.00305), look("logrank_z", z, p_value=0.0455))
    ((_, sentence),) = sentences.certainty(rows, STUDY)
    assert sentence.startswith(
        "At 50% of the planned PFS events the boundary asks for P below 0.0031"
    )
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
            ("delivery", "labs of 2023-12-31", "sha256 x, 9 lines"),
            ("delivery", "patients of 2023-12-31", "sha256 y, 3 lines"),
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
        "Cut abc holds 2 files of 2023-12-31.",
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


def test_a_hazard_ratio_that_changes_over_time_is_said_to_be_an_average() -> None:
    test = {
        "analysis": "cox",
        "endpoint": "PFS",
        "model": "multivariable",
        "statistic": "proportional_hazards",
        "term": "ARM[experimental]",
        "estimate": 9.0,
    }
    ((about, said),) = sentences.certainty(results({**test, "p_value": 0.003}), STUDY)
    assert about == "Hazards over time"
    assert "not constant over time (P = 0.0030, multivariable model)" in said
    assert sentences.certainty(results({**test, "p_value": 0.3}), STUDY) == []
    other = {**test, "term": "GLOBAL", "p_value": 0.003}
    assert sentences.certainty(results(other), STUDY) == []


def test_a_statistic_is_called_by_words() -> None:
    of = {"at": None, "analysis": "interaction"}
    names = (
        "interaction_wald",
        "logrank_stratified",
        "rmst_difference_interaction",
        "auc_corrected",
    )
    for name in names:
        words = statistic_words({**of, "statistic": name}, STUDY)
        assert not any(code in words.split() for code in ("wald", "logrank", "rmst", "auc")), words


@pytest.mark.parametrize(
    ("analysis", "statistic", "at", "words"),
    [
        ("monitoring", "power", 0.6, "power to show a hazard ratio of 0.6 with the events so far"),
        (
            *("monitoring", "power_interaction", 0.5),
            "power to show a ratio of hazard ratios of 0.5 with the events so far",
        ),
        ("monitoring", "logrank_z", 0.75, "log-rank Z at 75% of the planned events"),
        ("subgroups", "rate", None, "patients with the event"),
        ("response", "rate", None, "proportion"),
        ("validity", "hazard_ratio_optimism", 5.7, "log hazard ratio, optimism at 5.7 pg/mL"),
    ],
)
def test_a_statistic_says_what_it_is_at(
    analysis: str, statistic: str, at: float | None, words: str
) -> None:
    row = {"analysis": analysis, "statistic": statistic, "at": at}
    assert statistic_words(row, STUDY) == words


def test_a_month_and_a_marker_s_group_are_said_as_people_say_them() -> None:
    claim = {
        "claim": "Fewer responses",
        "analysis": "response",
        "endpoint": "ORR",
        "population": "control",
        "contrast": "high vs low",
        "statistic": "chi_square",
        "direction": "lower",
        "p_value": 0.02,
        "source": "x",
    }
    start = {"claim": "From June", "analysis": "study_course", "source": "x"}
    start |= {"statistic": "enrolment_first_month", "estimate": 201706}
    row = {"analysis": "response", "endpoint": "ORR", "population": "control"}
    row |= {"contrast": "high vs low"}
    said = headline(
        results(
            {**row, "statistic": "chi_square", "estimate": 6.0, "p_value": 0.014},
            {**row, "statistic": "risk_difference", "estimate": -0.5},
        ),
        of(published=[claim, start]),
    )
    assert said["reading"][0].startswith("A difference, as published: ORR was lower with high IL-6")
    assert said["published"][1] == "June 2017"


def claimed(rows: pd.DataFrame, **claim: object) -> tuple[list[str], str]:
    made = {"claim": "a claim", "source": "made up", "analysis": "survival", "endpoint": "PFS"}
    made |= {"contrast": "experimental vs control", "statistic": "hazard_ratio", **claim}
    row = headline(rows, of(published=[made])).iloc[0]
    return row["code"].split(), row["reading"]


@pytest.mark.parametrize(
    ("claim", "ratio", "p", "codes"),
    [
        ({"hazard_ratio": 0.6}, 0.6, 0.01, ["same_figure"]),
        ({"hazard_ratio": 0.6}, 0.8, 0.2, ["other_figure"]),
        ({"hazard_ratio": 0.6}, 1.8, 0.01, ["opposite", "other_figure"]),
        ({"hazard_ratio": 0.6}, 1.3, 0.2, ["other_figure", "other_side"]),
        ({"estimate": 1.6}, 0.5, 0.01, ["opposite", "other_figure"]),
        ({"hazard_ratio": 0.6, "p_value": 0.01}, 1.8, 0.01, ["opposite"]),
        ({"direction": "longer"}, 0.6, 0.01, ["as_published"]),
        ({"direction": "longer"}, 1.8, 0.01, ["opposite"]),
        ({"direction": "shorter"}, 0.6, 0.2, ["not_shown_other_side"]),
        ({}, 0.6, 0.01, ["nothing_printed"]),
        (
            {"analysis": "cox", "contrast": None, "term": "ARM[experimental]", "hazard_ratio": 0.6},
            1.8,
            0.01,
            ["opposite", "other_figure"],
        ),
    ],
)
def test_a_claim_of_any_kind_has_a_reading_and_a_side(
    claim: dict[str, object], ratio: float, p: float, codes: list[str]
) -> None:
    of_model = {**effect(p, ratio), "statistic": "hazard_ratio", "analysis": "cox"}
    of_model |= {"contrast": None, "term": "ARM[experimental]"}
    said, reading = claimed(results(effect(p, ratio), of_model), **claim)
    assert said == codes
    if "opposite" in codes:
        side = "longer" if ratio < 1 else "shorter"
        assert f"Opposite to what was published: PFS was {side} with bevacizumab." in reading


def test_a_claim_is_set_beside_the_figure_that_it_is_of() -> None:
    at = {"analysis": "survival", "endpoint": "PFS", "statistic": "survival", "grp": "control"}
    found = results({**at, "at": 6.0, "estimate": 0.9}, {**at, "at": 24.0, "estimate": 0.4})
    claim = {"contrast": None, "statistic": "survival", "grp": "control", "estimate": 0.4}
    assert claimed(found, **claim, at=24) == (["same_figure"], "As published.")
    codes, reading = claimed(found, **claim)
    assert codes == ["several_figures"]
    assert reading == "Several figures of this cut fit the claim: state its `at` in the study file."
    models = [{**effect(0.01, 0.5), "analysis": "cox", "statistic": "hazard_ratio", "term": "age",
               "contrast": None, "model": model, "estimate": estimate}
              for model, estimate in (("univariable", 0.5), ("multivariable", 0.8))]  # fmt: skip
    of_age = {"analysis": "cox", "contrast": None, "term": "age", "hazard_ratio": 0.8}
    assert claimed(results(*models), **of_age)[0] == ["several_figures"]
    assert claimed(results(*models), **of_age, model="multivariable")[0] == ["same_figure"]


@pytest.mark.parametrize(
    ("contrast", "population", "is_naive"),
    [
        (None, "all", True),
        ("high vs low", "control", True),
        ("experimental vs control", "all", False),
    ],
)
def test_what_rests_on_a_cut_off_found_in_the_data_says_so_over_time(
    contrast: str | None, population: str, *, is_naive: bool
) -> None:
    row = {
        "analysis": "evidence",
        "endpoint": "PFS",
        "population": population,
        "contrast": contrast,
        "statistic": "first_significant",
        "estimate": 12.0,
        "note": "P < 0.05 first on 2021-12-31.",
    }
    (said,) = sentences.growth(results(row), STUDY)
    assert said.endswith("P is not corrected for cut-off selection.") == is_naive
    # without a P below 0.05 there is nothing to correct
    (said,) = sentences.growth(results({**row, "estimate": None}), STUDY)
    assert "not corrected" not in said


def test_an_interaction_on_another_scale_is_told_where_the_one_that_decides_is_not_shown() -> None:
    mean = {
        **product(0.014),
        "model": None,
        "statistic": "rmst_difference_interaction",
        "at": 24.0,
        "estimate": -3.1,
        "ci_low": -5.6,
        "ci_high": -0.6,
    }
    ((about, said),) = sentences.certainty(results(uncut(0.3), product(0.02), mean), STUDY)
    assert about == "Another scale"
    assert "(P = 0.014, not corrected for cut-off selection); the test of the" in said
    made = translator_of(STUDY.model_copy(update={"language": "zh"}))
    assert made is not None
    for text in (about, said):
        made.say(text)
    assert not made.missing
    for rows in (
        (uncut(0.03), mean),
        (uncut(0.3), {**mean, "p_value": 0.06}),
        (uncut(0.3), {**mean, "p_value": None}),
        (mean,),
    ):
        assert sentences.certainty(results(*rows), STUDY) == []
