"""One registry under several studies: none overwrites, renames or waits for another."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from il6_platform import cli
from il6_platform_tests.end_to_end.conftest import Installation, brief

DAYS = ["2019-12-31", "2021-12-31"]


def of_crp(folder: Path) -> Path:
    """A study of CRP on the same registry."""
    return brief(folder / "crp.yaml", "crp_bevacizumab")


def of_il6(folder: Path) -> Path:
    return brief(folder / "il6.yaml")


def rows(home: Path, study: str) -> list[tuple[object, ...]]:
    database = (home / "studies" / study / "published" / "report.duckdb").resolve()
    with duckdb.connect(database, read_only=True) as connection:
        return connection.execute("from report.results").fetchall()


def test_two_studies_share_a_registry_and_nothing_else(
    begun: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation, home = begun, begun.home
    first = rows(home, "il6_bevacizumab")
    read = (home / "registry.duckdb").stat().st_mtime_ns
    installation.study = of_crp(tmp_path)
    assert installation.refresh() == 0
    # the second study changed no row of the first, and what was published first stays at the top
    assert rows(home, "il6_bevacizumab") == first
    assert rows(home, "crp_bevacizumab") != first
    assert (home / "published" / "report.html").samefile(
        home / "studies" / "il6_bevacizumab" / "published" / "report.html"
    )
    for study, other in (("il6_bevacizumab", "crp"), ("crp_bevacizumab", "il6")):
        folder = home / "studies" / study
        assert len([*(folder / "cuts").iterdir()]) == 1
        with duckdb.connect((folder / "published" / "report.duckdb").resolve()) as connection:
            history = connection.execute("select distinct cut from report.history").fetchall()
            choices = connection.execute(
                "select value from report.provenance where kind = 'choice' and name = 'marker'"
            ).fetchall()
        assert len(history) == 1
        assert f'"{other}"' not in str(choices)
    # one command refreshes both, once something is new; the registry is read once
    capsys.readouterr()
    base = ["--home", str(home), "--landing", str(installation.landing)]
    assert cli.main(["refresh", *base]) == 0
    assert "Nothing new" in capsys.readouterr().out
    installation.deliver(DAYS[1])
    assert cli.main(["refresh", *base]) == 0
    assert (home / "registry.duckdb").stat().st_mtime_ns > read
    assert rows(home, "il6_bevacizumab") != first
    capsys.readouterr()
    assert cli.main(["studies", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert "il6_bevacizumab" in said and "crp_bevacizumab" in said
    assert said.count("Answer") == 2
    # what is to be put right is the registry's: said once
    assert cli.main(["status", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert said.count("Answer") == 2 and said.count("Put right") == 1
    assert cli.main(["query", "--home", str(home), "--study", "crp_bevacizumab", "select 1"]) == 0


def test_a_file_that_would_overwrite_another_study_is_refused(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.deliver(DAYS[0])
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    one, other = tmp_path / "a" / "study.yaml", tmp_path / "b" / "study.yaml"
    text = of_il6(tmp_path).read_text("utf-8").replace("name: il6_bevacizumab\n", "")
    one.write_text(text, encoding="utf-8")
    other.write_text(text.replace("analyte: il6", "analyte: crp"), encoding="utf-8")
    from il6_platform.warehouse.home import Site

    site = Site(home=str(installation.home), landing=str(installation.landing))
    site.add_study(one)
    installation.study = other
    assert installation.refresh() == 2
    said = capsys.readouterr().err
    assert "another study called study (of il6 and bevacizumab, not of crp and bev" in said


def test_a_registry_file_takes_over_what_a_study_said_of_quality(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.deliver(DAYS[0])
    installation.home.mkdir()
    (installation.home / "registry.yaml").write_text("disclosure: {minimal_cell: 5}\n")
    installation.study = of_il6(tmp_path)
    with installation.study.open("a", encoding="utf-8") as file:
        file.write("quality: {exports: full, minimal_cell: 5}\n")
    assert installation.refresh() == 2
    said = capsys.readouterr().err
    assert "quality.exports to exports" in said
    assert "quality.minimal_cell to disclosure.minimal_cell" in said
