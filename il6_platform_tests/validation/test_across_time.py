"""What a later delivery may not change unnoticed."""

from __future__ import annotations

from il6_platform_tests.validation.conftest import Registry

FIRST = {
    "patients": [f"{name},F,1950-01-01," for name in "ABCD"],
    "treatments": [f"{name},1,folfox,2020-01-01," for name in "ABCD"],
    "labs": ["A,il6,4.0,pg/mL,2019-12-30", "B,il6,<1.5,pg/mL,2019-12-30"],
    "follow_up": [
        "A,2021-01-01,alive,",
        "B,2021-01-01,dead,2021-01-01",
        "C,2021-01-01,dead,2021-01-01",
        "D,2021-01-01,dead,2021-01-01",
    ],
    "assessments": [],
}
CHANGES = [
    ("patients", 0, "A,F,1951-01-01,", "birth_date_stays", "1950-01-01"),
    ("patients", 1, "B,M,1950-01-01,", "sex_stays", "F"),
    ("treatments", 0, "A,1,folfox,2020-02-01,", "start_date_stays", "2020-01-01"),
    ("labs", 0, "A,il6,5.0,pg/mL,2019-12-30", "value_stays", "4.0"),
    ("labs", 1, "B,il6,1.5,pg/mL,2019-12-30", "value_stays", "<1.5"),
    ("follow_up", 0, "A,2020-06-01,alive,", "follow_up_goes_forward", "2021-01-01"),
    ("follow_up", 1, "B,2022-01-01,alive,", "death_is_not_taken_back", ""),
    ("follow_up", 2, "C,2020-12-01,dead,2020-12-01", "died_on_stays", "2021-01-01"),
    ("follow_up", 2, "C,2020-12-01,dead,2020-12-01", "follow_up_goes_forward", "2021-01-01"),
    ("follow_up", 3, "D,2020-12-01,alive,", "vital_status_stays", "dead"),
    ("follow_up", 3, "D,2020-12-01,alive,", "follow_up_goes_forward", "2021-01-01"),
]


def test_a_change_is_reported_until_it_is_confirmed(made: Registry) -> None:
    made.deliver("2023-01-01", **FIRST)
    second = {table: [*lines] for table, lines in FIRST.items()}
    for table, line, text, _, _ in CHANGES:
        second[table][line] = text
    made.deliver("2023-02-01", **second)
    made.stage()
    found = made.ask("from staging.quarantine").fillna({"value_before": ""})
    assert sorted(
        found[["file", "file_line", "rule", "value_before"]].itertuples(index=False, name=None)
    ) == sorted(
        (f"2023-02-01/{table}.csv", line + 2, rule, before)
        for table, line, _, rule, before in CHANGES
    )
    names_it = found["sentence"].str.contains("2023-01-01/")
    assert set(found.loc[~names_it, "rule"]) == {"death_is_not_taken_back"}
    # a death that is undone by an earlier contact is set aside, all others are used
    assert set(made.ask("from staging.follow_up")["file_line"]) == {2, 3, 4}
    assert len(made.ask("from staging.patients")) == 4
    # another delivery that says the same confirms it
    third = {
        table: [*lines, *(f"E{line[1:]}" for line in lines[:1])] for table, lines in second.items()
    }
    made.deliver("2023-03-01", **third)
    made.stage()
    assert made.broken() == set()
    assert len(made.ask("from staging.follow_up")) == 5


def test_what_is_only_put_right_or_added_is_no_change(made: Registry) -> None:
    first = {
        **FIRST,
        "patients": ["A,female,1.1.1950,", *FIRST["patients"][1:]],
        "labs": ["A,il6,0.2,pmol/L,2019-12-30", "A,cea,4,ng/mL,2019-12-30"],
    }
    made.deliver("2023-01-01", **first)
    second = {
        **FIRST,
        "labs": ["A,il6,4.0,pg/mL,2019-12-30", "A,cea,4,ng/mL,2019-12-30"],
        "treatments": [*FIRST["treatments"], "A,1,folfox,2020-05-01,"],
        "follow_up": ["A,2021-03-01,dead,2021-03-01", *FIRST["follow_up"][1:]],
    }
    made.deliver("2023-02-01", **second)
    made.stage()
    assert made.broken() == set()
