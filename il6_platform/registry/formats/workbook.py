"""Workbooks: Excel (xlsx, xlsm, xlsb, xls) and OpenDocument (ods).

Values are read by calamine, which is fast; how a cell is shown (`workbook_marks`) is looked up
beside it, because a reader sees that too: zeros in front, what is hidden or struck through.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence

from il6_platform.registry.exports import Export, ExportError
from il6_platform.registry.formats import sheets as limits
from il6_platform.registry.formats.sheets import Sheet, fill_merged, sheet_of_lines, text_of
from il6_platform.registry.formats.workbook_marks import Marks, marks_of

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

FIRST_LONG = 1e15
"""The first number of 16 digits."""

HIDDEN_SHEET = "the sheet is hidden; show it and export again where it is needed"
HIDDEN_ROW = (
    "the row is hidden, by hand or by a filter; show it and export again where it is needed"
)
STRUCK_ROW = "the row is struck through"
HIDDEN_COLUMN = "column {} is hidden; show it and export again where it is needed"


def opens(file: str, content: bytes) -> bool:
    """Say whether a file is a workbook, or was one before it was damaged."""
    return content.startswith(OLE) or (content.startswith(ZIP) and is_workbook(content))


def is_workbook(content: bytes) -> bool:
    """Say whether a zip file is a workbook.

    Raises
    ------
    ExportError
        Where it is cut short.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            return "[Content_Types].xml" in names or (
                "content.xml" in names and "mimetype" in names
            )
    except Exception:
        raise ExportError("is a zip file that is cut short; export it again") from None


def sheets(file: str, content: bytes) -> Iterator[Sheet]:
    """Give the sheets of a workbook; a hidden one is listed unread.

    Raises
    ------
    ExportError
        Where it has a password, is damaged, or spans more than it may.
    """
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    _check(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        marks = marks_of(content)
        for about in workbook.sheets_metadata:
            if about.typ != SheetTypeEnum.WorkSheet:
                # a chart, a macro
                continue
            sheet = workbook.get_sheet_by_name(about.name)
            rows = sheet.to_python(skip_empty_area=False)
            is_seen = about.visible == SheetVisibleEnum.Visible
            if is_seen:
                _check_digits(rows)
            cells = [[text_of(cell) for cell in row] for row in rows]
            shown = marks.get(about.name, Marks())
            spans = sheet.merged_cell_ranges or ()
            fill_merged(
                cells, [*shown.merged, *((row, column, last) for (row, column), (last, _) in spans)]
            )
            export = _export(cells, shown)
            if export is None:
                continue
            yield Sheet(about.name, export, None if is_seen else HIDDEN_SHEET)
    except CalamineError as error:
        if "password" in str(error).lower():
            raise _locked() from None
        raise ExportError(f"is a workbook that cannot be read ({error}); export it again") from None
    except BaseException as error:
        # the reader gives up on some damaged files in a way that is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise ExportError("is a workbook that is damaged; export it again") from None


def _export(cells: list[list[str]], marks: Marks) -> Export | None:
    """Make a table of a sheet's cells, with what its marks say of them; None of an empty one."""
    unread: list[str] = []
    for (row, column), shown in marks.cells.items():
        if row < len(cells) and column < len(cells[row]):
            unread.append(cells[row][column])
            cells[row][column] = shown
    if not any(cell.strip() for row in cells for cell in row):
        return None
    passed_over: dict[int | None, str] = {}
    for reason, rows in ((STRUCK_ROW, marks.struck_rows), (HIDDEN_ROW, marks.hidden_rows)):
        for row in rows:
            if row < len(cells) and any(cell.strip() for cell in cells[row]):
                passed_over[row + 1] = reason
    gone = [place for place in sorted(marks.hidden_columns) if place < len(cells[0])]
    gone = [place for place in gone if any(row[place].strip() for row in cells)]
    lines = [row + 1 for row in range(len(cells)) if row + 1 not in passed_over]
    if gone:
        passed_over[None] = " ".join(HIDDEN_COLUMN.format(_letters(place)) for place in gone)
    seen = [_without(cells[line - 1], gone) for line in lines]
    unread += [cell for line in passed_over if line for cell in cells[line - 1]]
    unread += [row[place] for row in cells for place in gone]
    if not any(cell.strip() for row in seen for cell in row):
        # nothing of it is seen
        return Export([], passed_over=passed_over, unread=frozenset(unread))
    return sheet_of_lines(lines, seen, passed_over=passed_over, unread=unread)


def _check_digits(rows: Sequence[Sequence[object]]) -> None:
    """Refuse a column of numbers of 16 digits that all end in 0: a spreadsheet keeps 15."""
    long: dict[int, set[float]] = {}
    for row in rows:
        for place, cell in enumerate(row):
            if isinstance(cell, float) and cell >= FIRST_LONG:
                long.setdefault(place, set()).add(cell)
    for place, numbers in long.items():
        if len(numbers) > 2 and all(number % 10 == 0 for number in numbers):
            raise ExportError(
                f"holds numbers of more than 15 digits in column {_letters(place)}, of which the "
                "spreadsheet dropped the last digits; format the column as text, enter them again "
                "and export it again"
            )


def _without(row: Sequence[str], places: Sequence[int]) -> list[str]:
    return [cell for place, cell in enumerate(row) if place not in places] if places else list(row)


def _check_password(content: bytes) -> None:
    if content.startswith(OLE) and "EncryptedPackage".encode("utf-16-le") in content:
        raise _locked()
    if content.startswith(ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(entry.flag_bits & 1 for entry in archive.infolist()):
                raise _locked()
            manifest = "META-INF/manifest.xml"
            if manifest in archive.namelist() and b"encryption-data" in archive.read(manifest):
                raise _locked()


def _locked() -> ExportError:
    return ExportError("is a workbook with a password; save it without one and deliver it again")


def _check(content: bytes) -> None:
    """Refuse a workbook that has a password, unfolds to too much, or has a lone cell far out."""
    from il6_platform.registry.formats.archives import BROKEN, zip_members

    try:
        _check_password(content)
        for name, member in zip_members(content) if content.startswith(ZIP) else ():
            if "worksheets/" in name:
                _check_extent(member)
    except ExportError:
        raise
    except BROKEN:
        raise ExportError("is a workbook that is damaged or cut short; export it again") from None


def _check_extent(member: bytes) -> None:
    """Refuse a sheet with a lone cell far out: all cells before it would be made."""
    rows = max(
        map(int, re.findall(rb"""<(?:row|c)[^>]*\sr=["'][A-Z]*(\d{1,9})["']""", member)), default=0
    )
    columns = set(re.findall(rb"""<c[^>]*\sr=["']([A-Z]{1,3})""", member))
    width = max((_place(letters) for letters in columns), default=0)
    if rows * width > limits.MAX_CELLS:
        raise ExportError(
            f"has a sheet of {rows} rows and {width} columns; remove what stands far out and "
            "export it again"
        )


def _place(letters: bytes) -> int:
    """Return the place of a column that Excel names by letters, counted from 1."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place


def _letters(place: int) -> str:
    """Return the letters by which Excel names a column, counted from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
