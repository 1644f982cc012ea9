"""Every command obeys the exit statuses, whatever it is given: no traceback, the reason last."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from il6_platform import cli
from il6_platform.warehouse.integrity import open_key
from il6_platform_tests.end_to_end.conftest import (
    Installation,
    begun,
    refreshed_once,
)

__all__ = ["begun", "refreshed_once"]

WHO = ["--by", "A", "--why", "B"]
COMMANDS = {
    "refresh": [],
    "status": [],
    "status --json": [],
    "query": ["from report.results"],
    "studies": [],
    "patient": ["CRLM-0001"],
    "cuts": [],
    "diff": ["abc"],
    "rules": [],
    "check": ["{folder}"],
    "profile": ["{folder}"],
    "strike": ["CRLM-0001", "--why", "B"],
    "forget": ["CRLM-0001"],
    "manuscript": [],
    "export": [],
    "release": WHO,
    "site-pack": ["--site", "A", *WHO, "--to", "{folder}"],
    "verify": [],
    "backup": ["--to", "{folder}/backup"],
    "restore": ["--from", "{folder}/nowhere"],
    "prune": [],
    "log": [],
    "log --verify": [],
    "open report": ["--path"],
    "open worklist": ["--path"],
}
"""Commands that look into a home, with what they need."""


def a_file(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file"


def damaged(folder: Path) -> Path:
    """A home whose databases and published cut are no databases, and whose log is no log."""
    home = folder / "home"
    open_key(_made(home))
    cut = home / "studies" / "il6_bevacizumab" / "cuts" / "abc"
    cut.mkdir(parents=True)
    (cut / "report.duckdb").write_bytes(b"nonsense" * 4096)
    (cut.parent.parent / "published").symlink_to(Path("cuts") / "abc")
    (cut.parent.parent / "working.duckdb").write_bytes(b"nonsense" * 4096)
    (home / "registry.duckdb").write_bytes(b"nonsense" * 4096)
    (home / "registry.content").write_text("whole")
    (home / "log").write_text("nonsense\n")
    return home


def of_a_newer_version(folder: Path) -> Path:
    home = folder / "home"
    open_key(_made(home))
    (home / "home.json").write_text(json.dumps({"version": 99, "key": "x"}))
    return home


def of_nonsense(folder: Path) -> Path:
    """A home in which no file that a person or a command writes can be read."""
    home = folder / "home"
    open_key(_made(home))
    for name in ("deliveries", "forgotten", "answers", "struck_patients", "merged_patients"):
        (home / f"{name}.csv").write_bytes(b"\xff\xfe\x00nonsense\n1,2")
    (home / "last_refresh.json").write_text("[]")
    (home / "told.json").write_text("[1]")
    return home


def of_a_file(name: str, content: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        home = folder / "home"
        open_key(_made(home))
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content)
        return home

    return make


def with_a_folder_for_its_key(folder: Path) -> Path:
    home = of_a_file("deliveries/a", "")(folder)
    (home / "pseudonym.key").unlink()
    (home / "pseudonym.key").mkdir()
    return home


def a_link_to_nowhere(folder: Path) -> Path:
    (folder / "link").symlink_to(folder / "nowhere")
    return folder / "link"


def _made(home: Path) -> Path:
    home.mkdir()
    return home


HOMES: dict[str, Callable[[Path], Path]] = {
    "file": a_file,
    "nowhere": lambda folder: folder / "nowhere" / "home",
    "proc": lambda _: Path("/proc/x"),
    "empty": lambda folder: _made(folder / "home"),
    "damaged": damaged,
    "newer": of_a_newer_version,
    "nonsense": of_nonsense,
    "key": with_a_folder_for_its_key,
    "study": of_a_file("studies/a/study.yaml", "{"),
    "registry": of_a_file("registry.yaml", "a: ["),
    "link": a_link_to_nowhere,
    "long": lambda folder: folder / ("x" * 5000),
}


# what reads exports alone looks into no home, and takes seconds
ODD = [
    (command, home)
    for command in COMMANDS
    for home in HOMES
    if command != "check" or home in ("file", "link")
]


@pytest.mark.parametrize(("command", "home"), ODD)
def test_an_odd_home_is_said_in_a_sentence(
    command: str, home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run(command, HOMES[home](tmp_path), tmp_path, capsys)
    # what needs no home works without one
    assert home != "file" or status == 2 or command in ("rules", "check", "profile"), said
    # another version's home is not written, nor its tables read
    reads_no_table = ("status", "studies", "rules", "profile", "restore", "log", "open worklist")
    assert home != "newer" or "newer version" in said or command.startswith(reads_no_table), said


def run(
    command: str, home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    """Run a command; see that it ends in a status and, where it failed, in a sentence."""
    needed = [one.replace("{folder}", str(folder)) for one in COMMANDS[command]]
    status = cli.main([*command.split(), *needed, "--home", str(home)])
    said = capsys.readouterr()
    assert status in (0, 1, 2, 3)
    assert "Traceback" not in said.err + said.out
    if status:
        reason = said.err.strip().splitlines()[-1]
        assert reason.endswith((".", ")")) or len(reason.split()) > 3, reason
        assert "report it" not in reason, reason
    return status, said.err


DAMAGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "report cut short": ("cuts/*/report.duckdb", lambda file: os.truncate(file, 4096)),
    "report gone": ("cuts/*/report.duckdb", Path.unlink),
    "report empty": ("cuts/*/report.duckdb", lambda file: file.write_bytes(b"")),
    "databases empty": ("../../*.duckdb", lambda file: file.write_bytes(b"")),
    "order of cuts": ("cuts.csv", lambda file: file.write_bytes(b"\xff\x00,,\n1")),
    "standing": ("standing.json", lambda file: file.write_text("[")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_home_is_said_in_a_sentence(
    damage: str, begun: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern, do = DAMAGES[damage]
    files = [*begun.study_folder.glob(pattern)]
    assert files
    # exports that are looked into are few: what is damaged is the home
    exports = _made(tmp_path / "exports")
    (exports / "patients.csv").write_text("patient_id,sex,birth_date\nA,F,1950-01-01\n")
    for command in COMMANDS.keys() - {"refresh", "manuscript", "forget"}:
        for file in files:
            if file.exists():
                do(file)
        run(command, begun.home, exports, capsys)


@pytest.mark.parametrize("line", ["every day", "0 25 * * *", "* * * *"])
def test_a_schedule_that_is_no_cron_line_is_wrong_use(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(
        f"marker: {{analyte: il6, unit: pg/mL}}\narms: {{experimental_drug: bevacizumab}}\n"
        f"cutoff: {{method: median}}\nschedule: {line}\n"
    )
    home = ["--home", str(tmp_path / "home")]
    assert cli.main(["cuts", *home, "--study", str(study)]) == 2
    assert "line 4" in capsys.readouterr().err


def test_an_empty_query_is_wrong_use(tmp_path: Path) -> None:
    assert cli.main(["query", "--home", str(tmp_path), ""]) == 2
    assert cli.main(["query", "--home", str(tmp_path), "  "]) == 2


@pytest.mark.parametrize("name", ["deliveries.csv", "erased_deliveries.csv"])
def test_a_damaged_ledger_is_named(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = _made(tmp_path / "home")
    open_key(home)
    (home / "deliveries.csv").write_text("content,file,kept\n")
    for content in (b"\xff\xfe\x00", b"a,b\n1,2\n", b'content,file,kept\n"1\n'):
        (home / name).write_bytes(content)
        assert cli.main(["verify", "--home", str(home)]) == 3
        assert f"{name} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("broken", ["event_log.db", "history/runs.db", "schedules/schedules.db"])
def test_a_broken_storage_of_dagster_is_said_and_costs_no_report(
    broken: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = _made(tmp_path / "home")
    open_key(home)
    (home / "registry.yaml").write_text("keep: {run_days: 1}\n")
    file = home / "dagster" / broken
    file.parent.mkdir(parents=True)
    file.write_bytes(b"nonsense" * 4096)
    status = cli.main(["prune", "--home", str(home)])
    reason = capsys.readouterr().err.strip().splitlines()
    # a storage that is not asked need not be whole
    assert status == 0 or (status == 3 and "Dagster's storage cannot be used" in reason[-1])
    assert broken != "history/runs.db" or status == 3
    (home / "dagster").rename(tmp_path / "away")
    assert cli.main(["prune", "--home", str(home)]) == 0


@pytest.mark.parametrize("error", [28, 30, 122])
def test_a_full_or_read_only_disk_is_said(
    error: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _made(tmp_path / "home")
    open_key(home)

    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(error, os.strerror(error), str(path))

    with monkeypatch.context() as patched:
        patched.setattr("il6_platform.publishing.backup.write_whole", full)
        (home / "deliveries.csv").write_text("content,file,kept\n")
        assert cli.main(["backup", "--to", str(tmp_path / "to"), "--home", str(home)]) == 3
    reason = capsys.readouterr().err.strip().splitlines()[-1]
    assert os.strerror(error) in reason and "The last report stays" in reason
    assert cli.main(["backup", "--to", str(tmp_path / "to"), "--home", str(home)]) == 0
