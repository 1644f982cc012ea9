"""Archives: zip, 7z, tar, and files compressed by gzip, bzip2 or xz.

Belongs here: unfolding within the limits. Does not belong here: what the members are (`formats`).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import sheets
from il6_platform.registry.formats.workbook import is_workbook

MAX_MEMBERS = 200

ZIP, SEVEN = b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c"
_STREAMS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_TAR = slice(257, 262)

BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, MemoryError),
)
"""What Python's archive modules raise of damaged archives."""


def opens(file: str, content: bytes) -> bool:
    """Say whether a file is an archive, and no workbook (which is a zip file too)."""
    if content.startswith(ZIP):
        return not is_workbook(content)
    return (
        content.startswith((SEVEN, *_STREAMS))
        or content[_TAR] == b"ustar"
        or content.startswith(b"Rar!")
    )


def members(file: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give an archive's files by name; a file that is only compressed has none.

    Raises
    ------
    ExportError
        Where it is damaged, has a password or holds more than it may.
    """
    if content.startswith(b"Rar!"):
        raise ExportError("is a RAR archive, which is not read; deliver a zip file")
    try:
        for magic, opener in _STREAMS.items():
            if content.startswith(magic):
                whole = _unfolded(opener(io.BytesIO(content)))
                if whole[_TAR] == b"ustar":
                    yield from _tar(whole)
                else:
                    yield "", whole
                return
        if content.startswith(ZIP):
            yield from zip_members(content)
        elif content.startswith(SEVEN):
            yield from _seven(content)
        else:
            yield from _tar(content)
    except ExportError:
        raise
    except BROKEN:
        kind = {b"\x1f": "gzip", b"P": "zip", b"7": "7z", b"B": "bzip2", b"\xfd": "xz"}
        name = kind.get(content[:1], "tar")
        raise ExportError(
            f"is a {name} file that is damaged or cut short; export it again"
        ) from None


def zip_members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the files of a zip file, a workbook's too, as long as they keep within the limits."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = [entry for entry in archive.infolist() if not entry.is_dir()]
        _check_count(len(files))
        if any(entry.flag_bits & 1 for entry in files):
            raise _locked("zip file")
        left = sheets.MAX_BYTES
        for entry in files:
            with archive.open(entry) as stream:
                # what the archive says of its sizes is not believed
                member = stream.read(left + 1)
            left -= len(member)
            _check_left(left)
            yield entry.filename, member


def _tar(content: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        left, count = sheets.MAX_BYTES, 0
        for entry in archive:
            # a link or a device is no file
            if not entry.isreg():
                continue
            count += 1
            _check_count(count)
            left -= entry.size
            _check_left(left)
            stream = archive.extractfile(entry)
            yield entry.name, stream.read() if stream else b""


def _seven(content: bytes) -> Iterator[tuple[str, bytes]]:
    import py7zr
    from py7zr.exceptions import ArchiveError
    from py7zr.io import BytesIOFactory

    try:
        with py7zr.SevenZipFile(io.BytesIO(content)) as archive:
            if archive.needs_password():
                raise _locked("7z file")
            files = [entry for entry in archive.list() if not entry.is_directory]
            _check_count(len(files))
            _check_left(sheets.MAX_BYTES - sum(entry.uncompressed for entry in files))
            factory = BytesIOFactory(sheets.MAX_BYTES)
            archive.extractall(factory=factory)
            products = dict(factory.products)
    except py7zr.PasswordRequired:
        raise _locked("7z file") from None
    except (ArchiveError, AttributeError, KeyError, IndexError, TypeError, AssertionError) as error:
        raise ValueError(str(error)) from None
    for name, stream in products.items():
        stream.seek(0)
        yield name, stream.read()


def _locked(kind: str) -> ExportError:
    return ExportError(f"is a {kind} with a password; deliver it without one")


def _unfolded(stream: io.BufferedIOBase) -> bytes:
    with stream:
        whole = stream.read(sheets.MAX_BYTES + 1)
    _check_left(sheets.MAX_BYTES - len(whole))
    return whole


def _check_count(count: int) -> None:
    if count > MAX_MEMBERS:
        raise ExportError(f"holds {count} files; {MAX_MEMBERS} are taken at most")


def _check_left(left: int) -> None:
    if left < 0:
        raise ExportError(
            f"unfolds to more than {sheets.MAX_BYTES // 1_000_000} MB; deliver it in parts"
        )
