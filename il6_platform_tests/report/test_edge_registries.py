"""Registries at the edge of what a study meets, read as a referee reads them: every text."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from il6_platform.manuscript import findings
from il6_platform.manuscript.document import Manuscript
from il6_platform.report.reader import Cut
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY, cohort_of
from il6_platform_tests.report.consistency import faults
from il6_platform_tests.report.registries import as_cut, grouped, html, texts

CLAIMS = [
    {
        "claim": claim,
        "analysis": "survival",
        "statistic": "logrank",
        "source": "made up",
        "endpoint": "PFS",
        "population": population,
        "contrast": contrast,
        "p_value": p,
        "direction": direction,
    }
    for claim, population, contrast, p, direction in (
        ("Bevacizumab prolongs PFS", "all", "experimental vs control", 0.04, "longer"),
        ("High IL-6, sooner", "control", "high vs low", 0.03, "shorter"),
        ("No difference on bevacizumab", "experimental", "high vs low", 0.76, None),
    )
]
BASE: dict[str, Any] = {
    **STUDY,
    "title": "Serum IL-6 and bevacizumab",
    "disease": "colorectal liver metastases",
    "marker": {"analyte": "il6", "label": "IL-6", "unit": "pg/mL"},
    "arms": {
        "experimental_drug": "bevacizumab",
        "experimental_label": "Chemotherapy + bevacizumab",
        "control_label": "Chemotherapy alone",
    },
    "covariates": [
        {"name": "age", "label": "Age", "kind": "number", "unit": "years", "per": 10},
        {"name": "grade", "label": "Grade", "kind": "category", "reference": "G2"},
    ],
    "published": CLAIMS,
}
BREAST: dict[str, Any] = {
    "title": "Ki-67 and trastuzumab in breast cancer",
    "disease": "HER2-positive breast cancer",
    "marker": {"analyte": "ki67", "label": "Ki-67", "unit": "%", "assay_cv": 0.1},
    "arms": {
        "experimental_drug": "trastuzumab",
        "experimental_label": "Chemotherapy + trastuzumab",
        "control_label": "Chemotherapy",
    },
    "response_criteria": "WHO criteria",
    "published": [],
}
COUNT = {"marker": {"analyte": "nodes", "label": "Positive nodes", "unit": "count"}}
BY_RESPONSE = {"method": "youden", "outcome": "response", "min_patients": 2}
LARGEST = {"method": "maxstat", "min_patients": 2}
COMPETING = {
    "published": [],
    "endpoints": ["TTP", "OS"],
    "cutoff": {
        "method": "youden",
        "outcome": {"endpoint": "TTP", "by_months": 6},
        "min_patients": 2,
    },
}
GRADES = [{"name": "grade", "label": "Grade", "kind": "category", "reference": "G9"}]
# registry -> shape of the cohort, patients, what the study file says otherwise, effect of the arm
EDGES: dict[str, tuple[str, int, dict[str, Any], float]] = {
    "harm": ("ordinary", 80, {}, 1.2),
    "huge effect": ("ordinary", 60, {"endpoints": ["OS", "PFS"]}, -4.0),
    "another disease": ("ordinary", 60, BREAST, 0.0),
    "randomised": ("ordinary", 50, {"design": "randomised", **COUNT}, -0.8),
    "one arm": ("one arm", 40, {}, 0.0),
    "nobody": ("ordinary", 0, {}, 0.0),
    "one patient": ("ordinary", 1, {}, 0.0),
    "no events": ("no events", 40, {"endpoints": ["PFS"]}, 0.0),
    "all events": ("all have the event", 40, {}, 0.0),
    "everybody high": ("ordinary", 40, {"cutoff": {"method": "fixed", "value": 0.01}}, 0.0),
    "constant marker": ("constant marker", 40, {}, 0.0),
    "one day": ("all at one time", 40, {"endpoints": ["PFS"]}, 0.0),
    "no cut-off": ("nobody responds", 40, {"cutoff": BY_RESPONSE}, 0.0),
    "no events in an arm": ("one arm has no event", 60, {"covariates": GRADES}, 0.0),
    "competing events": ("ordinary", 60, COMPETING, 0.0),
    "largest statistic": ("ordinary", 60, {"cutoff": LARGEST, "published": []}, 0.0),
}


@cache
def published(name: str) -> Cut:
    shape, n, more, effect = EDGES[name]
    study = Study.model_validate(BASE | more)
    patients = cohort_of(shape, n, Study.model_validate(BASE), seed=3).patients
    for endpoint in ("PFS", "OS"):
        times = patients[f"time_{endpoint}"] * np.exp(-effect * (patients["ARMCD"] == "E"))
        patients[f"time_{endpoint}"] = times.round(2).clip(0.03)
    progressed = patients["progressed_on"].notna()
    patients = patients.assign(
        time_TTP=patients["time_PFS"],
        event_TTP=progressed,
        competing_TTP=patients["event_PFS"] & ~progressed,
    )
    return as_cut(grouped(patients, study), study)


@cache
def every_text(name: str) -> list[tuple[str, str]]:
    return list(texts(published(name)))


def said(name: str, *places: str) -> list[str]:
    return [text for place, text in every_text(name) if not places or place in places]


FORBIDDEN = {
    "a name of the code": r"(control|experimental)/(high|low)|MARKERGR|ARM\[|marker_(high|low)|"
    r"\bnan\b|\bNaN\b|\bNone\b|hazard_ratio|\bMARKER\b|\bARM\b",
    "a hyphen for a minus": r"(?<![\w.\-])-\d(?!\d{3}-)",
    "one of something in the plural": r"(?<![\d.,/-])1 (patients|events|files|lines)\b",
    "none of something as 0": r"\b0 (were|was|are) analysed",
    "a name of a statistic": r"(?i)(?<![\w-])(cutoff|logrank|breslow day|standardized)\b",
    "a number that is none but for rounding": r"0\.0{6,}",
    "a sentence that begins small": r"\. (group|first|response|high|there|no) ",
    "the same sentence twice": r"(?:^|\. )([A-Z][^.]{15,}\.) \1",
}


@pytest.mark.parametrize("name", EDGES)
def test_no_sentence_reads_wrongly(name: str) -> None:
    found = [
        (kind, text)
        for kind, pattern in FORBIDDEN.items()
        for place, text in every_text(name)
        if place != "note" and re.search(pattern, text)
    ]
    assert found == []


def test_of_events_that_compete_every_text_says_that_they_count_as_censored() -> None:
    text = "\n".join(text for _, text in every_text("competing events"))
    for words in (
        "Competing events count as censored, so it is not the proportion or the time of all",
        "95% limits; competing events count as censored.",
        "In medians of TTP, competing events count as censored.",
        "those censored or with a competing event before left out",
        "patients are left out: censored, or with a competing event, by 6 months.",
    ):
        assert words in text
    others = "\n".join(text for _, text in every_text("harm"))
    assert "count as censored" not in others and "with a competing event" not in others


def test_a_cutoff_by_survival_says_of_which_endpoint() -> None:
    """Where the study file names none it is the first, and the methods said nothing of it."""
    text = " ".join(said("largest statistic", "methods Marker"))
    assert "at the maximally selected log-rank statistic for PFS" in text


@pytest.mark.parametrize("name", ["harm", "randomised", "one arm"])
def test_the_results_cite_tables_and_figures_in_the_order_of_their_numbers(name: str) -> None:
    cut = published(name)
    content = Manuscript(cut)
    text = " ".join(said for _, said in content.results)
    for kind, count in (
        ("Figure ", len(content.plates)),
        ("Table ", sum(name.isdigit() for name in content.tables)),
        ("Table S", sum(not name.isdigit() for name in content.tables)),
    ):
        cited = list(dict.fromkeys(map(int, re.findall(rf"{kind}(\d+)", text))))
        assert cited == list(range(1, count + 1))


@pytest.mark.parametrize("name", EDGES)
def test_lead_and_headline_are_what_the_rows_say(name: str) -> None:
    cut = published(name)
    assert faults(cut.results, cut.study) == []


def test_harm_is_said_to_be_harm() -> None:
    lead = " ".join(said("harm", "lead"))
    assert "Chemotherapy + bevacizumab is associated with shorter PFS" in lead
    headline = said("harm", "headline")
    assert headline[0].endswith("Opposite to what was published: PFS was shorter with bevacizumab.")
    assert any("crossed in favour of Chemotherapy alone" in text for text in said("harm", "growth"))


def test_no_trace_of_another_study() -> None:
    for place, text in every_text("another disease"):
        assert not re.search(r"IL-6|pg/mL|bevaciz|colorect|liver|RECIST|ki-67", text), place
    assert "Ki-67 is called high from " in " ".join(said("another disease", "story"))
    assert not re.search(r"IL-6|pg/mL|bevaciz|colorect|RECIST", html(published("another disease")))


def test_a_randomised_study_is_called_one() -> None:
    whole = "\n".join(said("randomised"))
    assert not re.search(r"not randomised|observational|not assigned|STROBE|target trial", whole)
    assert "assigned at random" in whole and ", randomised)" in whole


def test_nobody_says_nothing() -> None:
    assert said("nobody", "lead") == ["No patients are analysed: these data say nothing yet."]
    assert said("nobody", "certainty", "growth") == []
    assert "1 patient arrived, none is analysed." in said("nobody", "story")
    rows = published("nobody").results
    why = rows.loc[rows["n"] == 0, "note"].dropna()
    assert not why.str.contains("Only one|does not vary|A group has|one subgroup|one arm").any()
    page = html(published("nobody"))
    assert "1 patient arrived, none is analysed." in page
    assert not re.search(r"\b(nan|None)\b", re.sub(r"<svg.*?</svg>", "", page, flags=re.S))


def test_without_a_cutoff_there_are_no_groups_and_not_nobody() -> None:
    for name in ("no cut-off", "constant marker"):
        assert "no cut-off, so no groups by the marker" in " ".join(said(name, "certainty"))
        for place in ("headline", "growth", "behind answer"):
            assert not any("No patients" in text for text in said(name, place)), place
        claims = [text for text in said(name, "headline") if "sooner" in text]
        assert claims[0].endswith("There is no cut-off, so no groups by the marker.")


def test_events_all_on_one_day_say_nothing() -> None:
    lead = said("one day", "lead")
    assert all("all patients at risk had the event on the same day" in text for text in lead)
    rows = published("one day").results
    ratios = rows[rows["statistic"].str.contains("hazard_ratio") & rows["estimate"].notna()]
    assert set(ratios["statistic"]) <= {"detectable_hazard_ratio"}


@pytest.mark.parametrize("name", ["one arm", "everybody high"])
def test_what_cannot_be_compared_is_not_tested(name: str) -> None:
    growth = [text for text in said(name, "growth") if "interaction" in text.partition(":")[0]]
    assert growth and all("Not applicable: no patients in one" in text for text in growth[:1])


def test_without_events_nothing_was_tested() -> None:
    growth = said("no events", "growth")
    assert "at any quarter's end" in growth[0]
    assert not any("P <" in text for text in growth)


def test_a_checklist_counts_an_item_only_with_its_text() -> None:

    for name in ("harm", "nobody"):
        for items in Manuscript(published(name)).items.values():
            for item in items:
                assert bool(item.value) != item.is_missing, item
    remark = Manuscript(published("harm")).items["REMARK"]
    assert "Treatment began between 2020-01 and 2021-02" in remark[5].value
    assert remark[4].is_missing
    assert Manuscript(published("another disease")).items["REMARK"][4].is_partial


def test_the_first_figure_draws_the_row_that_the_lead_reads() -> None:
    from il6_platform.figures.of_study import answer_figure
    from il6_platform.report import formatting, readings

    for name in ("harm", "another disease", "randomised"):
        cut = published(name)
        found = readings.product(cut.results, cut.study, cut.study.endpoints[0]).at_cutoff
        assert found is not None
        drawn = [text.get_text() for text in answer_figure(cut.results, cut.study).findobj(Text)]
        assert formatting.with_interval(found, formatting.ratio) in drawn
        lead = " ".join(said(name, "lead"))
        assert formatting.in_sentence(found) in lead


def test_results_and_conclusions_say_what_the_lead_says() -> None:
    cut = published("harm")
    area = (cut.results["analysis"] == "cutoff") & (cut.results["statistic"] == "auc")
    turned = cut.results.copy()
    turned.loc[area, ["estimate", "ci_low", "ci_high"]] = [0.3, 0.2, 0.4]
    cut = replace(cut, tables={**cut.tables, "results": turned})
    paragraphs = dict(findings.results(cut, lambda key: None, ()))
    of_marker = paragraphs["IL-6 and the effect of treatment"]
    assert of_marker.startswith("The marker points the other way than the study assumes")
    assert "tells who benefits" in of_marker and "shorter PFS" not in of_marker
    chosen = [
        text for text in paragraphs["Progression-free survival"].split(". ") if "high" in text
    ]
    assert chosen and all("correct" in text for text in chosen)
    conclusions = findings.abstract(cut)["conclusions"]
    assert (
        "is associated with shorter PFS" in conclusions and "P" not in conclusions.split("PFS")[-1]
    )
    assert "(" not in conclusions


def test_a_boundary_is_crossed_without_a_hazard_ratio() -> None:
    rows = published("no events in an arm").results
    rows = rows[rows["analysis"] == "monitoring"].set_index("statistic")
    assert rows.loc["logrank_z", "estimate"] > rows.loc["boundary", "estimate"]
    assert pd.isna(rows.loc["hazard_ratio_repeated", "estimate"])
    growth = " ".join(said("no events in an arm", "growth"))
    assert "crossed in favour of Chemotherapy + bevacizumab" in growth
    # what goes on as in a harmful registry will never show longer times
    harm = " ".join(said("harm", "growth"))
    assert re.search(
        r"show longer PFS with Chemotherapy \+ bevacizumab with a probability of .* "
        r"< 1% should the effect seen go on",
        harm,
    )


def test_a_boundary_is_not_judged_where_one_patient_stands_against_the_rest() -> None:
    from il6_platform.analysis import monitoring

    study = Study.model_validate(BASE)
    patients = cohort_of("ordinary", 30, study).patients
    for alone, is_judged in ((1, False), (2, True)):
        patients["ARMCD"] = ["E"] * alone + ["C"] * (30 - alone)
        rows = monitoring.analyse(grouped(patients, study), study).frame()
        boundary = rows[rows["statistic"] == "boundary"].iloc[0]
        assert (boundary["code"] == "fewer_than_2_in_a_group") != is_judged
        assert (rows["statistic"] == "logrank_z").any() == is_judged


@pytest.mark.parametrize(
    ("events", "source"),
    [(84, "Fixed by the plan"), (None, "Computed at the first look, with the arms of then")],
)
def test_the_planned_events_say_where_they_are_from(events: int | None, source: str) -> None:
    from il6_platform.analysis import monitoring

    study = Study.model_validate(BASE | {"monitoring": {"events": events}})
    cohort = grouped(cohort_of("ordinary", 30, study).patients, study)
    rows = monitoring.analyse(cohort, study).frame().set_index("statistic")
    assert rows.loc["planned_events", "method"] == source
    assert rows.loc["boundary", "method"].endswith("; P is the boundary's nominal level")


def test_responses_that_nobody_assessed_are_not_called_none() -> None:
    name = "no events in an arm"
    assert said(name, "findings Response") == ["No patient had an adequate assessment of response."]
    # the reason in words, and the numbers that the effect rests on
    (first, second) = said(name, "lead")
    assert "treatment by log2 IL-6" in first and "(separation: " in first
    assert second.startswith("Chemotherapy + bevacizumab is associated with longer PFS (log-rank P")
    assert "60 patients" in second and "hazard ratio" not in second


def test_a_hidden_count_is_neither_nobody_nor_told() -> None:
    from il6_platform.figures.flow import flow
    from il6_platform.figures.labels import labels_of

    cut = published("harm")
    hidden = cut.tables["flow"].copy()
    few = hidden["kind"].isin(["excluded", "arm"])
    hidden.loc[few, "n"] = pd.NA
    hidden["suppressed"] = few.map({True: "n <5", False: None})
    results = cut.results.copy()
    of_groups = results["grp"].notna() & (results["analysis"] == "response")
    results.loc[of_groups, ["n", "events", "estimate"]] = [pd.NA, pd.NA, np.nan]
    drawn = " ".join(
        t.get_text() for t in flow(hidden, results, labels_of(cut.study)).findobj(Text)
    )
    assert "No marker in the window: few" in drawn and "nobody" not in drawn
    assert "Not analysed: not shown" in drawn and "no cut-off" not in drawn
    cut = replace(cut, tables={**cut.tables, "flow": hidden, "results": results})
    methods = dict(Manuscript(cut).text[0])["Design and patients"]
    assert "no marker in the window, <5" in methods and "(n<5)" in methods


def test_a_level_is_compared_with_one_that_patients_have() -> None:
    text = " ".join(said("no events in an arm", "table cox_PFS"))
    assert "Grade: G2 (reference: G1)" in text and "G9" not in text


def test_responses_are_drawn_by_arm_where_there_are_no_groups() -> None:
    from il6_platform.figures.labels import labels_of
    from il6_platform.figures.response import response

    for name, bars in (("no cut-off", 2), ("harm", 4)):
        cut = published(name)
        figure = response(cut.results, labels_of(cut.study))
        ticks = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
        assert len(ticks) == bars and not any("(n=0)" in tick for tick in ticks)
        assert len(figure.axes[0].get_legend_handles_labels()[0]) > 1
        (caption,) = said(name, "figure response")
        assert ("and marker group" in caption) == (bars == 4)


def test_the_results_section_calls_groups_as_people_do() -> None:
    assert not any("not estimable years" in text for text in said("nobody", "findings Patients"))
    text = " ".join(t for place, t in every_text("randomised") if place.startswith("findings"))
    assert "patients with a high number of positive nodes" in text
    assert not re.search(r"Positive nodes (high|low)|(high|low) Positive nodes", text)
