"""Data sets of statistical packages: SAS (transport 5 and 8, sas7bdat), SPSS, Stata; by pyreadstat.

A value that has a label is read as its label, a day as ISO, a whole number without a point.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats.sheets import MAX_CELLS, Sheet, sheet_of_columns, text_of
from il6_platform.registry.formats.statistical_formats import Shown, shown_as

_SAS7BDAT = b"\0" * 12 + b"\xc2\xea\x81\x60"
_XPORT = b"HEADER RECORD*******LIB"
_MEMBER = re.compile(rb"HEADER RECORD\*{7}MEMB(?:ER|V8) {1,2}HEADER RECORD!{7}")
_RECORD = 80
"""Bytes of a record of the transport format (SAS TS-140)."""

_STATA = re.compile(rb"<stata_dta>|[\x69\x6c\x6e\x6f\x71-\x73][\x01\x02]\x01\0")
_POR = b"SPSSPORT"


def opens(file: str, content: bytes) -> bool:
    """Say whether a file is a data set of SAS, SPSS or Stata."""
    return _kind(content) is not None


def _kind(content: bytes) -> str | None:
    if content.startswith(_XPORT):
        return "xport"
    if content.startswith(_SAS7BDAT):
        return "sas7bdat"
    if content.startswith((b"$FL2", b"$FL3")):
        return "sav"
    if _STATA.match(content):
        return "dta"
    # five lines of greeting stand before the mark, in whatever line endings
    return "por" if _POR in re.sub(rb"[\r\n]", b"", content[:600])[440:480] else None


def sheets(file: str, content: bytes) -> Iterator[Sheet]:
    """Give the data sets of a file; only the transport format holds several.

    Raises
    ------
    ExportError
        Where it is damaged, cut short or in another encoding.
    """
    kind = _kind(content)
    parts = _members(content) if kind == "xport" else [content]
    for part in parts:
        frame, about = _read(str(kind), part)
        types, codes = about.readstat_variable_types, about.original_variable_types
        columns = [
            _texts(frame[name], types.get(name, ""), shown_as(str(kind), codes.get(name) or ""))
            for name in frame
        ]
        name = str(about.table_name or "") if len(parts) > 1 else ""
        yield Sheet(name, sheet_of_columns([str(name) for name in frame], columns))


def _members(content: bytes) -> list[bytes]:
    """Divide a transport file into files of one data set each: the reader sees the first alone."""
    if len(content) % _RECORD:
        raise ExportError("is a SAS transport file that is truncated (cut short); export it again")
    starts = [found.start() for found in _MEMBER.finditer(content) if found.start() % _RECORD == 0]
    if len(starts) < 2:
        return [content]
    head = content[: starts[0]]
    return [head + content[a:b] for a, b in zip(starts, [*starts[1:], len(content)], strict=True)]


def _read(kind: str, content: bytes) -> tuple[pd.DataFrame, Any]:
    import pyreadstat

    reader: Callable[..., Any] = getattr(pyreadstat, f"read_{kind}")
    labelled = {} if kind in ("xport", "sas7bdat") else {
        "apply_value_formats": True,
        "formats_as_category": False,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"data.{kind}")
        path.touch(mode=0o600)
        path.write_bytes(content)
        try:
            # a damaged file may say that it has any number of rows
            _, said = reader(str(path), metadataonly=True)
            if (said.number_rows or 0) * said.number_columns > MAX_CELLS:
                raise MemoryError
            frame, about = reader(str(path), **labelled)
        except UnicodeDecodeError:
            raise _encoded(kind) from None
        except MemoryError:
            raise ExportError(
                "holds more cells than are taken, or is damaged; deliver it in parts"
            ) from None
        except Exception as error:
            if "encoding" in str(error) or "convert string" in str(error):
                raise _encoded(kind) from None
            raise ExportError(
                f"is a {kind} data set that is damaged or cut short; export it again"
            ) from None
    if about.number_rows is not None and 0 <= len(frame) < about.number_rows:
        raise ExportError(
            f"is a {kind} data set that is truncated (cut short): it has {len(frame)} of "
            f"{about.number_rows} rows; export it again"
        )
    return frame, about


def _encoded(kind: str) -> ExportError:
    return ExportError(
        f"is a {kind} data set whose text is not in the encoding that it names; save it in UTF-8"
    )


def _texts(column: pd.Series, kind: str, shown: Shown | None) -> list[str]:
    """Write a column as text: a number as its format shows it, one of four bytes as it was given.

    A value that has a label, and a day that was read as one, is no number any more.
    """
    if shown is not None:
        return [_shown(value, shown) for value in column.tolist()]
    if kind == "float" and column.dtype.kind == "f":
        shorts = column.to_numpy(np.float32)
        return ["" if np.isnan(value) else text_of(float(str(value))) for value in shorts]
    return [text_of(value) for value in column.tolist()]


def _shown(value: object, shown: Shown) -> str:
    is_number = isinstance(value, (int, float)) and value == value
    if not is_number or not float(value).is_integer():  # type: ignore[arg-type]
        return text_of(value)
    try:
        return shown(float(value))  # type: ignore[arg-type]
    except (OverflowError, ValueError):
        return "(no day of its format)"
