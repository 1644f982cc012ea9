"""JSON and NDJSON: records as rows; what is nested becomes columns by its path (`code.text`).

A list of records is a table; an object of several lists a sheet each; a bundle of FHIR resources a
sheet for each kind of resource, with the columns of `fhir` beside the paths. Numbers stand as they
were written: no digit is lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from il6_platform.registry.exports import MAX_CELL, Export, ExportError
from il6_platform.registry.formats import fhir
from il6_platform.registry.formats.sheets import (
    Sheet,
    sheet_of_lines,
    sheet_of_records,
    text_of,
)
from il6_platform.registry.formats.text import decoded

ENDINGS = (".json", ".ndjson", ".jsonl", ".geojson")
_DEEPEST = 40
_LISTS = ("data", "records", "rows", "results", "items", "value")
"""Names under which an interface gives its records, among what it says of itself."""


def opens(file: str, content: bytes) -> bool:
    """Say whether a file is called JSON, or begins as JSON does."""
    start = content[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return (
        PurePosixPath(file).suffix.lower() in ENDINGS
        or re.match(rb'\{\s*"[^"]*"\s*:|\[\s*\{\s*"', start) is not None
    )


def sheets(file: str, content: bytes) -> Iterator[Sheet]:
    """Give the tables of a file of records.

    Raises
    ------
    ExportError
        Where it breaks off, a line of it is no JSON, or it holds no records.
    """
    tables = _tables(_values(decoded(content)))
    for name, records in tables.items():
        yield Sheet(name if len(tables) > 1 else "", _export(records))


def _values(text: str) -> Any:
    """Return the value of JSON text; of NDJSON the list of its lines' values."""
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if error.msg != "Extra data" or (error.lineno == 1 and len(lines) == 1):
            raise _broken(error.lineno, error.pos >= len(text.rstrip()) - 1) from None
    values = []
    for number, line in lines:
        try:
            values.append(_loads(line))
        except json.JSONDecodeError:
            is_last = number == lines[-1][0] and not text.endswith("\n")
            raise _broken(number, is_last) from None
    return values


def _loads(text: str) -> Any:
    try:
        return json.loads(
            text,
            parse_int=str,
            parse_float=_written,
            parse_constant=lambda _: None,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise ExportError("is JSON that is nested too deeply; export it flat") from None


def _written(number: str) -> str:
    """Return a number as it was written; a whole one without a point."""
    return re.sub(r"\.0*$", "", number)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ExportError("holds a record that has a name twice; keep one of each")
    return found


def _broken(line: int, is_cut: bool) -> ExportError:
    if is_cut:
        return ExportError(f"line {line} breaks off: the JSON is truncated; export it again, whole")
    return ExportError(f"line {line} is no JSON that can be read; export it again")


def _tables(value: Any) -> dict[str, list[Any]]:
    """Return the lists of records that a value holds, by their names."""
    if isinstance(value, dict):
        if value.get("resourceType") == "Bundle":
            return _by_kind(fhir.resources(value))
        if fhir.is_resource(value.get("resource")):
            return _tables(value["resource"])
        if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
            return {"": [value["columns"], *value["data"]]}
        if (by_column := _of_columns(value)) is not None:
            return {"": by_column}
        lists = {name: rows for name, rows in value.items() if _is_table(rows)}
        within = [value[name] for name in _LISTS if isinstance(value.get(name), dict)]
        if not lists and len(within) == 1:
            return _tables(within[0])
        if len(lists) > 1 and not any(name in lists for name in _LISTS):
            return lists
        named = next((lists[name] for name in _LISTS if name in lists), None)
        if named is None and "resourceType" not in value and len(lists) == 1 == len(value):
            named = next(iter(lists.values()))
        return {"": named} if named is not None else {"": [value]}
    if isinstance(value, list) and value:
        if all(isinstance(one, dict) and "resourceType" in one for one in value):
            bundles = [_tables(one) for one in value if one["resourceType"] == "Bundle"]
            found = _by_kind([one for one in value if one["resourceType"] != "Bundle"])
            for tables in bundles:
                for name, rows in tables.items():
                    found.setdefault(name, []).extend(rows)
            return found
        return {"": value}
    raise ExportError("is JSON without a record; export it as a list of records")


def _of_columns(value: dict[str, Any]) -> list[Any] | None:
    """Return the records of an object of columns, or of records by their place, as pandas writes.

    A column is a list, or an object whose members are named by their place (0, 1 ...).
    """
    members = list(value.values())
    are_records = all(isinstance(one, dict) for one in members) and all(map(str.isdecimal, value))
    if are_records and all(members):
        return members
    if len(members) < 2 or not all(members):
        return None
    if all(isinstance(one, list) for one in members):
        is_flat = not any(isinstance(cell, (dict, list)) for one in members for cell in one)
        if not is_flat or len({len(one) for one in members}) > 1:
            return None
        return [dict(zip(value, row, strict=True)) for row in zip(*members, strict=True)]
    if not all(isinstance(one, dict) for one in members):
        return None
    places = list(members[0])
    if not all(map(str.isdecimal, places)) or any(list(m) != places for m in members):
        return None
    return [{name: column[place] for name, column in value.items()} for place in places]


def _by_kind(resources: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in fhir.with_medications(resources):
        kind = one.get("resourceType", "") if isinstance(one, dict) else ""
        found.setdefault(str(kind), []).append(one)
    return found


def _is_table(rows: Any) -> bool:
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], (dict, list))


def _export(records: list[Any]) -> Export:
    if all(isinstance(one, list) for one in records):
        cells = [[_cell(value) for value in row] for row in records]
        return sheet_of_lines(range(1, len(cells) + 1), cells, is_whole=True)
    if not all(isinstance(one, dict) for one in records):
        raise ExportError("is JSON whose list holds no records; export it as a list of records")
    return sheet_of_records(
        [
            dict(_flat(one, "", 0)) | (fhir.columns(one) if fhir.is_resource(one) else {})
            for one in records
        ]
    )


def _flat(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Give the leaves of a record by their paths; a list's members by their number."""
    if depth > _DEEPEST:
        raise ExportError("is JSON that is nested too deeply; export it flat")
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    else:
        yield path, _cell(value)
    for name, member in members:
        yield from _flat(member, f"{path}.{name}" if path else str(name), depth + 1)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return text_of(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > MAX_CELL:
        raise ExportError(f"holds a cell of more than {MAX_CELL} characters; export it again")
    return text
