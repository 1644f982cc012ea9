"""What is said of a patient on the screen: lines that fare alike are told together."""

from __future__ import annotations

from typing import Any

from il6_platform.report.one_patient import OnePatient, in_words


def line(number: int, status: str = "duplicate", *problems: str) -> dict[str, Any]:
    return {
        **{"table": "labs", "file": "2023/labs.csv", "line": number, "status": status},
        "problems": [*problems],
    }


def test_lines_that_fare_alike_are_one_line() -> None:
    lines = [
        line(4),
        line(5),
        line(6),
        line(9, "used"),
        line(11, "used"),
        line(12, "quarantine", "x"),
    ]
    study: dict[str, Any] = {
        **{"analysed": True, "reason": None, "time_zero": "2020-01-01", "arm": "control"},
        **{"marker": 1.1828793774319066, "endpoints": {}},
        "records": [{"of": "marker", "file": "2023/labs.csv", "line": n} for n in (9, 11)],
    }
    said = in_words(OnePatient("A-1", "p", lines, {"one": study}))
    assert said == [
        "6 lines speak of patient A-1.",
        "  labs        2023/labs.csv, lines 4 to 6: duplicate",
        "  labs        2023/labs.csv, lines 9, 11: used",
        "  labs        2023/labs.csv, line 12: quarantine",
        "      x",
        "\nStudy one: analysed",
        "  time zero   2020-01-01",
        "  arm         control",
        "  marker      1.18",
        "  marker is read from 2023/labs.csv, lines 9, 11",
    ]
