"""Figures of registries in which there is little to draw: nothing lies on anything else."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from il6_platform.analysis.cohort import ARM
from il6_platform.analysis.results import RESULT_COLUMNS
from il6_platform.figures.evidence import evidence
from il6_platform.figures.forest import forest
from il6_platform.figures.kaplan_meier import kaplan_meier
from il6_platform.figures.of_study import arms_survival
from il6_platform.figures.response import response
from il6_platform.statistics.codes import Code
from il6_platform.study import Study

STUDY = Study.model_validate(
    {
        "marker": {"analyte": "il6", "label": "IL-6", "unit": "pg/mL"},
        "arms": {"experimental_drug": "bevacizumab"},
        "cutoff": {"method": "median"},
    }
)


def texts(figure: Figure) -> dict[str, Text]:
    figure.canvas.draw()
    return {
        one.get_text(): one
        for one in figure.findobj(Text)
        if isinstance(one, Text) and one.get_text()
    }


@pytest.mark.parametrize(
    "why", [Code.ARM_WITHOUT_EVENTS, Code.COLLINEAR, Code.SUBGROUPS_NEVER_AT_RISK_TOGETHER]
)
def test_a_reason_stays_inside_the_plot_of_ratios(why: Code) -> None:
    empty = {name: float("nan") for name in ("estimate", "ci_low", "ci_high", "p_value")}
    rows = pd.DataFrame([empty | {"events": 12, "note": str(why.say())}])
    figure = forest(rows, ["Bevacizumab vs chemotherapy"], "PFS: multivariable Cox model")
    found = texts(figure)
    plot = figure.axes[0].get_window_extent()
    said = next(one for words, one in found.items() if str(why.say()).startswith(words[:20]))
    box, beside = said.get_window_extent(), found["not estimable"].get_window_extent()
    assert plot.x0 <= box.x0 and box.x1 <= plot.x1
    assert not box.overlaps(beside)


def looks(estimate: float | None, days: int) -> pd.DataFrame:
    """Return rows of analysis evidence at the ends of so many quarters."""
    where = {"endpoint": "PFS", "population": "all"}
    numbers = {"estimate": estimate, "ci_low": 0.5, "ci_high": 2.0, "p_value": 0.5}
    size = {"n": 60, "events": 20}
    return pd.DataFrame(
        [
            where | numbers | size | {"statistic": name, "contrast": contrast, "at": at, "term": on}
            for at, on in [(300.0, "2025-01-01"), (303.0, "2025-04-02")][:days]
            for name, contrast in [("hazard_ratio", ARM), ("ratio_of_hazard_ratios", None)]
        ]
    )


LABELS = {"high": "IL-6 high", "control": "Control", "experimental": "Experimental", "all": "All"}


def test_where_nothing_can_be_estimated_the_words_stand_in_their_own_panel() -> None:
    figure = evidence(looks(None, 2), "PFS", STUDY, LABELS)
    figure.canvas.draw()
    for axes in figure.axes[:4]:
        (said,) = [one for one in axes.texts if "Not estimable" in one.get_text()]
        box, panel = said.get_window_extent(), axes.get_window_extent()
        assert panel.x0 <= box.x0 and box.x1 <= panel.x1


def test_a_single_look_is_seen() -> None:
    figure = evidence(looks(1.2, 1), "PFS", STUDY, LABELS)
    drawn = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert any(line.get_marker() == "o" for line in drawn)
    assert figure.axes[0].collections
    assert all(line.get_marker() == "o" for line in figure.axes[4].lines)


CURVE = pd.DataFrame(
    {
        "analysis": "survival",
        "endpoint": "DOR",
        "population": "all",
        "grp": ["experimental"] * 2 + ["control"] * 2,
        "x": [0.0, 4.0, 0.0, 6.0],
        "y": [1.0, 0.5, 1.0, 0.5],
        "y_low": [1.0, 0.2, 1.0, 0.2],
        "y_high": [1.0, 0.8, 1.0, 0.8],
        "at_risk": [4.0, 4.0, 4.0, 4.0],
    }
)


def test_the_duration_of_a_response_is_not_counted_from_the_start_of_treatment() -> None:
    asked = {"endpoint": "DOR", "population": "all", "contrast": ARM, "labels": LABELS}
    rows = pd.DataFrame(columns=list(RESULT_COLUMNS))
    figure = kaplan_meier(rows, CURVE, from_response=True, **asked)
    assert figure.axes[0].get_xlabel() == "Months since the first response"
    study = Study.model_validate({**STUDY.model_dump(mode="json"), "endpoints": ["DOR"]})
    assert arms_survival(rows, CURVE, study).axes[0].get_xlabel() == figure.axes[0].get_xlabel()
    for_others = kaplan_meier(rows, CURVE, **asked)
    assert for_others.axes[0].get_xlabel() == "Months since start of treatment"


def test_the_names_of_groups_beside_their_responses_are_whole() -> None:
    grp = ["control/low", "control/high", "experimental/low", "experimental/high"]
    rows = pd.DataFrame(
        [
            {"analysis": "response", "endpoint": "BOR", "grp": one, "term": best, "n": 139}
            | {"estimate": 0.2}
            for one in grp
            for best in ("CR", "PR", "SD", "PD", "NE")
        ]
    )
    labels = {"control": "Without", "experimental": "With", "high": "CRP high", "low": "CRP low"}
    figure = response(rows, labels)
    figure.canvas.draw()
    for text in figure.axes[0].get_yticklabels():
        assert "(n=139)" in text.get_text()
        assert text.get_window_extent().x0 >= 0
