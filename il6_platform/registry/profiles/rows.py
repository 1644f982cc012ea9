"""A row of an export -> a row of a native table, as a mapping says.

Belongs here: choosing lines, codes, what an empty cell means, several rows of one line, one of
several lines. Does not belong here: which sheets are read (`profile`), reading a cell (`cells`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from il6_platform.registry.cells import NATIVE, Spelling, read_day, read_number
from il6_platform.registry.exports import BEYOND, ExportRow
from il6_platform.registry.native import DATE_COLUMNS, NUMBER_COLUMNS, TIMED_COLUMNS
from il6_platform.registry.profiles import keys
from il6_platform.registry.profiles.texts import Codes, code_of, column_name, is_chosen, listed
from il6_platform.time_units import DAYS_PER_MONTH, DAYS_PER_YEAR

ANCHOR = date(1991, 1, 1)
"""The day from which relative days are counted: who is 90 at it was born after 1900, and it leaves
35 years of follow-up before today."""

DAYS = {"days": 1.0, "weeks": 7.0, "months": DAYS_PER_MONTH, "years": DAYS_PER_YEAR}
"""Days of a unit."""

Received = tuple[ExportRow, Mapping[str, str]]
Row = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Reading:
    """How the rows of one sheet are read by a mapping.

    Attributes
    ----------
    mapping, columns
        The mapping, and its columns with `{n}` filled in.
    constants
        What every row holds.
    absent
        Codes that mean that nothing is known.
    codes
        Of each column that has some.
    spellings
        How days and numbers are written in each column of the export.
    relative
        The unit in which days are counted from an anchor.
    own
        Columns of the export that only this mapping reads.
    label
        The label of a code in the data dictionary.
    is_sure
        Whether all columns of the sheet are read, so that shifted cells hold no name.
    """

    mapping: keys.Mapping
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    absent: frozenset[str]
    codes: Mapping[str, Codes]
    spellings: Mapping[str, Spelling]
    relative: str | None
    own: Collection[str]
    label: Callable[[str, str], str]
    is_sure: bool

    @classmethod
    def of(
        cls,
        mapping: keys.Mapping,
        columns: Mapping[str, str],
        missing: Iterable[str],
        *,
        spellings: Mapping[str, Spelling],
        relative: str | None,
        own: Collection[str],
        label: Callable[[str, str], str],
        is_sure: bool,
    ) -> Reading:
        """Prepare what a profile says of a mapping for reading many rows."""
        constants = dict(mapping.constants)
        if "sex" in mapping.lacks:
            constants["sex"] = "U"
        if relative is not None:
            constants |= {
                column: _day(text, relative, NATIVE)
                for column, text in constants.items()
                if column in DATE_COLUMNS
            }
        return cls(
            *(mapping, columns, constants),
            absent=frozenset({code_of(code) for code in missing} | {""}),
            codes={column: Codes(codes) for column, codes in mapping.codes.items()},
            spellings=spellings,
            relative=relative,
            own=own,
            label=label,
            is_sure=is_sure,
        )

    def rows(self, row: ExportRow, received: Mapping[str, str]) -> list[dict[str, str]]:
        """Return the native rows that a line makes: none, one, or one a part of a cell."""
        if not is_meant(self.mapping, received):
            return []
        made = []
        for texts in self._pieces(received):
            implied = dict(self.constants)
            cells: dict[str, str] = {}
            for column, text in texts.items():
                self._read(column, text, cells, implied)
            own = {
                column
                for column in cells
                # a patient's number alone says nothing of a table
                if column not in ("patient_id", "site_id")
                and self.columns[column] in self.own
                and not _is_unchecked(self.columns[column], received)
            }
            if not set(self.mapping.requires) <= set(implied | cells) and not own:
                continue
            if row.problem:
                # its cells may have shifted out of a column that is not read: a name, a number
                keep = cells if self.is_sure else {"patient_id": cells.get("patient_id", "")}
                cells = {**{k: v for k, v in keep.items() if v}, BEYOND: received.get(BEYOND, "")}
            made.append(implied | cells)
        return made

    def _pieces(self, received: Mapping[str, str]) -> Iterable[dict[str, str]]:
        """Give the texts of the columns, once for each part of the cell that is split."""
        texts = {
            column: received[name] if name in received else checked(name, received)
            for column, name in self.columns.items()
        }
        if not self.mapping.split:
            yield texts
            return
        ((column, separators),) = self.mapping.split.items()
        pattern = "|".join(re.escape(one.strip()) for one in separators)
        parts = [part.strip() for part in re.split(pattern, texts[column], flags=re.IGNORECASE)]
        for part in [part for part in parts if part] or [""]:
            yield texts | {column: part}

    def _read(self, column: str, text: str, cells: dict[str, str], implied: dict[str, str]) -> None:
        """Read one cell into the row's cells, or what it implies where nothing stands in it."""
        name = self.columns[column]
        label = self.label(name, code_of(text) if text else text)
        label = text if label == code_of(text) else label
        codes = self.codes.get(column)
        if code_of(text) in self.absent or code_of(label) in self.absent:
            if codes is not None and codes.of_nothing is not None:
                implied[column] = codes.of_nothing
            return
        meaning = codes.meaning(text) or codes.meaning(label) if codes is not None else None
        if meaning is None and self.relative is not None and column in DATE_COLUMNS:
            meaning = _day(label, self.relative, self.spellings[name])
        cells[column] = meaning or _native_text(column, label, self.spellings[name])


def rows_of(reading: Reading, received: Sequence[Received]) -> dict[int, list[Row]]:
    """Return the native rows of a sheet: the first of each line under 1, a second one under 2.

    Rows of a line are apart so that each stands on the line that it came from.
    """
    lines = [(row.line, found) for row, cells in received if (found := reading.rows(row, cells))]
    if reading.mapping.keep is not None:
        kept = _kept(reading, received, dict(lines))
        lines = [one for one in lines if one[0] in kept]
    pieces: dict[int, list[Row]] = {}
    for line, found in lines:
        for number_of, cells in enumerate(found, 1):
            pieces.setdefault(number_of, []).append((line, cells))
    return pieces


def is_meant(mapping: keys.Mapping, received: Mapping[str, str]) -> bool:
    """Say whether a row has the values that a mapping asks for."""
    return all(
        is_chosen(received.get(column_name(name), ""), listed(values))
        for name, values in mapping.when.items()
    )


def checked(field: str, received: Mapping[str, str]) -> str:
    """Return the choices of a REDCap checkbox field that are checked, by code."""
    boxes = [name for name in received if name.startswith(f"{field}___")]
    return "; ".join(
        name.removeprefix(f"{field}___")
        for name in boxes
        if code_of(received[name]) in ("1", "checked")
    )


def _kept(
    reading: Reading, received: Sequence[Received], made: Mapping[int, list[dict[str, str]]]
) -> set[int]:
    """Return the lines that are kept: the first or last of each patient (`keep`).

    A line whose place cannot be told, a day that is none among days, is kept beside it: the rule
    book says what is wrong.
    """
    keep = reading.mapping.keep
    assert keep is not None
    is_last = keep.last is not None
    orders = {
        row.line: _order(cells.get(keep.by, ""), reading)
        for row, cells in received
        if row.line in made
    }
    kinds = Counter(kind for kind, *_ in orders.values() if kind != "nothing")
    usual = kinds.most_common(1)[0][0] if kinds else "nothing"
    kept = {line for line, (kind, *_) in orders.items() if kind not in (usual, "nothing")}
    best: dict[tuple[str, ...], tuple[tuple[bool, float, str], int]] = {}
    for line, (kind, value, text) in orders.items():
        if line in kept:
            continue
        group = tuple(made[line][0].get(column, "") for column in keep.per)
        # nothing is neither the first nor the last
        order = ((kind == "nothing") != is_last, value, text)
        known = best.get(group)
        if known is None or (order >= known[0] if is_last else order < known[0]):
            best[group] = order, line
    return kept | {line for _, line in best.values()}


def _order(text: str, reading: Reading) -> tuple[str, float, str]:
    """Return what a line is ordered by: a day, a number, a text or nothing, and its value."""
    if not text or code_of(text) in reading.absent:
        return ("nothing", 0.0, "")
    assert reading.mapping.keep is not None
    spelling = reading.spellings[reading.mapping.keep.by]
    day = read_day(text, spelling.orders, spelling.pivot).canonical()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}.*", day):
        # two times of one day are told apart by their text
        return ("day", date.fromisoformat(day[:10]).toordinal(), day)
    value = read_number(text, spelling.decimal).value
    return ("text", 0.0, text) if value is None else ("number", value, "")


def _native_text(column: str, text: str, spelling: Spelling) -> str:
    """Write a cell as the native format does, as far as it can be read."""
    if column in DATE_COLUMNS:
        read = read_day(text, spelling.orders, spelling.pivot)
        is_timed = column in TIMED_COLUMNS
        return read.canonical() if is_timed or read.day is None else read.day.isoformat()
    if column in NUMBER_COLUMNS:
        return read_number(text, spelling.decimal).canonical()
    return text


def _day(text: str, unit: str, spelling: Spelling) -> str:
    """Return the day of a number of units since the anchor; what is no number stays as it is."""
    value = read_number(text, spelling.decimal).value
    if value is None:
        return text
    try:
        return (ANCHOR + timedelta(days=round(value * DAYS[unit]))).isoformat()
    except OverflowError:
        return text


def _is_unchecked(name: str, received: Mapping[str, str]) -> bool:
    """Whether a column is a box of REDCap's that is not ticked: it says nothing."""
    return "___" in name and code_of(received[name]) in ("0", "unchecked")
