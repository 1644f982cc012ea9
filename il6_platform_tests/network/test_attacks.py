"""Attacks on packs: differences, rounds, neighbouring cut-offs, coefficients that single out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.analysis.cohort import ARM_TERM
from il6_platform.errors import UsageError
from il6_platform.network import combine, folder
from il6_platform.network.packs import LOG2, PRODUCT, Request, SiteData, site_pack
from il6_platform.privacy import site_packs as limits
from il6_platform.study import Study
from il6_platform_tests.analysis.test_any_cohort import STUDY

LEAST = 5


def patients(n: int, seed: int = 0) -> SiteData:
    rng = np.random.default_rng(seed)
    arm, marker = rng.random(n) < 0.5, np.round(np.exp(rng.normal(1, 0.6, n)), 2)
    time = np.round(rng.exponential(10, n), 1)
    columns = {ARM_TERM: arm * 1.0, LOG2: np.log2(marker), PRODUCT: arm * np.log2(marker)}
    return SiteData(
        {"OS": time}, {"OS": rng.random(n) < 0.7}, pd.DataFrame(columns), marker, np.zeros(n)
    )


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.lists(st.integers(0, 31)))
def test_between_two_shared_cut_offs_lie_none_or_enough(
    marker: list[int], cutoffs: list[int]
) -> None:
    values = np.array(marker, dtype=float)
    kept = limits.kept_cutoffs(values, cutoffs, LEAST)
    shared = sorted(c for c, keep in zip(cutoffs, kept, strict=True) if keep)
    low = np.array([0, *((values < c).sum() for c in shared), len(values)])
    between = np.diff(low) if shared else np.zeros(0)
    assert np.all((between == 0) | (between >= LEAST))


@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.booleans()), min_size=1, max_size=60)
)
def test_between_two_shared_months_leave_none_or_enough(rows: list[Any]) -> None:
    time, event, arm = (np.array(column) for column in zip(*rows, strict=True))
    groups = [arm & event, arm & ~event, ~arm & event, ~arm & ~event]
    left = np.array([[int((g & (time <= m)).sum()) for g in groups] for m in range(0, 22, 3)])
    kept = limits.kept_times(left, LEAST)
    seen = np.vstack([np.zeros(4, dtype=int), left[kept], left[-1]])
    between = np.diff(seen, axis=0) if kept else np.zeros(0)
    assert np.all((between == 0) | (between >= LEAST))


@given(st.data())
def test_two_packs_never_differ_by_a_few_patients_of_an_arm(data: st.DataObject) -> None:
    who = st.lists(
        st.tuples(st.integers(0, 15), st.sampled_from("CE"), st.integers(0, 1)),
        unique_by=lambda row: row[0],
        max_size=16,
    )
    before, now = (
        pd.DataFrame(data.draw(who), columns=["patient", "group", "content"]).astype(str)
        for _ in range(2)
    )
    if limits.too_alike(before, now, LEAST):
        return
    old, new = (frame.set_index("patient") for frame in (before, now))
    for arm in "CE":
        mine = {
            patient
            for patient in {*old.index, *new.index}
            if (patient in old.index and old.loc[patient, "group"] == arm)
            or (patient in new.index and new.loc[patient, "group"] == arm)
        }
        changed = [
            patient
            for patient in mine
            if patient not in old.index
            or patient not in new.index
            or old.loc[patient, "content"] != new.loc[patient, "content"]
        ]
        added = sum(p in new.index and new.loc[p, "group"] == arm for p in changed)
        gone = sum(p in old.index and old.loc[p, "group"] == arm for p in changed)
        assert max(added, gone) == 0 or max(added, gone) >= LEAST


def test_a_forgotten_patient_is_not_the_difference_of_two_packs(tmp_path: Path) -> None:
    people = pd.DataFrame(
        {"patient": [f"p{i}" for i in range(30)], "group": ["C", "E"] * 15, "content": "x"}
    )
    path = tmp_path / limits.PATIENTS
    limits.keep(people, path)
    limits.forget(path, "p7")
    kept = pd.read_parquet(path)
    assert "p7" not in set(kept["patient"]) and len(kept) == 30
    assert limits.too_alike(kept, people[people["patient"] != "p7"], LEAST)
    limits.forget(path, "nobody")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("asked", [40.0, -40.0, 1e308, float("nan"), float("inf")])
def test_coefficients_that_single_out_the_highest_are_refused(asked: float) -> None:
    request = Request(1, (), (), {"OS": {"marker": [asked], "arm": [asked]}})
    pack = site_pack(patients(80), request, LEAST)
    assert not {"marker", "arm"} & set(pack["endpoints"]["OS"]["models"])
    assert any("single out" in said for said in pack["withheld"])


def test_a_site_answers_a_cut_a_limited_number_of_times() -> None:
    given_before = [
        folder.Given(f"{i}.json", "cut", f"request {i}", "", "", "")
        for i in range(limits.MOST_ROUNDS + 1)
    ]
    folder._check_history(given_before, "cut", "request 3")
    folder._check_history(given_before, "another cut", "a new request")
    with pytest.raises(UsageError, match="one by one"):
        folder._check_history(given_before, "cut", "a new request")


def test_no_group_of_a_few_has_a_model_or_a_count() -> None:
    data = patients(60)
    arm = np.zeros(60)
    arm[:3] = 1
    few = SiteData(
        data.times,
        data.events,
        data.design.assign(**{ARM_TERM: arm, PRODUCT: arm * data.design[LOG2]}),
        data.marker,
        data.strata,
    )
    given_of = site_pack(few, Request(), LEAST)["endpoints"]["OS"]
    assert set(given_of["models"]) == {"marker"}
    assert "arms" not in given_of and "log_rank" not in given_of and "n" not in given_of
    assert site_pack(patients(4), Request(), LEAST)["n"] is None


def test_a_pack_does_not_grow_with_the_patients() -> None:
    """Nothing in it is of one patient: more patients, as many numbers."""
    request = Request(1, (), (2.0, 3.0), {})
    # months that may be shared become more with the patients, up to the grid; nothing else does
    packs = [site_pack(patients(n), request, LEAST) for n in (400, 4000)]
    for pack in packs:
        pack["endpoints"]["OS"].pop("risk_sets")
    assert _numbers(packs[0]) == _numbers(packs[1]) < 200


def _numbers(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_numbers(one) for one in value.values())
    if isinstance(value, list):
        return sum(_numbers(one) for one in value)
    return int(isinstance(value, int | float))


def test_all_rounds_together_fit_other_patients_as_well() -> None:
    """Sums at a few near coefficients do not determine the risk sets that they are of.

    The attacker solves for each death's share of the arm among those at risk from every number of
    every round, starting elsewhere, and finds other shares that give the same numbers.
    """
    rng = np.random.default_rng(4)
    truth = rng.normal(0, 0.6, 40)
    rounds = np.linspace(-0.5, 0.0, limits.MOST_ROUNDS + 1)

    def told(log_odds: np.ndarray) -> np.ndarray:
        share = 1 / (1 + np.exp(-(rounds[:, None] + log_odds)))
        return np.concatenate([share.sum(axis=1), (share * (1 - share)).sum(axis=1)])

    guess = truth + rng.normal(0, 0.3, 40)
    for _ in range(200):
        gap = told(truth) - told(guess)
        slope = np.array([(told(guess + step) - told(guess)) / 1e-6 for step in 1e-6 * np.eye(40)])
        guess = guess + np.linalg.lstsq(slope.T, gap, rcond=1e-7)[0]
        if np.abs(gap).max() < 1e-9:
            break
    assert np.abs(told(truth) - told(guess)).max() < 1e-6
    # nor is the order of the shares in time: a sum has none
    assert np.abs(np.sort(guess) - np.sort(truth)).max() > 0.05


@pytest.fixture
def study() -> Study:
    return Study.model_validate(STUDY | {"name": "net"})


def written(tmp: Path, name: str, pack: dict[str, Any], study: Study) -> None:
    whole = {"study": study.name, "study_digest": study.content_digest, "site": name, "cut": "c"}
    (tmp / f"pack-{name}-{pack['round']}.json").write_text(folder._text(whole | pack))


def test_a_folder_is_combined_round_by_round(tmp_path: Path, study: Study) -> None:
    sites = {"A": patients(120, 1), "B": patients(90, 2), "C": patients(60, 3)}
    request, state = Request(), None
    for _ in range(limits.MOST_ROUNDS):
        for name, data in sites.items():
            written(tmp_path, name, site_pack(data, request, LEAST), study)
        state = folder.combine_folder(tmp_path)
        if state.is_done:
            break
        assert state.waiting_for == ("A", "B", "C")
        request = folder.read_request(tmp_path / f"request-{state.round + 1}.json", study)
    assert state is not None and state.is_done
    rows = pd.read_csv(tmp_path / "network_results.csv")
    packs, _, _ = combine.rounds(lambda s, r: site_pack(sites[s], r, LEAST), [*sites])
    pd.testing.assert_frame_equal(
        rows[["statistic", "estimate"]],
        combine.combined(packs).frame()[["statistic", "estimate"]],
        check_dtype=False,
    )
    page = (tmp_path / "network.html").read_text()
    assert "<svg" in page and not {"<script", "<link", 'src="http'} & set(page.split())
    life = rows[rows["model"] == "life table"]
    assert life["estimate"].between(0, 1).all()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda text: text[: len(text) // 2], "is not JSON"),
        (lambda text: "[]", "neither a pack nor a request"),
        (lambda text: text.replace('"format": 1', '"format": 9'), "make it again"),
        (lambda text: text.replace('"site": "B"', '"site": "A"'), "one site, one name"),
        (lambda text: text.replace('"study_digest": "', '"study_digest": "0'), "another study"),
    ],
)
def test_a_damaged_pack_is_named(tmp_path: Path, study: Study, harm: Any, said: str) -> None:
    for name in "ABC":
        written(tmp_path, name, site_pack(patients(60), Request(), LEAST), study)
    file = tmp_path / "pack-B-0.json"
    file.write_text(harm(file.read_text()))
    with pytest.raises(UsageError, match=said) as error:
        folder.combine_folder(tmp_path)
    assert "pack-B-0.json" in str(error.value)


def test_a_request_of_another_study_or_none_is_refused(tmp_path: Path, study: Study) -> None:
    for name in "AB":
        written(tmp_path, name, site_pack(patients(60), Request(), LEAST), study)
    folder.combine_folder(tmp_path)
    other = Study.model_validate(STUDY | {"name": "other"})
    with pytest.raises(UsageError, match="another study file"):
        folder.read_request(tmp_path / "request-1.json", other)
    (tmp_path / "request-1.json").write_text(
        f'{{"study_digest": "{study.content_digest}", "round": "x"}}'
    )
    with pytest.raises(UsageError, match="no request"):
        folder.read_request(tmp_path / "request-1.json", study)
