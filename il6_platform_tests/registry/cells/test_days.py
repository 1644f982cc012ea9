"""Days: on the left what is received, on the right how it is read.

A day (with its time), a month, a year; `FIRST..LAST WHY` where it lies between two days; or why it
is none.
"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from il6_platform.registry.cells import Day, possible_orders, read_all, read_day
from il6_platform_tests.registry.cells.spec import rows

ALWAYS = """
# read in one way only
2021-03-05                    | 2021-03-05
2021/3/5                      | 2021-03-05
2021.3.5                      | 2021-03-05
20210305                      | 2021-03-05
2021. 3. 5.                   | 2021-03-05
2021年元月5日                 | 2021-01-05
2021年3月5日                  | 2021-03-05
２０２１－０３－０５          | 2021-03-05
2021년 3월 5일                | 2021-03-05
令和3年3月5日                 | 2021-03-05
05-Mar-2021                   | 2021-03-05
5MAR2021                      | 2021-03-05
Mar 5, 2021                   | 2021-03-05
March 5th, 2021               | 2021-03-05
Fri, 5 Mar 2021               | 2021-03-05
5. März 2021                  | 2021-03-05
5 mars 2021                   | 2021-03-05
1er mars 2021                 | 2021-03-01
5 de marzo de 2021            | 2021-03-05
5 marzo 2021                  | 2021-03-05
5 de março de 2021            | 2021-03-05
5 maart 2021                  | 2021-03-05
5 марта 2021 г.               | 2021-03-05
5 Mai 2021                    | 2021-05-05
05/05/2021                    | 2021-05-05
44260                         | 2021-03-05
44260.0                       | 2021-03-05
# times of day: the local day as it is written, and how far its clock is ahead of UTC
2021-03-05T23:30:00Z          | 2021-03-05 23:30:00+00:00
2021-03-05T00:30:00+09:00     | 2021-03-05 00:30:00+09:00
2021-03-05 14:30              | 2021-03-05 14:30:00
2021-03-05T00:00:00           | 2021-03-05
20MAR2021:08:00:00            | 2021-03-20 08:00:00
5/5/2021 8:00 AM              | 2021-05-05 08:00:00
5/5/2021 12:15 am             | 2021-05-05 00:15:00
2021-03-05 下午3:05           | 2021-03-05 15:05:00
2021年3月5日上午8时30分       | 2021-03-05 08:30:00
20210305143000                | 2021-03-05 14:30:00
44260.5                       | 2021-03-05 12:00:00
5. März 2021, 14:30 Uhr       | 2021-03-05 14:30:00
# known to the month or the year
2023-02                       | 2023-02
2023/2                        | 2023-02
2023年2月                     | 2023-02
02/2023                       | 2023-02
Feb 2023                      | 2023-02
février 2023                  | 2023-02
2023-02-UN                    | 2023-02
2023-02-XX                    | 2023-02
2023-02-00                    | 2023-02
UN-Feb-2023                   | 2023-02
00/02/2023                    | 2023-02
202302                        | 2023-02
202310                        | 2023-10
20230200                      | 2023-02
2023                          | 2023
2023-UN-UN                    | 2023
2023-00-00                    | 2023
2023---15                     | 2023
# two days are possible
05/03/2021                    | 2021-03-05..2021-05-03 ambiguous
14/03/2021                    | 2021-03-14..2021-03-14 ambiguous
05-Mar-21                     | 1921-03-05..2021-03-05 ambiguous
202311                        | 2023-01-01..2023-11-30 ambiguous
05032021                      | 2021-03-05..2021-05-03 ambiguous
21-03-05                      | 1905-03-21..2021-03-05 ambiguous
# October in Croatian, November in Polish
5 listopada 2021              | unreadable
# none
31.02.2018                    | no_such_day
2021-02-29                    | no_such_day
2021-13-01                    | no_such_day
2021-00-05                    | 2021
2023115                       | unreadable
1                             | unreadable
442                           | unreadable
2021/3-5                      | unreadable
2021-03-05?                   | unreadable
2021-03-0¹                    | unreadable
Mar 21                        | unreadable
soon                          | unreadable
2021-03-05 25:61              | unreadable
1900-01-01                    | placeholder
9999-12-31                    | placeholder
0000-00-00                    | placeholder
99.99.9999                    | placeholder
NA                            | missing
未知                          | missing
ongoing                       | missing
"""
DAY_FIRST = """
05/03/2021                    | 2021-03-05
5.3.2021                      | 2021-03-05
05.03.21                      | 2021-03-05
05032021                      | 2021-03-05
05.03.2021 г.                 | 2021-03-05
05-Mar-31                     | 1931-03-05
03/13/2021                    | no_such_day
2021-03-05                    | 2021-03-05
"""
MONTH_FIRST = """
05/03/2021                    | 2021-05-03
5/3/2021 1:05 PM              | 2021-05-03 13:05:00
"""


def shown(read: Day) -> str:
    """Write a reading as the tables above do."""
    if read.day is not None:
        return read.canonical().replace("T", " ")
    if read.problem == "partial":
        return read.canonical()
    between = f"{read.first_day}..{read.last_day} " if read.first_day else ""
    return between + read.problem


@pytest.mark.parametrize(("text", "reading"), rows(ALWAYS))
def test_a_day_whose_source_states_nothing(text: str, reading: str) -> None:
    assert shown(read_day(text)) == reading


@pytest.mark.parametrize(("text", "reading"), rows(DAY_FIRST))
def test_a_day_of_a_source_with_the_day_first_and_two_digit_years(text: str, reading: str) -> None:
    assert shown(read_day(text, ("dmy",), 30)) == reading


@pytest.mark.parametrize(("text", "reading"), rows(MONTH_FIRST))
def test_a_day_of_a_source_with_the_month_first(text: str, reading: str) -> None:
    assert shown(read_day(text, ("mdy",))) == reading


DAYS = st.dates(date(1930, 1, 1), date(2090, 12, 31)).filter(lambda day: day != date(1970, 1, 1))
NEAR = st.text("0123456789-/.: TZUNXMarJan年月日APam?", max_size=20)


@given(NEAR | st.text(max_size=20), st.sampled_from([(), ("dmy",), ("mdy",), ("dmy", "mdy")]))
@example("0001-01-01", ())
def test_any_text_is_read_and_a_day_lies_where_it_can_lie(text: str, orders: tuple[str]) -> None:
    read = read_day(text, orders)
    assert (read.day is None) == bool(read.problem)
    assert (read.first_day is None) == (read.last_day is None)
    if read.first_day is not None and read.last_day is not None:
        assert read.first_day <= (read.day or read.first_day) <= read.last_day
    again = read_day(read.canonical(), orders)
    assert (again.day, again.first_day, again.last_day, again.clock, again.utc_offset) == (
        *(read.day, read.first_day, read.last_day, read.clock, read.utc_offset),
    )


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        *[("2021-03-05T08:00Z", 0), ("2021-03-05 08:00 UTC", 0), ("2021-03-05 08:00 CEST", 7200)],
        *[("2021-03-05T08:00+05:30", 19800), ("2021-03-05T08:00-0530", -19800)],
        *[("2021-03-05T08:00:00-05", -18000), ("20210305080000+0800", 28800)],
        *[("2021-03-05T08:00", None), ("05-03-2021 08:00", None), ("2021-03-05", None)],
    ],
)
def test_how_far_a_clock_is_ahead_of_utc(text: str, offset: int | None) -> None:
    read = read_day(text, ("dmy",))
    assert (read.utc_offset, read.clock) == (offset, None if text[10:] == "" else 8 * 3600)


@given(DAYS, st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%d-%b-%Y", "%d %B %Y", "%Y%m%d"]))
def test_a_day_in_any_spelling_is_that_day(day: date, pattern: str) -> None:
    assert read_day(day.strftime(pattern)).day == day


@given(DAYS)
def test_an_ambiguous_day_is_one_of_its_readings(day: date) -> None:
    read = read_day(day.strftime("%d/%m/%Y"))
    assert read.first_day is not None and read.last_day is not None
    assert read.first_day <= day <= read.last_day
    assert "dmy" in possible_orders(day.strftime("%d/%m/%Y"))


def test_a_text_is_read_once_and_is_a_row() -> None:
    table = read_all("day", ["2023-02", "2023-02", "2023-02-03"])
    assert table.column("received").to_pylist() == ["2023-02", "2023-02-03"]
    assert table.column("last_day").to_pylist() == [date(2023, 2, 28), date(2023, 2, 3)]
