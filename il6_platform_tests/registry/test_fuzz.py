"""Some hundreds of mutated exports at every commit; `benchmarks/fuzz_intake` drives thousands."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from il6_platform import paths
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.native import kept_columns
from il6_platform.registry.profiles import read_profiles
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.registry.rows import rows_of
from il6_platform_tests.registry.fuzzing import PLANTED, Input, Intake, mutated, wrong

PROFILES = read_profiles(paths.project_root() / "data" / "profiles")


@pytest.fixture(scope="module")
def pseudonyms(tmp_path_factory: pytest.TempPathFactory) -> Pseudonyms:
    return Pseudonyms(tmp_path_factory.mktemp("key") / "key")


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_export_is_read_whole_or_refused_in_words(
    pseudonyms: Pseudonyms, random: Random
) -> None:
    made = mutated(random)
    opened = open_deliveries(made.file, made.content, PROFILES)
    assert not list(wrong(opened, made))
    accepted = [one for one in opened.deliveries if one.status == "accepted"]
    if not accepted:
        return
    if made.lines is not None:
        read = sum(source.lines for source in opened.sources) or sum(
            len(one.export.lines) for one in accepted if one.export is not None
        )
        assert read == made.lines
    for one in accepted:
        assert one.export is not None and one.table is not None
        names, rows = rows_of(one.export, kept_columns(one.table), pseudonyms)
        assert rows["line"].to_pylist() == list(one.export.lines)
        assert len(set(one.export.lines)) == len(one.export.lines)
        assert f"{PLANTED} of the column" not in str(rows.to_pydict()), names


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    made = Intake(tmp_path_factory.mktemp("intake"))
    yield made
    made.close()


def test_a_cut_of_mutated_exports_is_staged_judged_and_balanced(intake: Intake) -> None:
    outcomes = intake.drive(mutated(Random(f"a commit {n}")) for n in range(80))
    assert {one.status for one in outcomes} == {"accepted", "rejected", "unrecognised"}
    assert not [(one.made.file, one.made.steps, one.faults) for one in outcomes if one.faults]


def test_the_fuzzer_finds_a_line_that_is_lost(intake: Intake) -> None:
    whole = (paths.demo_landing() / "2019-12-31" / "labs.csv").read_bytes()
    lines = len(whole.splitlines()) - 1
    made = Input("labs.csv", whole, ["nothing"], lines)
    (outcome,) = intake.drive([made], judged=False)
    assert outcome.status == "accepted" and not outcome.faults
    made.lines = lines + 1
    (outcome,) = intake.drive([made], judged=False)
    assert "lines" in outcome.faults[0]
