"""A workbook as Excel 97 to 2003 wrote it (.xls), small, so that reading one needs no sample file.

Sources: Microsoft, [MS-XLS] (BIFF8 records) and [MS-CFB] (the file system around them).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SECTOR = 512


def xls(sheets: Mapping[str, Sequence[Sequence[str | float]]]) -> bytes:
    """Write sheets of text and numbers; 60 kB at most (one sector of the allocation table)."""
    bodies = [_sheet(rows) for rows in sheets.values()]
    start = _begin(5) + _record(0x42, struct.pack("<H", 1200))
    place = len(start) + sum(len(_bound(0, name)) for name in sheets) + 4
    for name, body in zip(sheets, bodies, strict=True):
        start += _bound(place, name)
        place += len(body)
    return _container(start + _record(0x0A, b"") + b"".join(bodies))


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _begin(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0x41, 6))


def _bound(place: int, name: str) -> bytes:
    about = struct.pack("<IBBBB", place, 0, 0, len(name), 1)
    return _record(0x85, about + name.encode("utf-16-le"))


def _sheet(rows: Sequence[Sequence[str | float]]) -> bytes:
    body = _begin(0x10)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, float):
                body += _record(0x0203, struct.pack("<HHHd", row, column, 0, cell))
            elif cell:
                about = struct.pack("<HHHHB", row, column, 0, len(cell), 1)
                body += _record(0x0204, about + cell.encode("utf-16-le"))
    return body + _record(0x0A, b"")


def _container(stream: bytes) -> bytes:
    """Wrap the stream `Workbook` in a compound file: header, allocation table, directory."""
    stream = stream.ljust(max(8 * SECTOR, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    sectors = len(stream) // SECTOR
    table = [FAT, END, *range(3, sectors + 2), END]
    if len(table) > 128:
        raise ValueError("more than one sector of the allocation table")
    table += [FREE] * (128 - len(table))
    directory = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, FREE, 2, len(stream))
    directory += _entry("", 0, FREE, 0, 0) * 2
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<9I", 0, 1, 1, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", 0, *[FREE] * 108)
    return header + struct.pack("<128I", *table) + directory + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0" if name else b""
    about = struct.pack("<HBBIII", len(written), kind, 1, FREE, FREE, child)
    return written.ljust(64, b"\0") + about + bytes(36) + struct.pack("<IQ", start, size)
