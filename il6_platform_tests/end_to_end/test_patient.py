"""`il6 patient`: every line of one patient, what became of it, and what the study made of it."""

from __future__ import annotations

import json

import duckdb
import pytest

from il6_platform import cli, paths
from il6_platform_tests.end_to_end.conftest import Installation


def asked(capsys: pytest.CaptureFixture[str], demo: Installation, *words: str) -> tuple[int, str]:
    capsys.readouterr()
    status = cli.main(["patient", *words, "--home", str(demo.home)])
    said = capsys.readouterr()
    return status, said.out or said.err


def test_a_patient_is_shown_as_the_cohort_has_them(
    demo: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    last = sorted(paths.demo_landing().glob("*/patients.csv"))[-1]
    number = last.read_text("utf-8").splitlines()[1].split(",")[0]
    status, said = asked(capsys, demo, number, "--json")
    assert status == 0
    found = json.loads(said)
    (study,) = found["studies"].values()
    pseudonym = _pseudonym(demo, number)
    with duckdb.connect(demo.working, read_only=True) as connection:
        subject = connection.execute(
            'select "ANALFL" = \'Y\', "ARMCD", "MARKER" from cohort.subjects where "USUBJID" = ?',
            [pseudonym],
        ).fetchall()
        times = connection.execute(
            'select "PARAMCD", "AVAL", "CNSR" = 0 from cohort.adtte where "USUBJID" = ?',
            [pseudonym],
        ).fetchall()
        (lines,) = connection.execute(
            "select count(*) from staging.lines where patient = ?", [pseudonym]
        ).fetchall()[0]
    ((analysed, arm, marker),) = subject
    assert study["analysed"] == analysed
    assert study["arm"] == {"E": "experimental", "C": "control"}.get(arm)
    assert study["marker"] == marker
    got = {name: (one["months"], one["event"]) for name, one in study["endpoints"].items()}
    assert got == {name: (months, event) for name, months, event in times}
    assert len(found["lines"]) == lines > 0
    assert {"table", "file", "line", "status", "problems"} == set(found["lines"][0])
    status, said = asked(capsys, demo, number)
    assert status == 0 and f"{lines} lines speak of patient {number}" in said


def test_an_unknown_number_is_wrong_use(
    demo: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in ("nobody", "north:nobody"):
        status, said = asked(capsys, demo, number, "--json")
        assert status == 2 and number not in said


def _pseudonym(demo: Installation, number: str) -> str:
    from il6_platform.registry.pseudonyms import Pseudonyms

    return Pseudonyms(demo.home / "pseudonym.key").of(number)
