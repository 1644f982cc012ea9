"""What is no table: letters, pictures, mail, what an operating system or a program leaves behind.

Such files lie beside exports everywhere; they are passed over with a note and never block.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePosixPath

from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats.sheets import NoTableError
from il6_platform.registry.native import recognise

CLUTTER = re.compile(
    r"~\$.*|\.~lock\..*|thumbs\.db|ehthumbs.*\.db|desktop\.ini|\.ds_store|\._.*"
    r"|.*:zone\.identifier|.*\.(?:md5|sha1|sha256|sha512|sfv|sig)"
)
"""Names of files that systems and programs leave beside others, in small letters."""

MAGIC = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"II*\x00": "a picture",
    b"MM\x00*": "a picture",
    b"{\\rtf": "a letter (RTF)",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"ID3": "a recording",
    b"RIFF": "a recording or picture",
    b"-----BEGIN PGP SIGNATURE": "a signature",
    b"DICM": "a medical image",
    b"SQLite format 3\x00": "a database (SQLite); deliver its tables as CSV",
}

ENDINGS = {
    **dict.fromkeys((".doc", ".docx", ".odt", ".rtf", ".pages"), "a letter"),
    **dict.fromkeys((".ppt", ".pptx", ".odp", ".key"), "a presentation"),
    **dict.fromkeys((".eml", ".msg", ".pst", ".ics", ".vcf"), "mail"),
    **dict.fromkeys(
        (".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".heic"), "a picture"
    ),
    **dict.fromkeys((".svg", ".dcm", ".webp"), "a picture"),
    **dict.fromkeys((".mp3", ".mp4", ".wav", ".mov", ".avi", ".m4a"), "a recording"),
    **dict.fromkeys((".bak", ".old", ".orig", ".swp", ".swo"), "a backup"),
    **dict.fromkeys((".done", ".ok", ".trg", ".flag", ".ctl"), "a program's file"),
    **dict.fromkeys((".log", ".lnk", ".url", ".ini", ".lock"), "a program's file"),
    **dict.fromkeys(
        (".sql", ".r", ".py", ".sas", ".sps", ".do", ".exe", ".dll", ".sh"), "a program"
    ),
    **dict.fromkeys((".bat", ".xsd", ".dtd", ".xsl", ".xslt", ".css", ".js"), "a program's file"),
}
"""Ending of a name -> what such a file is; a table is not called so."""

TABLES = (
    *(".csv", ".tsv", ".tab", ".txt", ".dat", ".asc", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    *(".xpt", ".sas7bdat", ".sav", ".zsav", ".por", ".dta", ".parquet", ".arrow", ".feather"),
    *(".json", ".ndjson", ".jsonl", ".xml", ".html", ".zip", ".7z", ".gz", ".tgz", ".tar", ".xz"),
)
"""Endings of names that a table's file may have: an empty one lacks its table."""

_SURE = frozenset(TABLES) - {".txt", ".dat", ".asc", ".xml", ".html", ".zip"}
"""Endings that only a table's file has."""

_NOTE = re.compile(
    r"(?:read[ _-]?me|liesmich|lies_mich|lisez[ _-]?moi|l[eé]eme|leggimi|change_?log|licen[cs]e"
    r"|notes?|hinweise?|说明|自述)[^.]*(?:\.txt|\.text|)"
)
"""Names of notes to who finds the exports."""

_DOCUMENTS = {"word/": "a letter (Word)", "ppt/": "a presentation", "visio/": "a drawing"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_TABLES = ("Workbook", "Book", "EncryptedPackage")
_MAIL = re.compile(rb"(?:(?:From|To|Subject|Received|MIME-Version|Return-Path|Date): .*\r?\n){2}")


def is_clutter(file: str) -> bool:
    """Say whether a file is one that systems and programs leave beside others, by its name."""
    return CLUTTER.fullmatch(PurePosixPath(file).name.lower()) is not None


def check(file: str, content: bytes) -> None:
    """Refuse a file that is no table.

    Raises
    ------
    NoTableError
        Saying what it is.
    ExportError
        Where it is called a table and is none, or is encrypted.
    """
    if is_clutter(file):
        raise NoTableError("is what a system or program leaves beside others; it is passed over")
    if content.startswith(b"-----BEGIN PGP MESSAGE") or file.lower().endswith((".gpg", ".pgp")):
        raise ExportError("is encrypted (PGP); decrypt it before it is delivered")
    kind = _kind(file, content)
    if kind and PurePosixPath(file).suffix.lower() in _SURE:
        raise ExportError(f"is {kind}, though it is called a table; export it again")
    if kind:
        raise NoTableError(f"is {kind}, no table; it is passed over")


def _kind(file: str, content: bytes) -> str | None:
    for magic, kind in MAGIC.items():
        if content.startswith(magic):
            return kind
    if content.startswith(b"PK\x03\x04"):
        return _of_zip(content)
    if content.startswith(_OLE):
        return _of_ole(content, PurePosixPath(file).suffix.lower())
    if _MAIL.match(content):
        return "mail"
    name = PurePosixPath(file)
    is_named = recognise(file, []) is not None
    if _NOTE.fullmatch(name.name.lower()) and not is_named:
        return "a note"
    if not content.strip() and not is_named and name.suffix.lower() not in TABLES:
        return "an empty file"
    return ENDINGS.get(PurePosixPath(file).suffix.lower())


def _of_zip(content: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            is_text = "mimetype" in names and archive.getinfo("mimetype").file_size < 200
            mime = archive.read("mimetype").decode("ascii", "replace") if is_text else ""
    except Exception:
        # a damaged one is another format's matter
        return None
    if mime.startswith("application/vnd.oasis.opendocument."):
        return None if "spreadsheet" in mime else "a letter or drawing (OpenDocument)"
    if mime.startswith("application/epub"):
        return "a book"
    if "[Content_Types].xml" not in names:
        return None
    return next(
        (kind for start, kind in _DOCUMENTS.items() if any(n.startswith(start) for n in names)),
        None,
    )


def _of_ole(content: bytes, ending: str) -> str | None:
    if any(f"{name}\0".encode("utf-16-le") in content for name in _OLE_TABLES):
        return None
    names = {"WordDocument": "a letter (Word)", "PowerPoint Document": "a presentation"}
    names |= {"__substg1.0_": "mail"}
    for name, kind in names.items():
        if name.encode("utf-16-le") in content:
            return kind
    # one that is called a workbook is a damaged one
    return None if ending in ("", ".xls", ".xlsx", ".xlsm", ".xlsb") else "a file without a table"
