"""Cells as hospitals write them -> cells as the native format writes them.

What cannot be read is left as it came, so that the rule book sets it aside with the value that was
received. Belongs here: dates, numbers, full-width signs. Does not belong here: what a code of a
certain hospital means (`profiles`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta

DATE_COLUMNS = frozenset(
    {"birth_date", "diagnosis_date", "consent_withdrawn_on", "start_date", "end_date"}
    | {"collected_on", "assessed_on", "last_contact_on", "died_on"}
)
NUMBER_COLUMNS = frozenset(
    {"age_years", "liver_metastases_n", "largest_metastasis_mm", "value", "sum_of_diameters_mm"}
    | {"ecog", "line"}
)
ORDERS = {
    "ymd": ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"),
    "dmy": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    "mdy": ("%m/%d/%Y", "%m-%d-%Y"),
    "named": ("%d-%b-%Y", "%d %b %Y", "%d%b%Y", "%b %d, %Y"),
}
"""Ways of writing a date; `ymd` and `named` cannot be mistaken and are always read."""

_EXCEL_EPOCH = date(1899, 12, 30)
_SERIAL = re.compile(r"[1-6]\d{4}(\.\d*)?")
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")


def plain(text: str) -> str:
    """Return text with full-width digits, letters and signs as plain ones, and trimmed."""
    return unicodedata.normalize("NFKC", text).replace("\N{NO-BREAK SPACE}", " ").strip()


def iso_date(text: str, orders: Sequence[str] = ()) -> str:
    """Write a date as YYYY-MM-DD: any of the orders, a time behind it left out, an Excel serial.

    Text that is no such date comes back as it is.
    """
    bare = _TIME.sub("", text)
    for order in ("ymd", "named", *orders):
        for pattern in ORDERS[order]:
            try:
                return datetime.strptime(bare, pattern).date().isoformat()
            except ValueError:
                continue
    if _SERIAL.fullmatch(bare):
        return (_EXCEL_EPOCH + timedelta(days=int(float(bare)))).isoformat()
    return text


def number(text: str, decimal: str = ".") -> str:
    """Write a number with a decimal point, without thousands separators; `<` and `>` stay.

    Parameters
    ----------
    decimal
        The sign before the decimals: point or comma. The other one parts thousands.
    """
    sign, rest = "", text.replace("≤", "<").replace("≥", ">").strip()
    if rest[:1] in ("<", ">"):
        sign, rest = rest[0], rest[1:].lstrip("= ").strip()
    thousands = "," if decimal == "." else "."
    digits = rf"[-+]?\d{{1,3}}([{thousands} ']\d{{3}})+([{decimal}]\d+)?"
    if re.fullmatch(digits, rest):
        rest = re.sub(rf"[{thousands} ']", "", rest)
    if decimal == "," and re.fullmatch(r"[-+]?\d+,\d+([eE][-+]?\d+)?", rest):
        rest = rest.replace(",", ".")
    is_number = re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", rest)
    return sign + rest if is_number else text


def cell(column: str, text: str, *, orders: Sequence[str], decimal: str) -> str:
    """Write a cell of a native column as the native format does, as far as it can be read."""
    if column in DATE_COLUMNS:
        return iso_date(text, orders)
    return number(text, decimal) if column in NUMBER_COLUMNS else text
