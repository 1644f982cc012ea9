"""Columns that come, go or change their codes: reported, or a refresh that says why it stops."""

from __future__ import annotations

from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["made"]

PEOPLE = [f"P{n},{'FM'[n % 2]},195{n % 10}-01-01,,right colon" for n in range(12)]
HEADER = "patient_id,sex,birth_date,consent_withdrawn_on,primary_site"


def deliver(made: Registry, day: str, header: str, lines: list[str]) -> None:
    file = made.folder / "landing" / day / "patients.csv"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def said(made: Registry, rule: str) -> str | None:
    """Return what a check of the columns says, or None where it is content."""
    one = made.checks["raw.column_changes", rule]
    return None if one.passed else one.description


def test_a_column_that_vanished_stops_the_refresh(made: Registry) -> None:
    deliver(made, "2024-01-01", HEADER, PEOPLE)
    assert made.stage()
    without = [line.rsplit(",", 1)[0] for line in PEOPLE]
    deliver(made, "2024-02-01", HEADER.rsplit(",", 1)[0], [*without, "P12,F,1950-01-01,"])
    assert not made.stage()
    words = said(made, "columns_are_there")
    assert words is not None
    assert "2024-02-01/patients.csv: lacks the column primary_site" in words
    assert "2024-01-01/patients.csv had it filled in 12 lines" in words
    assert ("staging.lines", "x") not in made.checks
    # a third export without it is no better than the second one
    deliver(made, "2024-02-02", HEADER.rsplit(",", 1)[0], [*without, "P13,F,1950-01-01,"])
    assert not made.stage()
    # the study may say that it is gone for good
    asked = made.study.read_text("utf-8")
    made.study.write_text(asked.replace("share: 1}", "share: 1, changed_columns: [primary_site]}"))
    assert made.stage()
    made.study.write_text(asked)
    # or the column comes back
    deliver(made, "2024-03-01", HEADER, [*PEOPLE, "P12,F,1950-01-01,,rectum"])
    assert made.stage()


def test_a_column_that_is_there_but_empty_has_vanished_as_well(made: Registry) -> None:
    deliver(made, "2024-01-01", HEADER, PEOPLE)
    deliver(made, "2024-02-01", HEADER, [line.rsplit(",", 1)[0] + "," for line in PEOPLE])
    assert not made.stage()
    assert "or has nothing in it" in (said(made, "columns_are_there") or "")


def test_another_list_of_codes_stops_the_refresh(made: Registry) -> None:
    deliver(made, "2024-01-01", HEADER, PEOPLE)
    deliver(made, "2024-02-01", HEADER, [line.replace("right colon", "C18.2") for line in PEOPLE])
    assert not made.stage()
    words = said(made, "codes_are_known") or ""
    assert "12 lines have codes of primary_site that no export before had" in words
    assert "the first of them line 2;" in words
    assert "C18.2" not in words


def test_a_few_new_codes_and_updates_are_no_change(made: Registry) -> None:
    deliver(made, "2024-01-01", HEADER, PEOPLE)
    some = [PEOPLE[0].replace("right colon", "rectum"), *PEOPLE[1:]]
    deliver(made, "2024-02-01", HEADER, some)
    assert made.stage()
    # another site's export has columns and codes of its own
    other = [f"Q{n},F,1950-01-01" for n in range(12)]
    deliver(made, "2024-03-01", "patient_id,sex,birth_date", other)
    assert made.stage()


def test_a_unit_that_is_converted_is_no_new_code(made: Registry) -> None:
    deliver(made, "2024-01-01", HEADER, PEOPLE)

    def results(day: str, values: str, unit: str) -> bool:
        made.deliver(day, labs=[f"P{n},il6,{n}{values},{unit},2023-01-20" for n in range(12)])
        return made.stage()

    assert results("2024-01-01", "", "pg/mL")
    assert results("2024-02-01", "e-3", "ng/ml")
    found = made.ask(
        "select distinct standard_unit as unit, round(max(standard_value)) as most "
        "from staging.labs group by all"
    )
    assert found.values.tolist() == [["pg/mL", 11]]
    # of an unknown one nobody knows what the values are
    assert not results("2024-03-01", "", "foo")
    assert "12 lines have codes of unit" in (said(made, "codes_are_known") or "")


def test_a_new_column_is_reported_and_its_values_stay_outside(made: Registry) -> None:
    deliver(made, "2024-01-01", HEADER, PEOPLE)
    assert made.stage()
    assert said(made, "columns_are_read") is None
    named = [f"{line},Plantagenet {n}" for n, line in enumerate(PEOPLE)]
    deliver(made, "2024-02-01", f"{HEADER},Full Name", named)
    assert made.stage()
    assert said(made, "columns_are_read") == "2024-02-01/patients.csv: 1 columns."
    changes = made.ask("from raw.column_changes")
    assert changes[["column_name", "change"]].values.tolist() == [["full name", "new"]]
    inside = made.ask(
        "select count(*) as n from raw.patients where cells::varchar ilike '%planta%'"
    )
    assert inside["n"].iloc[0] == 0
    columns = made.ask("from raw.columns where column_name = 'full name'")
    assert columns[["is_read", "filled"]].values.tolist() == [[False, 12]]


def test_a_covariate_that_is_named_later_is_read_from_what_was_kept(made: Registry) -> None:
    deliver(made, "2024-01-01", f"{HEADER},grade", [f"{line},{n}" for n, line in enumerate(PEOPLE)])
    assert made.stage()
    grade = "select count(*) filter (where cells['grade'] is not null) as n from raw.patients"
    assert made.ask(grade)["n"].iloc[0] == 0
    asked = made.study.read_text("utf-8")
    named = asked.replace("covariates:", "covariates:\n  - {name: grade, kind: number}", 1)
    made.study.write_text(named)
    assert made.stage()
    assert made.ask(grade)["n"].iloc[0] == 12
    assert len(made.ask("from raw.patients")) == 12
