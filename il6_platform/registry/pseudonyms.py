"""Who a patient is to the platform: a keyed pseudonym, never the registry's own number."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from pathlib import Path

from il6_platform.files import open_alone, sync_folder

_NOBODY = re.compile(
    r"^(?:na|n/a|nan|null|none|nil|unknown|missing|[-.?_/*\s]+|#(?:n/a|ref!|value!|name\?|div/0!|num!"
    r"|null!)|#+|<na>|nat|\(error .*\)|\(formula without a value\)|不详|未知|缺失)$"
    r"|\(struck through\)$|\ufffd"
    # the same as in the line above
    r"|^(?:[\"'„“”\u2032〃^|]+|ditto|dito|do\.|idem|id\.|as above|see above|wie oben"
    r"|siehe oben|s\. ?o\.|同上|см\. выше)$",
    re.IGNORECASE,
)
"""What stands for a patient's number where there is none, or where it cannot be known."""


UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"))
"""Signs that nobody sees, for `str.translate`."""


class Pseudonyms:
    """HMAC-SHA-256 pseudonyms under a key file that stays with the site.

    The key is made on first use, readable by its owner only. Without it a pseudonym cannot be
    traced to a patient, nor a guessed number be confirmed (RFC 2104).

    Raises
    ------
    ValueError
        Where the key file holds no key.
    """

    def __init__(self, key_file: Path) -> None:
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not key_file.exists():
            _make(key_file)
        self._key = bytes.fromhex(key_file.read_text())
        if len(self._key) < 32:
            raise ValueError("the key is too short")

    @property
    def fingerprint(self) -> str:
        """What tells the key from another one without giving it away."""
        return hmac.new(self._key, b"fingerprint", hashlib.sha256).hexdigest()[:16]

    def of(self, patient_id: str, site: str = "") -> str:
        """Return the pseudonym of a registry number: 16 hexadecimal digits.

        A number in full-width digits is the same number. Two sites' equal numbers are two patients;
        a registry that names no site has numbers alone.
        """
        number = _plain(patient_id)
        pseudonym = hmac.new(self._key, number.encode(), hashlib.sha256).hexdigest()[:16]
        if not site:
            return pseudonym
        # as sql/staging/received.sql does, which knows the site but not the number
        return hashlib.sha256(f"{_plain(site)}\x1f{pseudonym}".encode()).hexdigest()[:16]

    def loosely(self, patient_id: str) -> str:
        """Return a spelling-insensitive key of a registry number; it is no pseudonym."""
        return self.of("loosely:" + "-".join(_parts(patient_id)))


def _make(key_file: Path) -> None:
    """Make a key; where another process makes one at the same time, both have that one."""
    fresh = key_file.with_name(f".{key_file.name}.new")
    with open_alone(fresh) as stream:
        if key_file.exists():
            fresh.unlink()
            return
        stream.write(secrets.token_hex(32).encode())
        stream.flush()
        os.fsync(stream.fileno())
        os.replace(fresh, key_file)
    sync_folder(key_file.parent)


def is_number(patient_id: str) -> bool:
    """Say whether a cell may be a patient's number: no word for nothing, no error of a workbook.

    What is none of these is nobody: its line has no patient, and is set aside for that.

    Examples
    --------
    >>> is_number("T01"), is_number("#N/A"), is_number("NaN"), is_number("(struck through)")
    (True, False, False, False)
    """
    return _NOBODY.search(_plain(patient_id)) is None


def is_mangled(patient_id: str) -> bool:
    """Say whether a number is written as a spreadsheet shortens it (1.0E+05): digits are lost."""
    return re.fullmatch(r"\d+([.,]\d+)?[eE]\+?\d+", _plain(patient_id)) is not None


def _plain(number: str) -> str:
    """Return a number with full-width signs as plain ones, and without signs that nobody sees.

    A change here would rename patients.
    """
    seen = unicodedata.normalize("NFKC", number).translate(UNSEEN)
    return seen.replace("\N{NO-BREAK SPACE}", " ").strip()


_LOOK_ALIKE = str.maketrans("авекмнорстухіјѕԁοαερτικνυχβημζ", "abekmhopctyxijsdoaeptikvuxbhmz")
"""Cyrillic and Greek letters, and the Latin ones that look like them in one case or the other."""

_LINE_IN_ONE_CELL = re.compile(
    r"^(.+?)[\s;,|]+(?:.*[\s;,|])?(?:\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4})(?!\d)"
)
"""A line that was not cut into its cells: its number, and a day behind it."""


def _parts(patient_id: str) -> list[str]:
    """Return runs of letters and of digits, the same for `CRLM-0007`, `crlm 7` and `CRLM7`.

    Letters that look like those of another script, or beside a digit like a digit, are these; of
    a whole line that stands in the cell its number is taken.

    >>> _parts("TO2"), _parts("\N{CYRILLIC CAPITAL LETTER TE}02"), _parts("T02;2023-08-02;PD")
    (['t', '2'], ['t', '2'], ['t', '2'])
    """
    whole = _plain(patient_id)
    line = _LINE_IN_ONE_CELL.match(whole)
    whole = re.sub(r"(?<=\d)\.0+$", "", (line[1] if line else whole).casefold())
    whole = whole.translate(_LOOK_ALIKE)
    whole = re.sub(r"(?<=\d)o|o(?=\d)", "0", whole)
    whole = re.sub(r"(?<=\d)[il]|[il](?=\d)", "1", whole)
    return [
        part.lstrip("0") or "0" if part.isdigit() else part
        for part in re.findall(r"\d+|[^\W\d_]+", whole)
    ]
