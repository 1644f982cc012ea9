"""Lines of a table that are no rows of it: totals, repeated headers, a footer.

Belongs here: what such lines look like in any table. Does not belong here: lines that are read
and judged; a line that is passed over is counted and listed (`raw.passed_over`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from il6_platform.registry.exports import Export

TOTAL = "it is a total or mean of the table, no patient"
REPEATED = "it repeats the header"
MARK = "it is a page number, a comment or a ruled line between the rows"
FOOTER = "it is a note below the table"
BELOW = "it is of another table below"
KINDS = "it says of what kind or unit the columns are"

_WORDS = (
    "total|totals|grand total|sub ?total|sum|sums|count|mean|average|avg|median|overall|all|"
    "all patients|number of (?:patients|rows|records)|minimum|maximum|std ?dev|standard deviation|"
    "gesamt|gesamtsumme|summe|zwischensumme|insgesamt|mittelwert|durchschnitt|anzahl|"
    "somme|total g[ée]n[ée]ral|sous-total|moyenne|m[ée]diane|effectif|"
    "suma|totale|somma|media|promedio|total general|m[ée]dia|"
    "totaal|som|gemiddelde|samlet|sum total|i alt|yhteens[äa]|razem|ogółem|[śs]rednia|"
    "итого|всего|сумма|среднее|合计|合計|总计|總計|小计|小計|总数|總數|平均|平均值|平均値|均值|"
    "합계|총계|평균"
)
_TOTAL = (
    rf"(?i)^(?:(?:{_WORDS})(?:\s*[:\x{{ff1a}}=]?|\s*[(\x{{ff08}}:\x{{ff1a}}=].*)"
    r"|(?:grand |sub[- ]?)?totals? .+|(?:合计|小计|总计|合計|小計|總計).+"
    r"|n\s*[=:\x{ff1a}]\s*\d[\d.,\s]*)$"
)
"""In the syntax of RE2, in which Arrow looks through a column."""

_COUNT_OF_ROWS = re.compile(
    r"\(?\d+ (?:rows?|records?|lines?|zeilen|lignes|filas|righe)\b.*"
    r"|\(?(?:共|总共)?\s*\d+\s*[行条].*",
    re.IGNORECASE,
)


_MARK = (
    r"(?i)^(?:[-=_+| ]{2,}|#\s.*|#.* .*"
    r"|(?:page|seite|p[áa]gina|pagina|side|стр\.?|страница)\s*\d+(?:\s*"
    r"(?:of|von|sur|de|di|van|af|/|из)\s*\d+)?|第\s*\d+\s*[页頁](?:.*\d+\s*[页頁])?)$"
)


MOST_BLANKS = 50
"""Blank lines up to which a table below is looked for; a file that has more is written so."""

_KIND = re.compile(
    r"[(\[].*[)\]]|(?:text|string|str|var ?char|char|character|number|numeric|num|integer|int|float"
    r"|double|decimal|real|date|datetime|time|timestamp|boolean|bool|category|code|y{2,4}[-/.]m\S*"
    r"|dd?[-/.]m\S*|mm?[-/.]d\S*)(?:\(\d+\))?|[-\u2013\u2014]",
    re.IGNORECASE,
)


def rows_beside(export: Export, is_key: Callable[[str], bool]) -> dict[int, str]:
    """Return the rows that are totals, repeat the header or stand below the table, and why.

    Parameters
    ----------
    is_key
        Whether a column of this name holds the patient's number. A total stands in such a column,
        or before it where it is empty.
    """
    keys = [place for place, name in enumerate(export.header) if is_key(name.lower())]
    return {
        **_totals(export, keys),
        **_repeated(export),
        **_marks(export),
        **_footers(export),
        **_table_below(export),
        **_kinds(export),
    }


def _table_below(export: Export) -> dict[int, str]:
    """Find a smaller table below a blank line: a title or header, then lines unlike those above.

    Every line above has more cells filled, and none has a first cell of the same make (T01, T02).
    """
    lines = export.lines
    if len(export.header) < 3 or not lines or lines[-1] - lines[0] == len(lines) - 1:
        return {}
    starts = [
        row for row in range(1, len(export.lines)) if export.lines[row] - export.lines[row - 1] > 1
    ]
    if len(starts) > MOST_BLANKS:
        return {}
    cells = list(zip(*(column.to_pylist() for column in export.columns), strict=True))
    filled = [sum(cell is not None for cell in line) for line in cells]
    make = [_make(line[0] or "") for line in cells]
    for row in starts:
        is_unlike = max(filled[row:]) < min(filled[:row]) and not {*make[:row]} & {*make[row:]}
        if is_unlike and not re.search(r"\d", " ".join(filter(None, cells[row]))):
            return dict.fromkeys(range(row, len(cells)), BELOW)
    return {}


def _kinds(export: Export) -> dict[int, str]:
    """Find the line below the header that says what the columns are: (text), (date), NUMBER."""
    if len(export.header) < 2 or not len(export.lines):
        return {}
    cells = [text for column in export.columns if (text := column[0].as_py())]
    return {0: KINDS} if len(cells) > 1 and all(map(_KIND.fullmatch, cells)) else {}


def _totals(export: Export, keys: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for place in keys:
        found |= dict.fromkeys(_rows_where(_is_total(export.columns[place])), TOTAL)
    if keys and len(export.lines):
        has_key = export.columns[keys[0]].is_valid()
        for place in keys[1:]:
            has_key = pc.or_(has_key, export.columns[place].is_valid())
        # without a patient the first that is filled says what the line is
        bare = pc.if_else(has_key, pa.scalar(None, pa.string()), pc.coalesce(*export.columns))
        found |= dict.fromkeys(_rows_where(_is_total(bare)), TOTAL)
    return found


def _is_total(column: pa.Array) -> pa.Array:
    return pc.match_substring_regex(column, _TOTAL)


def _rows_where(hit: pa.Array) -> list[int]:
    return pc.indices_nonzero(pc.fill_null(hit, False)).to_pylist()


def _repeated(export: Export) -> dict[int, str]:
    """Find rows of which every filled cell is the name of its column."""
    if len(export.header) < 2:
        return {}
    found = {}
    for row in _rows_where(pc.equal(pc.utf8_lower(export.columns[0]), export.header[0].lower())):
        cells = [column[row].as_py() for column in export.columns]
        names = [
            cell.lower() == name.lower()
            for cell, name in zip(cells, export.header, strict=True)
            if cell
        ]
        if all(names) and len(names) > 1:
            found[row] = REPEATED
    return found


def _marks(export: Export) -> dict[int, str]:
    """Find lines that a print-out has between its rows: a lone page number, a ruled line."""
    if len(export.header) < 2:
        return {}
    candidates = _rows_where(pc.match_substring_regex(pc.coalesce(*export.columns), _MARK))
    found = {}
    for row in candidates:
        cells = [text for column in export.columns if (text := column[row].as_py())]
        is_ruled = all(set(text) <= set("-=_+| ") for text in cells)
        if row not in export.surplus and (len(cells) == 1 or is_ruled):
            found[row] = MARK
    return found


_LINE_IN_ONE_CELL = re.compile(
    r"(\d+(?=[;,|\t])|[^\s;,|]*[^\W\d_][^\s;,|]*)[\s;,|]+(?:.*[\s;,|])?\d{1,4}[-/.]\d\d?[-/.]\d{1,4}(?!\d)"
)
"""A number, and a day behind it."""


def _make(text: str) -> str:
    """Return what a text is made of: T01 and T02 are alike."""
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))


def _footers(export: Export) -> dict[int, str]:
    """Find notes at the end: a lone cell of several words, unlike what its column holds."""
    found: dict[int, str] = {}
    width = len(export.header)
    if width < 3:
        return found
    makes: set[str] | None = None
    for row in range(len(export.lines) - 1, 0, -1):
        cells = [column[row].as_py() for column in export.columns]
        first = str(cells[0] or "")
        if not first or any(cells[1:]) or row in export.surplus:
            break
        is_note = bool(_COUNT_OF_ROWS.fullmatch(first)) or first.startswith("#")
        if not is_note and len(first.split()) < 2:
            break
        line = None if is_note else _LINE_IN_ONE_CELL.match(first)
        if line is not None:
            makes = makes or {_make(text) for text in export.columns[0].to_pylist() if text}
            if _make(line[1]) in makes:
                # a patient's line that was not cut into its cells
                break
        found[row] = FOOTER
    rest = export.columns[0][: min(found, default=0)]
    if found and any(" " in (text or "") for text in rest.unique().to_pylist()):
        return {}
    return found
