"""What lies beside exports and is no table: passed over with a note, not kept, never a block."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from il6_platform.registry.deliveries import open_deliveries
from il6_platform_tests.registry.biff import xls
from il6_platform_tests.registry.writing import zipped
from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["made"]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def office(folder: str) -> bytes:
    return zipped({"[Content_Types].xml": b"<x/>", f"{folder}/document.xml": b"<x/>"})


def odt() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", b"application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", b"<x/>")
    return out.getvalue()


BESIDE = {
    "~$labs.xlsx": b"\x05clerk" + b"\0" * 159,
    "~$patients.docx": b"\x05clerk" + b"\0" * 159,
    ".~lock.labs.ods#": b",clerk,host,01.01.2024;",
    "Thumbs.db": OLE,
    "desktop.ini": b"[.ShellClassInfo]\r\n",
    "letter.docx": office("word"),
    "labs.docx": office("word"),
    "slides.pptx": office("ppt"),
    "letter.odt": odt(),
    "letter.doc": OLE + "WordDocument".encode("utf-16-le"),
    "labs results.doc": OLE + "WordDocument".encode("utf-16-le"),
    "mail.msg": OLE + "__substg1.0_001A001E".encode("utf-16-le"),
    "mail.eml": b"From: a@b.c\r\nSubject: labs\r\n\r\nplease find attached\r\n",
    "saved mail": b"Received: from x\nReturn-Path: <a@b>\nFrom: a\n\nhello\n",
    "protocol.pdf": b"%PDF-1.7\n%\xe2\xe3",
    "labs.pdf": b"%PDF-1.7\n%\xe2\xe3",
    "scan.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "scan.png": b"\x89PNG\r\n\x1a\n",
    "empty.jpg": b"",
    "letter.rtf": b"{\\rtf1\\ansi letter}",
    "papers.zip": zipped({"a.pdf": b"%PDF", "b.docx": office("word"), "Thumbs.db": OLE}),
    "readme.txt": b'These are the exports.\nAsk Dr. "No" for more; she knows, mostly.\n',
    "readme empty.txt": b"",
    "_SUCCESS": b"",
    "labs.csv:Zone.Identifier": b"[ZoneTransfer]\r\nZoneId=3\r\n",
    "labs.csv.sha256": b"e3b0c442  labs.csv\n",
    "labs.csv.bak": b"patient_id,analyte,value,unit,collected_on\nP1,il6,1,pg/mL,2020-01-01\n",
    "labs.asc": b"-----BEGIN PGP SIGNATURE-----\n\nabc\n",
    "model.xml": b"<?xml version='1.0'?><model/>",
    "export.done": b"",
    "export.log": b"2024-01-01 00:00 started, 8 rows\n",
    "make.sql": b"select * from labs;\n",
    "page.html": b"<html><body>nothing</body></html>",
}


@pytest.mark.parametrize("file", BESIDE)
def test_what_is_no_table_is_passed_over(file: str) -> None:
    (one,) = open_deliveries(f"2024-01-31/{file}", BESIDE[file], []).deliveries
    assert one.status == "passed over" and one.problem


def test_a_damaged_workbook_is_no_letter() -> None:
    damaged = xls({"labs": [["patient_id"]]})[:700]
    for file in ("labs.xls", "export.xls"):
        (one,) = open_deliveries(file, damaged, []).deliveries
        assert one.status == "rejected" and "workbook" in str(one.problem)
    for file in ("labs.csv", "export.csv", "labs.txt", "labs", "notes_labs.txt", "notes.csv"):
        (one,) = open_deliveries(file, b"", []).deliveries
        assert one.status == "rejected" and "empty" in str(one.problem)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("labs.csv", b"%PDF-1.7\n", "is a PDF document, though it is called a table"),
        ("export.xlsx", office("word"), "a letter .Word., though it is called a table"),
        ("labs.csv.gpg", b"\x85\x01", "encrypted"),
        ("labs.txt", b"-----BEGIN PGP MESSAGE-----\n", "encrypted"),
        ("labs.zip", zipped({"a.pdf": b"%PDF"}), "archive without a table, named after one"),
        ("labs.xml", b"<?xml version='1.0'?><labs/>", "without a table, called a table"),
        ("labs.html", b"<html><body>Session expired</body></html>", "without a table"),
        ("export.csv", b"<!DOCTYPE html><html>Login</html>", "without a table, called a table"),
    ],
)
def test_what_should_be_a_table_and_is_none_blocks(file: str, content: bytes, says: str) -> None:
    (one,) = open_deliveries(file, content, []).deliveries
    assert one.status == "rejected" and re.search(says, str(one.problem))


def test_they_never_block_and_are_not_kept(made: Registry) -> None:
    made.deliver("2024-01-31", patients=["A,F,1950-01-01,", "B,M,1960-01-01,"])
    folder = made.folder / "landing" / "2024-01-31"
    for file, content in BESIDE.items():
        (folder / file).write_bytes(content)
    assert made.stage()
    found = made.ask("select file, status from raw.deliveries where status = 'passed over'")
    assert len(found) > 15
    kept = {path.name for path in (made.folder / "home" / "deliveries").iterdir()}
    passed = made.ask("select delivery from raw.deliveries where status = 'passed over'")
    assert not kept & set(passed["delivery"])
    assert made.ask("select sum(unaccounted) as n from staging.balance")["n"].iloc[0] == 0
    # and looked at again in vain
    assert made.stage()
