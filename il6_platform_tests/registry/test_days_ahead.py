"""A day that lies ahead, or a clock that went back: later exports would amend nothing."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from il6_platform.cohort.check import check
from il6_platform.defs import raw
from il6_platform.registry.landing import delivered_on
from il6_platform_tests.validation.conftest import HEADERS, Registry, made

__all__ = ["made"]

PEOPLE = ["A,F,1950-01-01,", "B,M,1960-01-01,"]
CORRECTED = ["A,M,1950-01-01,", "B,M,1960-01-01,"]
CHECK = ("raw.deliveries", "exports_can_be_read")
ENDS = date.today() + timedelta(days=31)


def sexes(made: Registry) -> list[str]:
    return made.ask("select sex from staging.patients order by birth_date")["sex"].tolist()


@pytest.mark.parametrize(
    "day",
    [f"{date.today().year + 1}-12-31", f"{ENDS + timedelta(days=1)}", "2124-01-31", "31.01.2049"],
)
def test_it_blocks_until_it_is_delivered_under_its_day(made: Registry, day: str) -> None:
    made.deliver(day, patients=PEOPLE)
    made.deliver("2024-02-28", patients=CORRECTED)
    assert not made.stage()
    said, of = made.checks[CHECK], delivered_on(f"{day}/patients.csv")
    assert said.blocking and not said.passed
    assert f", of {of}: The day of the export lies ahead" in said.description
    book = openpyxl.load_workbook(made.folder / "home" / "worklist.xlsx")["worklist"]
    rows = [[str(cell) for cell in row] for row in book.iter_rows(values_only=True)]
    assert [row for row in rows if f"{day}/patients.csv" in row and "block" in row]
    landing = made.folder / "landing"
    shutil.move(landing / day, landing / "2024-01-31")
    assert made.stage() and made.checks[CHECK].passed
    assert sexes(made) == ["M", "M"]
    # nor does it come back with its wrong day where the database is made again
    (made.folder / "home" / "registry.duckdb").unlink()
    assert made.stage() and sexes(made) == ["M", "M"]


def test_one_that_is_named_after_the_end_of_its_month_is_used(made: Registry) -> None:
    made.deliver(str(ENDS), patients=PEOPLE)
    assert made.stage() and sexes(made) == ["F", "M"]


def test_what_arrived_while_the_clock_was_ahead_is_asked_for(
    made: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2099, 1, 1, tzinfo=UTC)

    landing = made.folder / "landing"
    first = "\n".join([HEADERS["patients"], *PEOPLE])
    (landing / "patients.csv").write_text(first)
    with monkeypatch.context() as patched:
        patched.setattr(raw, "datetime", Ahead)
        assert not made.stage()
    assert not made.stage()
    assert "patients.csv, of 2099-01-01: " in made.checks[CHECK].description
    (landing / "patients.csv").write_text("\n".join([HEADERS["patients"], *CORRECTED]))
    (landing / "2024-01-31").mkdir()
    (landing / "2024-01-31" / "patients.csv").write_text(first)
    assert made.stage() and sexes(made) == ["M", "M"]


def test_a_check_of_files_says_so(tmp_path: Path) -> None:
    from il6_platform import paths

    folder = tmp_path / "exports" / "2099-01-31"
    folder.mkdir(parents=True)
    (folder / "patients.csv").write_text("\n".join([HEADERS["patients"], *PEOPLE]))
    (found,) = check([folder.parent], paths.default_study(), tmp_path / "profiles").blocked
    assert "2099-01-31" in found and "lies ahead" in found


def test_known_bytes_under_a_day_ahead_are_no_news(made: Registry) -> None:
    made.deliver("2024-01-31", patients=PEOPLE)
    made.deliver("2024-02-28", patients=CORRECTED)
    assert made.stage()
    made.deliver("2099-01-31", patients=PEOPLE)
    assert made.stage() and sexes(made) == ["M", "M"]


def shift(made: Registry, years: int, landing: int | None = None) -> None:
    """Move arrivals and the days that are theirs, as if the clock had shown another year."""
    with made.warehouse.connect() as connection:
        connection.execute(
            "update raw.landings set arrived_at = arrived_at + to_years($years), "
            "delivered_on = if(delivered_on >= arrived_at::date - 7, "
            "delivered_on + to_years($years), delivered_on) "
            "where landing = coalesce($landing, landing)",
            {"years": years, "landing": landing},
        )


def write(made: Registry, rows: list[str]) -> None:
    (made.folder / "landing" / "patients.csv").write_text("\n".join([HEADERS["patients"], *rows]))


def test_a_clock_that_went_back_since_exports_arrived_keeps_no_export_out(
    made: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    made.deliver("2024-01-31", patients=PEOPLE)
    assert made.stage()
    shift(made, 5)
    made.deliver(f"{date.today() + timedelta(days=700)}", patients=CORRECTED)
    assert made.stage() and sexes(made) == ["M", "M"]
    assert "it is wrong, or it was then" in capfd.readouterr().err


@pytest.mark.parametrize("days", [0, 5])
def test_a_folder_that_was_named_by_a_clock_ahead_is_asked_for(made: Registry, days: int) -> None:
    day = date.today() - timedelta(days=days)
    made.deliver(f"{day}", patients=PEOPLE)
    assert made.stage()
    shift(made, 16)
    made.deliver(f"{date.today()}", treatments=["A,1,bevacizumab,2020-01-02,"])
    assert not made.stage() and "lies ahead" in made.checks[CHECK].description


def test_what_arrived_without_a_day_while_the_clock_was_behind_is_asked_for(
    made: Registry,
) -> None:
    write(made, PEOPLE)
    assert made.stage()
    write(made, CORRECTED)
    assert made.stage() and sexes(made) == ["M", "M"]
    shift(made, -3, landing=2)
    assert not made.stage()
    said = made.checks[CHECK]
    assert not said.passed and "The clock had gone back" in said.description
    landing = made.folder / "landing"
    (landing / f"{date.today()}").mkdir()
    shutil.move(landing / "patients.csv", landing / f"{date.today()}" / "patients.csv")
    assert made.stage() and sexes(made) == ["M", "M"]


@pytest.mark.parametrize("folder", ["05-03-2020", "3_5_2020"])
def test_a_day_that_may_be_two_is_asked_for(made: Registry, folder: str) -> None:
    made.deliver("2024-01-31", patients=CORRECTED)
    made.deliver(folder, patients=PEOPLE)
    assert not made.stage()
    assert "may be one of two" in made.checks[CHECK].description
    landing = made.folder / "landing"
    shutil.move(landing / folder, landing / "2020-03-05")
    assert made.stage() and sexes(made) == ["M", "M"]


def test_a_day_that_may_be_two_is_that_of_arrival_where_it_comes_at_once(made: Registry) -> None:
    day = date.today() - timedelta(days=5)
    made.deliver("2024-01-31", patients=CORRECTED)
    made.deliver(f"{day:%d-%m-%Y}", patients=PEOPLE)
    assert made.stage() and sexes(made) == ["F", "M"]
