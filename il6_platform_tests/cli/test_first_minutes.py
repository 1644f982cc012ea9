"""The first five minutes of an engineer, a data manager, a clinician, a statistician, an author.

What takes a refresh is in end_to_end; here is what can be seen without one.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from il6_platform import cli, paths

ROOT = paths.project_root()
PAGES = [ROOT / "README.md", *sorted((paths.PACKAGE / "docs").glob("*.md"))]


def commands(page: Path) -> Iterator[str]:
    """Give every `il6 ...` that a page tells its reader to type."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    yield from (line for block in blocks for line in block.splitlines() if line.startswith("il6 "))
    yield from re.findall(r"`(il6 [^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_is_shown_can_be_typed(page: Path) -> None:
    subparsers = cli.parser()._subparsers
    assert subparsers is not None
    known = subparsers._group_actions[0].choices
    assert isinstance(known, dict)
    for line in commands(page):
        words = shlex.split(re.split(r" [|>#&] |   +|;", line)[0].replace("'s ", " "))
        if len(words) < 2 or words[1].startswith(("-", "COMMAND", "...")):
            continue
        assert words[1] in known, line
        options = {name for action in known[words[1]]._actions for name in action.option_strings}
        asked = {word.partition("=")[0].strip("[]") for word in words if "--" in word[:3]}
        assert asked <= options, line


def test_an_engineer_is_told_where_to_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--home", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "nothing is published" in said and "il6 demo" in said and "il6 refresh --study" in said
    # whose published cut was deleted
    study = tmp_path / "studies" / "il6" / "study.yaml"
    study.parent.mkdir(parents=True)
    study.touch()
    assert cli.main(["--home", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "il6 demo" not in said and "publish what this home holds" in said
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE):
        assert f"\n{target}:" in makefile, target


def test_a_mistyped_word_is_answered_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    for typed, meant in (("refersh", "refresh"), ("querry", "query"), ("staus", "status")):
        with pytest.raises(SystemExit):
            cli.main([typed])
        assert f"did you mean {meant}?" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["report", "worklist", "quality"])
def test_what_is_not_there_yet_is_said_with_the_way_to_it(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["open", what, "--home", str(tmp_path)]) == 2
    assert "il6 refresh" in capsys.readouterr().err


def test_a_data_manager_finds_every_rule_with_who_puts_it_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["rules"]) == 0
    said = capsys.readouterr().out
    assert "data manager]" in said and "laboratory]" in said and "clinician]" in said


def test_a_clinician_reads_question_answer_picture_and_certainty_in_this_order() -> None:
    page = (paths.PACKAGE / "report" / "page.html.j2").read_text("utf-8")
    marks = ('class="question"', 'class="answer"', '"Answer"', 'id="certainty"', 'id="headline"')
    places = [page.index(mark) for mark in marks]
    assert places == sorted(places)


def test_a_statistician_opens_a_home_by_one_name() -> None:
    import il6_platform

    assert callable(il6_platform.open_home)
    assert str(il6_platform.open_home.__doc__).strip()


def test_an_author_is_told_which_styles_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["manuscript", "--style", "bmj", "--home", str(tmp_path)]
    assert cli.main(words) == 2
    assert "jco, lancet, nejm" in capsys.readouterr().err
