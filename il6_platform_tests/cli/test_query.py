"""A query's answer: fit to the terminal, one notation for missing, whole where machines read it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from il6_platform import cli
from il6_platform.cli import query
from il6_platform.cli.query import in_order, written

FRAME = pd.DataFrame(
    {
        "claim": ["Bevacizumab prolongs PFS in every patient who was enrolled", "[b]a | b[/b]"],
        "estimate": [0.5345925952123, None],
        "n": pd.array([53, None], dtype="Int64"),
        "day": pd.to_datetime(["2020-01-01", None]),
        "list": [[1, 2], None],
    }
)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_table_fits_the_terminal_and_loses_nothing(width: int) -> None:
    text = written(FRAME, "table", width)
    assert max(map(len, text.splitlines())) <= width
    whole = "".join(text.split())
    for cell in ("0.534593", "53", "2020-01-01", "[1,2]", "[b]a|b[/b]", "2rows"):
        assert cell in whole
    assert all(word in text for word in ["Bevacizumab", "prolongs", "PFS", "every", "enrolled"])
    assert text.count(" -") >= 4


def test_a_wide_table_becomes_a_list_a_row() -> None:
    wide = pd.DataFrame([{f"column_{n}": f"value {n}" for n in range(30)}])
    lines = written(wide, "table", 80).splitlines()
    assert len(lines) == 33
    assert max(map(len, lines)) <= 80


def test_machines_get_all_digits_and_their_own_notation_of_missing() -> None:
    back = pd.read_csv(io.StringIO(written(FRAME, "csv", None)))
    assert back["estimate"].iloc[0] == FRAME["estimate"].iloc[0]
    assert back.iloc[1].isna().sum() == 4
    rows = json.loads(written(FRAME, "json", None))
    assert rows[0]["estimate"] == pytest.approx(0.5345925952123, abs=1e-9)
    assert [rows[1][name] for name in ("estimate", "n", "day", "list")] == [None] * 4


def test_markdown_keeps_its_columns() -> None:
    lines = written(FRAME, "md", None).splitlines()
    assert lines[1].count("---") == 5
    assert "a \\| b" in lines[3]


def test_the_reason_of_a_wrong_query_is_the_last_line() -> None:
    said = (
        'Binder Error: Referenced column "x" not found!\nCandidate bindings: "n"\n\n'
        "LINE 1: select x\n               ^"
    )
    *place, reason = in_order(said).splitlines()
    assert place == ["LINE 1: select x", "               ^"]
    assert reason.startswith("Binder Error") and reason.endswith('Candidate bindings: "n"')


def test_the_name_of_the_file_says_its_format(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(query, "site_of", lambda asked: None)
    monkeypatch.setattr(query, "read_published", lambda site, sql: FRAME)
    begins = {"a.csv": b"claim,", "a.json": b"[", "a.md": b"| claim", "a.txt": b"claim "}
    for name, beginning in begins.items():
        assert cli.main(["query", "--to", str(tmp_path / name), "select 1"]) == 0
        assert (tmp_path / name).read_bytes().startswith(beginning)
    assert cli.main(["query", "--to", str(tmp_path / "a.parquet"), "select 1"]) == 0
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 2
    assert cli.main(["query", "--format", "parquet", "select 1"]) == 2


@pytest.mark.parametrize("place", ["pseudonym.key", "published/report.html", "log", "new.csv", "."])
def test_an_answer_is_written_into_no_home(place: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "pseudonym.key").write_text("the key")
    (tmp_path / "link").symlink_to(home)
    for to in (home / place, tmp_path / "link" / place, home / "x" / ".." / place):
        assert cli.main(["query", "--home", str(home), "--to", str(to), "select 1"]) == 2
    assert [path.name for path in home.iterdir()] == ["pseudonym.key"]
    assert (home / "pseudonym.key").read_text() == "the key"


def test_a_query_without_words_is_read_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []
    monkeypatch.setattr(query, "read_published", lambda _, sql: seen.append(sql) or pd.DataFrame())
    monkeypatch.setattr("sys.stdin", io.StringIO("select 1"))
    assert cli.main(["query"]) == 0
    assert seen == ["select 1"]
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert cli.main(["query"]) == 2
    assert "ask something" in capsys.readouterr().err
