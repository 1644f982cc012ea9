"""Whatever the cohort, no analysis fails, and none publishes a number that cannot be one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from il6_platform import study as study_file
from il6_platform.analysis import cutoff, validity
from il6_platform.analysis.cohort import MARKER_TERM, Cohort
from il6_platform.analysis.spec import analyses
from il6_platform.statistics.codes import Code
from il6_platform.statistics.regression import cox
from il6_platform.study import Study
from il6_platform_tests.held_back.compare import nonsense

STUDY: dict[str, Any] = {
    "marker": {"analyte": "il6", "unit": "pg/mL"},
    "arms": {"experimental_drug": "bevacizumab"},
    "cutoff": {
        "method": "youden",
        "outcome": {"endpoint": "PFS", "by_months": 6},
        "min_patients": 2,
    },
    "covariates": [
        {"name": "age", "kind": "number"},
        {"name": "grade", "kind": "category", "reference": "G2"},
    ],
    "replicates": 0,
    "planned": {"hazard_ratio": 0.6},
    "monitoring": {},
    "family": [{"endpoint": "PFS", "population": "control", "contrast": "high vs low"}],
}
CUTOFFS: tuple[dict[str, Any], ...] = (
    STUDY["cutoff"],
    {"method": "youden", "outcome": "response", "min_patients": 2},
    {
        "method": "youden",
        "outcome": STUDY["cutoff"]["outcome"] | {"censored": "weighted"},
        "min_patients": 2,
    },
    {
        "method": "youden",
        "outcome": STUDY["cutoff"]["outcome"],
        "direction": "lower",
        "min_patients": 2,
    },
    {"method": "maxstat", "min_patients": 2},
    {"method": "interaction", "min_patients": 2},
    {"method": "median"},
    {"method": "fixed", "value": 4.3},
)
CORRECTED = ("survival", "validity")
SHAPES: dict[str, dict[str, Any]] = {
    "ordinary": {},
    "one arm": {"arm": False},
    "no events": {"progressed": False, "died": False},
    "all have the event": {"progressed": True, "died": True},
    "all at one time": {"time_PFS": 3.0, "time_OS": 5.0, "progressed": True},
    "at time zero": {"time_PFS": 0.0, "time_OS": 0.0},
    "constant marker": {"marker": 4.0},
    "marker of zero": {"marker": 0.0},
    "constant covariates": {"age": 60.0, "grade": "G1"},
    "covariates never given": {"age": np.nan, "grade": None},
    "nobody responds": {"BOR": "PD", "response_months": np.nan},
    "everybody responds": {"BOR": "CR", "response_months": 1.0},
    "arm separates": {},
    "one arm has no event": {"BOR": "NE", "response_months": np.nan},
    "marker separates": {},
    "covariate separates": {},
    "times not known of some": {},
    "times not known": {"time_PFS": np.nan, "time_OS": np.nan},
}


def cohort_of(shape: str, n: int, study: Study, seed: int = 0) -> Cohort:
    """Return a cohort as `Cohort.of` makes it, grouped by the study's own cut-off."""
    rng = np.random.default_rng([seed, n])
    time = np.ceil(rng.exponential(8, n) * 30) / 30.4375
    given = SHAPES[shape]
    values: dict[str, Any] = {
        "arm": rng.random(n) < 0.5,
        "marker": np.round(np.exp(rng.normal(1.2, 0.8, n)), 1),
        "progressed": rng.random(n) < 0.7,
        "died": rng.random(n) < 0.5,
        "time_PFS": time,
        "time_OS": time + np.ceil(rng.exponential(5, n) * 30) / 30.4375,
        "age": np.where(rng.random(n) < 0.1, np.nan, np.round(rng.normal(64, 10, n))),
        "grade": rng.choice(["G1", "G2", "G3"], n).astype(object),
        "BOR": rng.choice(["CR", "PR", "SD", "PD", "NE"], n).astype(object),
    }
    responded = np.isin(values["BOR"], ["CR", "PR"])
    values["response_months"] = np.where(responded, values["time_PFS"] / 2, np.nan)
    values |= {name: np.full(n, value) for name, value in given.items()}
    by = {"arm separates": "arm", "marker separates": "marker", "covariate separates": "age"}
    if shape in by:
        key = np.asarray(values[by[shape]], dtype=float)
        first = np.nan_to_num(key) > np.nanmedian(key) if n and by[shape] != "arm" else key > 0
        values["progressed"] = values["died"] = first
        values["time_PFS"] = np.where(first, 1 + np.arange(n) / 30.4375, 50.0)
        values["time_OS"] = values["time_PFS"] + 1
    if shape == "one arm has no event":
        values["progressed"] = values["died"] = ~values["arm"]
    if shape == "times not known of some":
        # the registry gives an event without its time
        values["time_PFS"][::3] = np.nan
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 400, n), unit="D")

    def on(months: Any) -> pd.Series:
        return pd.Series(start + pd.to_timedelta(np.round(months * 30.4375), unit="D"))

    event = values["progressed"] | values["died"]
    patients = pd.DataFrame(
        {
            "ARMCD": np.where(values["arm"], "E", "C"),
            "SEX": rng.choice(["F", "M"], n),
            "AGE": values["age"],
            "age": values["age"],
            "grade": values["grade"],
            "MARKER": values["marker"],
            "TRTSDT": start,
            "time_PFS": values["time_PFS"],
            "event_PFS": event,
            "time_OS": values["time_OS"],
            "event_OS": values["died"],
            "BOR": values["BOR"],
            "response_months": values["response_months"],
            "best_change": rng.uniform(-100, 50, n),
            "tumour_size": rng.uniform(10, 200, n),
            "tumour_size_after": np.where(rng.random(n) < 0.3, np.nan, rng.uniform(0, 200, n)),
            "event_on": on(values["time_PFS"]).where(pd.Series(event)),
            "progressed_on": on(values["time_PFS"]).where(pd.Series(values["progressed"])),
            "last_assessed_on": on(values["time_PFS"]),
            "NEWTRTDT": on(values["time_PFS"] + 0.5).where(pd.Series(rng.random(n) < 0.5)),
            "last_assessed_before_therapy_on": on(values["time_PFS"]),
            "LSTALVDT": on(values["time_OS"]),
            "DTHDT": on(values["time_OS"]).where(pd.Series(values["died"])),
            "MARKERGR": None,
            "SITEID": rng.choice(["A", "B", "C"], n).astype(object),
        }
    )
    cut = cutoff.chosen(Cohort(patients), study)
    if cut is not None:
        patients["MARKERGR"] = np.where(patients["MARKER"] >= cut, "high", "low")
    return Cohort(patients)


def published(cohort: Cohort, study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows: dict[str, pd.DataFrame] = {}
    curves = []
    for name, one in analyses().items():
        made = one.run(cohort, study, rows)
        rows[name] = cutoff.with_caution(made.frame(), study)
        curves.append(made.curves())
    return pd.concat(rows.values(), ignore_index=True), pd.concat(curves, ignore_index=True)


@pytest.mark.parametrize(
    ("shape", "n", "rule"),
    [
        *(("ordinary", n, n) for n in (0, 1, 2, 5)),
        *((shape, 8 + i, i % len(CUTOFFS)) for i, shape in enumerate(SHAPES)),
    ],
)
def test_every_analysis_says_a_number_or_why_there_is_none(shape: str, n: int, rule: int) -> None:
    study = Study.model_validate(STUDY | {"cutoff": CUTOFFS[rule]})
    rows, curves = published(cohort_of(shape, n, study), study)
    assert nonsense(rows, curves) == []
    # a sentence is made from a code, so that nobody has to read it to know what it says
    uncoded = rows[rows["note"].notna() != rows["code"].notna()]
    assert set(uncoded["note"]) == set()
    known = {code.value for code in Code}
    assert {word for words in rows["code"].dropna() for word in words.split()} <= known


@pytest.mark.parametrize(
    "analysis",
    [
        *("survival", "cox", "continuous", "interaction", "missing"),
        *("sensitivity", "small_sample", "subgroups", "weighting", "cutoff_scan"),
    ],
)
def test_who_has_no_time_of_an_endpoint_is_not_in_its_analyses(analysis: str) -> None:
    study = Study.model_validate(STUDY | {"cutoff": {"method": "fixed", "value": 4.3}})
    whole = cohort_of("times not known of some", 60, study)
    assert not whole.has_time("PFS").all()
    module = analyses()[analysis]
    rows, without = (module.run(one, study, {}).frame() for one in (whole, whole.having("PFS")))
    rows, without = (
        found[(found["endpoint"] == "PFS")].reset_index(drop=True) for found in (rows, without)
    )
    # propensities are of everybody, whose endpoints then differ
    columns = [*rows.columns] if analysis != "weighting" else ["statistic", "n", "events"]
    pd.testing.assert_frame_equal(rows[columns], without[columns])


@pytest.mark.parametrize("rule", [0, 1, 4, 5])
def test_who_has_no_time_of_an_endpoint_leaves_it(rule: int) -> None:
    """A registry may give some patients a time of one endpoint alone; DOR is of responders."""
    declared = {"name": "TTX", "starts": "response", "events": ["death"], "censor": "last_contact"}
    more = {"cutoff": CUTOFFS[rule], "endpoints": ["PFS", "OS", declared]}
    study = Study.model_validate(STUDY | more)
    cohort = cohort_of("ordinary", 60, study)
    patients = cohort.patients.assign(
        time_TTX=cohort.patients["time_OS"] - cohort.patients["response_months"],
        event_TTX=cohort.patients["event_OS"],
    )
    patients.loc[::7, "time_PFS"] = np.nan
    patients.loc[3::7, "time_OS"] = np.nan
    patients.loc[~patients["BOR"].isin(["CR", "PR"]), "time_TTX"] = np.nan
    patients["time_TTX"] = patients["time_TTX"].clip(lower=0)
    results, curves = published(Cohort(patients), study)
    assert nonsense(results, curves) == []
    survival = results[(results["analysis"] == "survival") & (results["statistic"] == "logrank")]
    n = survival[survival["population"] == "all"].groupby("endpoint")["n"].max()
    counts = {name: int(patients[f"time_{name}"].notna().sum()) for name in ("PFS", "OS", "TTX")}
    assert n.to_dict() == counts
    assert counts["PFS"] < 60 and 0 < counts["TTX"] < 60


@pytest.mark.parametrize("rule", [0, 1])
def test_the_corrected_p_is_of_the_groups_that_are_compared(rule: int) -> None:
    """DOR is of responders, and some have no time: the cut-off is chosen in everybody all the same.

    It used to be chosen anew in those with a time, and the P that decides was of other groups.
    """
    more = {"cutoff": CUTOFFS[rule], "endpoints": ["PFS", "OS", "DOR"], "replicates": 20}
    study = Study.model_validate(STUDY | more)
    patients = cohort_of("ordinary", 70, study, seed=2).patients
    months = patients["time_OS"] - patients["response_months"]
    patients = patients.assign(time_DOR=months, event_DOR=patients["event_OS"] & months.notna())
    patients.loc[::4, "time_PFS"] = np.nan
    patients.loc[1::5, "time_OS"] = np.nan
    cut = cutoff.chosen(Cohort(patients), study)
    cohort = Cohort(patients.assign(MARKERGR=np.where(patients["MARKER"] >= cut, "high", "low")))
    rows = pd.concat([analyses()[name].run(cohort, study, {}).frame() for name in CORRECTED])
    rows = rows[rows["contrast"] == "high vs low"].set_index(["endpoint", "population"])
    naive, corrected = (
        rows.loc[rows["statistic"] == name, ["estimate", "n", "events"]].sort_index()
        for name in ("logrank", "logrank_selection_corrected")
    )
    assert len(corrected) == 9
    pd.testing.assert_frame_equal(naive.astype(float), corrected.astype(float))


@pytest.mark.parametrize("rule", [0, 1])
def test_what_is_said_of_the_cutoff_is_of_the_one_that_is_published(rule: int) -> None:
    """It was of the one that those with a time would choose, where some have none."""
    more = {"cutoff": CUTOFFS[rule], "endpoints": ["OS", "PFS"], "replicates": 20}
    study = Study.model_validate(STUDY | more)
    patients = cohort_of("ordinary", 70, study, seed=2).patients
    patients.loc[::4, "time_OS"] = np.nan
    patients.loc[1::5, "time_PFS"] = np.nan
    cut = cutoff.chosen(Cohort(patients), study)
    cohort = Cohort(patients.assign(MARKERGR=np.where(patients["MARKER"] >= cut, "high", "low")))
    made = validity.analyse(cohort, study)
    rows = made.frame().set_index("statistic")
    rows = rows[(rows["population"] == "all") & rows["model"].isna()]
    endpoint = cutoff.cutoff_endpoint(study)
    known = cohort.having(endpoint)
    assert rows.loc["cutoff_bootstrap", "estimate"] == cut
    assert set(rows.loc[["cutoff_recovered", "hazard_ratio_apparent"], "at"]) == {cut}
    model = cox(known.main_effects()[[MARKER_TERM]], *known.survival(endpoint)).estimates()[0]
    apparent = rows.loc["hazard_ratio_apparent"]
    assert apparent["estimate"] == pytest.approx(model.estimate)
    for name in ("hazard_ratio_apparent", "logrank_cross_validated"):
        assert (rows.loc[name, "n"], rows.loc[name, "events"]) == (model.n, model.events)
    band = made.curves().query("endpoint == 'ROC'").set_index("x")["y"]
    found = cutoff.analyse(Cohort(patients), study).curves()
    for x, y in band.iloc[:-1].items():
        assert y == pytest.approx(found.loc[found["x"] <= x + 1e-9, "y"].max())


@pytest.mark.parametrize(
    ("patients", "resamples"),
    [(0, 2000), (53, 2000), (10_000, 2000), (20_000, 1000), (50_000, 400), (1_000_000, 400)],
)
def test_more_patients_are_resampled_less_often(patients: int, resamples: int) -> None:
    assert Study(**STUDY | {"replicates": 2000}).resamples(patients) == resamples


def test_who_asks_for_few_resamples_gets_no_more() -> None:
    few = Study(**STUDY | {"replicates": 99})
    assert [few.resamples(patients) for patients in (53, 1_000_000)] == [99, 99]


@pytest.mark.parametrize("analysis", ["validity", "interaction", "small_sample", "assay_error"])
def test_a_row_says_how_many_resamples_of_many_patients_it_rests_on(
    analysis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_file, "MOST_DRAWN", 80 * 15)
    monkeypatch.setattr(study_file, "FEWEST_RESAMPLES", 5)
    study = Study(
        **STUDY
        | {"replicates": 300, "marker": STUDY["marker"] | {"assay_cv": 0.1}}
        | {"cutoff": {"method": "youden", "outcome": "response", "min_patients": 2}}
    )
    rows = analyses()[analysis].analyse(cohort_of("ordinary", 80, study), study).frame()
    said = rows["method"].fillna("") + " " + rows["note"].fillna("")
    drawn = said.str.extractall(r"(\d+) (?:resamples|permutations|repeats)")[0].astype(int)
    assert len(drawn)
    assert drawn.max() < 300 and (drawn >= 15).all()
