"""Help that is found, and a wrong word with the one that was meant."""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from il6_platform import cli, paths
from il6_platform.cli.options import site_of
from il6_platform.cli.parsing import print_reason
from il6_platform.errors import UsageError


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return the exit status and what was printed, stderr last."""
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    out = capsys.readouterr()
    return int(str(left.value.code or 0)), (out.out + out.err).strip()


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["refesh"], "did you mean refresh?"),
        (["qurey", "select 1"], "did you mean query?"),
        (["refresh", "--as_of", "2020-01-01"], "did you mean --as-of?"),
        (["status", "--studdy=crp"], "did you mean --study?"),
        (["query", "--format", "jsn", "select 1"], "did you mean json?"),
        (["open", "reprot"], "did you mean report?"),
        (["zzz"], "see il6 --help"),
        (["refresh", "--as-of", "yesterday"], "'yesterday' is not a date"),
        (["refresh", "--study", "a.yaml", "--study", "b.yaml"], "--study is given twice"),
        (["ui", "--port", "99999"], "one from 1 to 65535"),
        (["ui", "--port", "0"], "one from 1 to 65535"),
        (["ui", "--port", "-1"], "one from 1 to 65535"),
        (["ui", "--port", "http"], "one from 1 to 65535"),
    ],
)
def test_a_wrong_word_is_answered_with_what_was_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, text = said(words, capsys)
    assert status == 2
    assert meant in text.splitlines()[-1]


WHO = ["--by", "A", "--why", "B"]
WRITERS = {
    "folder": (["manuscript"], ["export"], ["backup"], ["site-pack", "--site", "a", *WHO]),
    "file": (["query", "select 1"], ["study", "init"], ["profile", "a.csv"]),
}
"""Commands with --to, by what it names."""


@pytest.mark.parametrize("words", WRITERS["folder"], ids=lambda words: words[0])
@pytest.mark.parametrize("place", ["file", "file/below", "link"])
def test_a_file_is_no_folder_to_write(
    words: list[str], place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    home = tmp_path / "home"
    home.mkdir()
    to = ["--to", str(tmp_path / place), "--home", str(home)]
    assert cli.main([*words, *to]) == 2
    named = tmp_path / place.partition("/")[0]
    reason = f"{named} is a file, not a folder; name a folder with --to"
    assert capsys.readouterr().err.splitlines()[-1] == reason
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("words", WRITERS["file"], ids=lambda words: words[0])
def test_a_folder_is_no_file_to_write(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, why in ((".", "is a folder, not a file"), ("nowhere/file", "is no folder")):
        to = ["--to", str(tmp_path / place), "--home", str(tmp_path / "home")]
        assert cli.main([*words, *to]) == 2
        assert why in capsys.readouterr().err.splitlines()[-1]


def test_the_help_groups_every_command_and_ends_in_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, text = said(["--help"], capsys)
    assert status == 0
    for title, names in cli.GROUPS.items():
        part = text.partition(f"\n{title}:")[2].partition("\n\n")[0]
        assert tuple(re.findall(r"^  ([\w-]+)", part, re.MULTILINE)) == names
    assert "examples:" in text


def test_the_home_may_stand_before_the_command_or_after() -> None:
    for words in (["--home", "here", "cuts"], ["cuts", "--home", "here"], ["--home", "here"]):
        asked = cli.read(words)
        assert str(asked.home) == "here"
        assert asked.command == ("cuts" if "cuts" in words else "status")


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = said(["--version"], capsys)
    assert status == 0
    assert text.startswith("il6 0.") and "code" in text


def test_no_heavy_library_is_loaded_for_the_help() -> None:
    program = (
        "import sys; from il6_platform import cli; cli.parser().format_help(); "
        "print([m for m in ('pandas', 'duckdb', 'dagster', 'rich', 'shtab') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in cli.COMMANDS)


def test_a_reason_is_not_broken_within_a_word_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "Blocked: 2019-12-31/labs.csv: lacks the column patient_id.\nLINE 1: select\n        ^"
    print_reason(reason)
    # machines get it as it is
    assert capsys.readouterr().err == f"{reason}\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    print_reason(reason)
    assert capsys.readouterr().err.splitlines() == [
        *("Blocked: 2019-12-31/labs.csv:", "lacks the column patient_id."),
        *("LINE 1: select", "        ^"),
    ]


def test_a_command_of_the_registry_asks_for_no_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        study = tmp_path / "studies" / name / "study.yaml"
        study.parent.mkdir(parents=True)
        shipped = paths.default_study().read_text("utf-8")
        study.write_text(shipped.replace("name: il6_bevacizumab", f"name: {name}"), "utf-8")
    for words in (["patient", "T01"], ["strike", "T01", "--why", "x"]):
        assert cli.main([*words, "--home", str(tmp_path)]) == 2
        assert "nothing is kept" in capsys.readouterr().err
    with pytest.raises(UsageError, match=r"several studies \(one, two\)"):
        site_of(Namespace(home=tmp_path, study=None))


def test_the_log_names_what_is_published_of_each_study(tmp_path: Path) -> None:
    for name, cut in (("one", "0123456789ab"), ("two", "ba9876543210")):
        folder = tmp_path / "studies" / name
        (folder / "cuts" / cut).mkdir(parents=True)
        (folder / "published").symlink_to(Path("cuts", cut))
    assert cli._published(tmp_path) == "one 0123456789ab; two ba9876543210"
    (tmp_path / "studies" / "two" / "published").unlink()
    assert cli._published(tmp_path) == "0123456789ab"
    assert cli._published(tmp_path / "elsewhere") == "nothing"
