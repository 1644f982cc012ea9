"""What a refresh shows while it runs, and wrong uses that are answered before anything is read."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from il6_platform import cli
from il6_platform.cli import outcome, refresh
from il6_platform.cli.outcome import HEAD, entries, in_lines
from il6_platform.cli.progress import Stages
from il6_platform.defs.report import SAME
from il6_platform.errors import DataQualityError
from il6_platform.warehouse.standing import LastRefresh, Standing, standings

PATIENTS = "patient_id,sex,birth_date\nA,F,1950-01-01\n"


def refused(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return the last line of a refresh that is refused; nothing is left of it."""
    assert cli.main(["refresh", "--home", str(home), *words]) == 2
    assert not (home / "registry.duckdb").exists()
    assert LastRefresh.read(home) is None
    return capsys.readouterr().err.splitlines()[-1]


def test_a_landing_folder_that_is_a_file_names_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "patients.csv"
    file.write_text(PATIENTS)
    said = refused(tmp_path / "home", capsys, "--landing", str(file))
    assert "is a file" in said and f"--landing {tmp_path}" in said


def test_an_empty_landing_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    said = refused(tmp_path / "home", capsys, "--landing", str(landing))
    assert str(landing) in said and "holds no exports" in said and "patients.csv" in said


def test_a_look_back_before_the_first_delivery_names_its_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in ("2022-06-30", "2021-12-31"):
        (tmp_path / "landing" / day).mkdir(parents=True)
        (tmp_path / "landing" / day / "patients.csv").write_text(PATIENTS)
    landing = ["--landing", str(tmp_path / "landing"), "--as-of", "2021-12-30"]
    said = refused(tmp_path / "home", capsys, *landing)
    assert "by 2021-12-30" in said and "2021-12-31" in said


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (["--as-of", "2990-01-01"], "--as-of 2990-01-01 lies ahead"),
        (["--censor", "2990-01-01"], "--censor 2990-01-01 lies ahead"),
        (["--as-of", "2990-01-01", "--censor"], "--as-of 2990-01-01 lies ahead"),
        (["--as-of", "2022-07-01", "--censor", "2022-07-02"], "name a day up to 2022-07-01"),
    ],
)
def test_a_look_back_is_of_days_that_are_known(
    days: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "2022-06-30").mkdir()
    (tmp_path / "2022-06-30" / "patients.csv").write_text(PATIENTS)
    home = tmp_path / "home"
    assert why in refused(home, capsys, "--landing", str(tmp_path), *days)
    assert not home.exists()


def event(step: str, **about: Any) -> logging.LogRecord:
    """Return a record as Dagster hands it to a logger."""
    record = logging.makeLogRecord({"msg": "", "level": logging.DEBUG})
    kinds = {"is_step_start": False, "is_step_success": False} | about
    record.dagster_meta = {"step_key": step, "dagster_event": SimpleNamespace(**kinds)}
    return record


def test_a_line_says_what_each_stage_took(capsys: pytest.CaptureFixture[str]) -> None:
    stages = Stages()
    steps = ["fetch_sftp", "raw__labs", "staging__labs"]
    with stages.shown():
        stages.expect(steps)
        for step in steps:
            stages.emit(event(step, is_step_start=True))
            done = SimpleNamespace(duration_ms=1500)
            stages.emit(event(step, is_step_success=True, step_success_data=done))
        # one that nobody expects, and one that is no event of a step
        stages.emit(logging.makeLogRecord({"msg": "said by an asset"}))
    lines = [line.split() for line in capsys.readouterr().err.splitlines()]
    assert lines == [["Read", "exports", "3.0", "s"], ["Check", "records", "1.5", "s"]]
    assert stages.seconds == {"Read exports": 3.0, "Check records": 1.5}


STANDING = Standing(
    *("crp", "Serum CRP", "", "0123456789ab", "2023-12-31", "59", "53", "1"),
    ["Not shown that CRP tells who benefits from bevacizumab, " * 4],
    "ba9876543210",
    ["3 patients have arrived."],
)


@pytest.mark.parametrize("width", [60, 96])
def test_what_is_said_fits_the_box_and_a_path_stays_whole(tmp_path: Path, width: int) -> None:
    lines = in_lines([*entries(tmp_path, STANDING)], width)
    assert all(line.startswith(" " * HEAD) or line[:HEAD].strip() for line in lines)
    # a head and what it says do not run into each other
    assert {line[HEAD - 1] for line in lines} == {" "}
    path = str(tmp_path / "studies" / "crp" / "published" / "report.html")
    assert all(len(line) <= width for line in lines if path not in line)
    assert any(line.endswith(path) for line in lines)
    assert " ".join(STANDING.answer[0].split()) in " ".join(" ".join(lines).split())


def test_what_was_written_down_is_only_said_of_the_cut_that_is_published(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "crp"
    (folder / "cuts" / STANDING.cut).mkdir(parents=True)
    STANDING.write(folder)
    assert standings(tmp_path) == []
    (folder / "published").symlink_to(Path("cuts", STANDING.cut))
    assert standings(tmp_path) == [STANDING]
    # one of a version that did not know all of it
    known = asdict(STANDING)
    del known["not_given"]
    (folder / "standing.json").write_text(json.dumps(known))
    assert standings(tmp_path) == [STANDING]
    (folder / "standing.json").write_text('{"study": "crp"}')
    assert standings(tmp_path) == []


def test_the_status_tells_a_blocked_refresh_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    LastRefresh.of(1, "Blocked. staging.labs, rule quarantine_is_small: labs.csv").write(tmp_path)
    assert cli.main(["--home", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "BLOCKED" in said and "quarantine_is_small" in said
    first = said.partition("Next:")[2].split()
    assert first[:3] == ["il6", "open", "worklist"]


def test_a_study_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "studies" / "crp"
    (folder / "cuts" / STANDING.cut).mkdir(parents=True)
    (folder / "published").symlink_to(Path("cuts", STANDING.cut))
    STANDING.write(folder)
    assert cli.main(["status", "--home", str(tmp_path), "--study", "il6"]) == 2
    assert "there are crp" in capsys.readouterr().err
    for words in (["open", "worklist"], ["open", "quality"], ["export"]):
        assert cli.main([*words, "--home", str(tmp_path), "--study", "nope"]) == 2
        assert "there is no study 'nope'" in capsys.readouterr().err
    program = tmp_path / "study.R"
    program.write_text("library(survival)")
    assert cli.main(["export", "--home", str(tmp_path), "--study", str(program)]) == 2
    assert f"{program} is no study file" in capsys.readouterr().err


def test_a_refusal_is_json_for_machines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    words = ["refresh", "--json", "--home", str(tmp_path / "home"), "--landing", str(landing)]
    assert cli.main(words) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == 2 and "holds no exports" in said["reason"]


def test_what_is_published_beside_a_blocked_study_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = DataQualityError("Blocked, the last report of study nlr stays.")
    blocked.refreshed = (STANDING.study,)

    def refreshed(*_: object) -> list[str]:
        raise blocked

    monkeypatch.setattr(refresh, "_refreshed", refreshed)
    monkeypatch.setattr(outcome.Standing, "read", lambda _: STANDING)
    assert cli.main(["refresh", "--home", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert STANDING.answer[0] in out and "Nothing was published" not in err
    assert f"Published: {STANDING.study}, and nothing else" in err
    assert err.splitlines()[-1] == str(blocked)
    assert cli.main(["refresh", "--home", str(tmp_path), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["status"], [one["study"] for one in said["studies"]]) == (1, [STANDING.study])


@pytest.mark.parametrize(
    ("kind", "message"),
    [("DagsterExecutionInterruptedError", ""), ("RuntimeError", "RuntimeError: Query interrupted")],
)
def test_who_ends_a_refresh_is_told_of_no_fault(kind: str, message: str) -> None:
    inner = SimpleNamespace(cls_name=kind, message=message, cause=None)
    outer = SimpleNamespace(cls_name="DagsterExecutionStepExecutionError", message="", cause=inner)
    assert refresh._is_interrupted(outer)
    assert not refresh._is_interrupted(SimpleNamespace(cls_name="OSError", message="", cause=None))


def test_a_cut_that_is_another_one_when_made_again_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = [
        SimpleNamespace(check_name=name, passed=passed, description=f"{name} {passed}")
        for name in (SAME, "another_check")
        for passed in (False, True)
    ]
    refresh._tell_of_another_outcome(said)  # type: ignore[arg-type]
    assert capsys.readouterr().err.splitlines() == [f"{SAME} False"]
