"""Reading one received text: day, number, line of treatment, listed word, drug, analyte, unit.

Distinct texts are few: each is read once, here, and SQL joins the outcome on the received text
(`read_all`). Belongs here: what a text means by itself and by what its source states of its
spelling. Does not belong here: opening files (`formats`), which record is decisive (validation),
or what a code of a certain hospital means (`profiles`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pyarrow as pa

from il6_platform.registry.cells.analytes import Analyte, read_analyte
from il6_platform.registry.cells.days import Day, possible_orders, read_day
from il6_platform.registry.cells.drug_dictionary import ANY
from il6_platform.registry.cells.drugs import Drug, read_drug
from il6_platform.registry.cells.numbers import (
    DECIMALS,
    Decimal,
    Integer,
    Number,
    read_integer,
    read_line,
    read_number,
)
from il6_platform.registry.cells.text import folded, is_missing, key, plain
from il6_platform.registry.cells.units import Unit, read_unit
from il6_platform.registry.cells.words import Word, read_word

__all__ = [
    "ANY",
    "DECIMALS",
    "KINDS",
    "NATIVE",
    "SCHEMAS",
    "Analyte",
    "Day",
    "Drug",
    "Integer",
    "Kind",
    "Number",
    "Spelling",
    "Unit",
    "Word",
    "folded",
    "is_missing",
    "key",
    "plain",
    "possible_orders",
    "read",
    "read_all",
    "read_analyte",
    "read_day",
    "read_drug",
    "read_integer",
    "read_line",
    "read_number",
    "read_unit",
    "read_word",
]

Kind = Literal[
    "day", "number", "integer", "line", "drug", "analyte", "unit",
    "sex", "response", "vital_status", "yes_no", "primary_site", "metastasis_timing",
    "extrahepatic", "ras_status", "braf_status", "cause_of_death",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
Reading = Day | Number | Integer | Word | Drug | Analyte | Unit


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a source writes: what it states of orders of day and month, century and decimal sign.

    See `read_day` and `read_number` for what is not read without.
    """

    orders: tuple[str, ...] = ()
    pivot: int | None = None
    decimal: Decimal | None = None


NATIVE = Spelling()
"""What a native table states: nothing; it writes ISO days and a decimal point."""

_LIST = pa.list_(pa.string())
_WORD = {"value": pa.string(), "problem": pa.string()}
_FIELDS: dict[type, dict[str, pa.DataType]] = {
    Day: {
        "day": pa.date32(),
        "first_day": pa.date32(),
        "last_day": pa.date32(),
        "precision": pa.string(),
        "clock": pa.int32(),
        "utc_offset": pa.int32(),
        "problem": pa.string(),
    },
    Number: {
        "value": pa.float64(),
        "comparator": pa.string(),
        "unit": pa.string(),
        "flag": pa.string(),
        "problem": pa.string(),
    },
    Integer: {"value": pa.int32(), "problem": pa.string()},
    Word: _WORD,
    Drug: {
        "substances": _LIST,
        "certainty": pa.string(),
        "may_be": _LIST,
        "unknown_words": _LIST,
    },
    Analyte: {
        "analyte": pa.string(),
        "certainty": pa.string(),
        "may_be": _LIST,
        "unit": pa.string(),
        "specimen": pa.string(),
    },
    Unit: {
        "unit": pa.string(),
        "dimension": pa.string(),
        "factor": pa.float64(),
        "problem": pa.string(),
    },
}
_TYPES: dict[str, type] = {
    "day": Day,
    "number": Number,
    "integer": Integer,
    "line": Integer,
    "drug": Drug,
    "analyte": Analyte,
    "unit": Unit,
}
SCHEMAS: dict[str, pa.Schema] = {
    kind: pa.schema({"received": pa.string(), **_FIELDS[_TYPES.get(kind, Word)]}) for kind in KINDS
}
"""The columns of `read_all` by kind; an empty `problem` or `comparator` is an empty text."""


def read(kind: Kind, text: str, spelling: Spelling = NATIVE) -> Reading:
    """Read one text of a kind; never raises on a text.

    >>> read("response", "partielle Remission").value
    'PR'
    """
    if kind == "day":
        return read_day(text, spelling.orders, spelling.pivot)
    if kind == "number":
        return read_number(text, spelling.decimal)
    others: dict[str, Callable[[str], Reading]] = {
        "integer": read_integer,
        "line": read_line,
        "drug": read_drug,
        "analyte": read_analyte,
        "unit": read_unit,
    }
    return others[kind](text) if kind in others else read_word(kind, text)


def read_all(kind: Kind, texts: Iterable[str], spelling: Spelling = NATIVE) -> pa.Table:
    """Read every distinct text of a kind once.

    Parameters
    ----------
    kind
        One of `KINDS`.
    texts
        Texts as received; repeated ones are read once.
    spelling
        What their source states.

    Returns
    -------
    A table with a row a distinct text, in the order of the texts, and the columns of
    `SCHEMAS[kind]`: `received` and the fields of the kind's dataclass.

    Examples
    --------
    >>> read_all("day", ["2023-02", "2023-02"]).column("last_day").to_pylist()
    [datetime.date(2023, 2, 28)]
    """
    schema = SCHEMAS[kind]
    readings = [read(kind, text, spelling) for text in sorted(set(texts))]
    columns: dict[str, list[Any]] = {
        field.name: [getattr(one, field.name) for one in readings]
        for field in dataclasses.fields(_TYPES.get(kind, Word))
        if field.name in schema.names
    }
    return pa.table(columns, schema=schema)
