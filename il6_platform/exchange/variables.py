"""What CDISC's documents say of each variable: label, type, length, codes, where it is from.

Belongs here: one description that SAS transport, Dataset-JSON, Define-XML and the dictionary share.
Does not belong here: writing them (`datasets`, `define`), the derivation (`sql/cohort/`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from il6_platform.warehouse.database import Column

NAME, LABEL = 8, 40
"""Longest name and label, in bytes, that SAS transport version 5, and so ADaM, takes."""

DATASETS = {
    "adsl": "Subject-Level Analysis Dataset",
    "adrs": "Response Analysis Dataset",
    "adtr": "Tumor Results Analysis Dataset",
    "adtte": "Time-to-Event Analysis Dataset",
}
KEYS = {
    "adsl": ("STUDYID", "USUBJID"),
    "adrs": ("STUDYID", "USUBJID", "PARAMCD", "ADT"),
    "adtr": ("STUDYID", "USUBJID", "PARAMCD", "ADT"),
    "adtte": ("STUDYID", "USUBJID", "PARAMCD"),
}
"""The variables that identify a record, in their order."""

FIRST = ("STUDYID", "USUBJID", "SUBJID", "SITEID", "AGE", "AGEU", "SEX", "RACE")
"""Variables that stand first, as the implementation guide lists them."""

LABELS = {
    "STUDYID": "Study Identifier",
    "USUBJID": "Unique Subject Identifier",
    "SUBJID": "Subject Identifier for the Study",
    "SITEID": "Study Site Identifier",
    "AGE": "Age",
    "AGEU": "Age Units",
    "SEX": "Sex",
    "RACE": "Race",
    "ARM": "Description of Planned Arm",
    "ARMCD": "Planned Arm Code",
    "TRT01P": "Planned Treatment for Period 01",
    "TRTP": "Planned Treatment",
    "TRTSDT": "Date of First Exposure to Treatment",
    "MARKER": "Baseline Marker",
    "MARKDT": "Date of Baseline Marker",
    "MARKLIM": "Baseline Marker beyond a Limit",
    "MARKERGR": "Marker Group by the Cut-off",
    "DTHDT": "Date of Death",
    "DTHCAUS": "Cause of Death",
    "LSTALVDT": "Date Last Known Alive",
    "RELFL": "Relative Days Flag",
    "NEWTRTDT": "Start Date of New Therapy",
    "ITTFL": "Intent-To-Treat Population Flag",
    "ANALFL": "Analysed Population Flag",
    "EXCLREAS": "Reason for Not Being Analysed",
    "SUBJSEQ": "Order of Arrival of the Subject",
    "PARAM": "Parameter",
    "PARAMCD": "Parameter Code",
    "AVAL": "Analysis Value",
    "AVALC": "Analysis Value (C)",
    "ADT": "Analysis Date",
    "STARTDT": "Time-to-Event Origin Date for Subject",
    "CNSR": "Censor",
    "EVNTDESC": "Event or Censoring Description",
    "SRCDOM": "Source Data",
    "SRCVAR": "Source Variable",
    "ADTF": "Analysis Date Imputation Flag",
    "STARTDTF": "Origin Date Imputation Flag",
    "TRTSDTF": "Date of First Exposure Imput. Flag",
    "DTHDTF": "Date of Death Imputation Flag",
    "ABLFL": "Baseline Record Flag",
    "ANL01FL": "Analysis Flag 01",
    "BASE": "Baseline Value",
    "PCHG": "Percent Change from Baseline",
}
"""The implementation guide's labels of its variables; others have the dictionary's words."""

IMPUTED = {"D": "Day imputed", "M": "Month and day imputed"}
CODELISTS = {
    "ARMCD": {"C": "Control", "E": "Experimental"},
    "AGEU": {"YEARS": "Years"},
    **dict.fromkeys(("ADTF", "STARTDTF", "TRTSDTF", "DTHDTF"), IMPUTED),
    "CNSR": {"0": "Event", "1": "Censored", "2": "Competing event"},
    "ITTFL": {"Y": "Yes", "N": "No"},
    "ANALFL": {"Y": "Yes", "N": "No"},
    "ABLFL": {"Y": "Yes"},
    "ANL01FL": {"Y": "Yes"},
    "MARKERGR": {"high": "At or above the cut-off", "low": "Below the cut-off"},
    "SEX": {"F": "Female", "M": "Male"},
    "AVALC": {
        "CR": "Complete response",
        "PR": "Partial response",
        "SD": "Stable disease",
        "PD": "Progressive disease",
        "NE": "Not evaluable",
    },
}
KINDS = {"VARCHAR": "text", "DATE": "date", "BIGINT": "integer", "INTEGER": "integer"}
"""DuckDB's type -> Define-XML's; others are float."""


@dataclass(frozen=True)
class Variable:
    """A variable of an analysis dataset.

    Attributes
    ----------
    name, short
        As `cohort` and as SAS transport have it.
    label
        At most 40 characters, ending with a word.
    comment
        What it is, in full.
    kind
        text, integer, float or date.
    length
        Longest text or number of digits.
    codes
        Code -> what it means.
    """

    name: str
    short: str
    label: str
    comment: str
    kind: str
    length: int
    codes: Mapping[str, str]


def variables(columns: list[Column], frame: pd.DataFrame) -> list[Variable]:
    """Describe the variables of a dataset, those first that its guide lists first."""
    place = {name: number for number, name in enumerate(FIRST)}
    ordered = sorted(columns, key=lambda column: place.get(column.name, len(FIRST)))
    short = short_names([column.name for column in ordered])
    return [_variable(column, short[column.name], frame[column.name]) for column in ordered]


def _variable(column: Column, short: str, values: pd.Series) -> Variable:
    known = values.dropna()
    kind = KINDS.get(column.type, "float")
    comment = column.comment or column.name
    return Variable(
        column.name,
        short,
        LABELS.get(short) or short_label(comment),
        comment,
        kind,
        max(1, int(known.astype(str).str.len().max())) if len(known) else 1,
        CODELISTS.get(column.name, {}),
    )


def short_label(text: str) -> str:
    """Return as many whole words of a text as a label takes, not ending in the middle of a phrase.

    Examples
    --------
    >>> short_label("Largest diameter of the largest liver metastasis before treatment (mm)")
    'Largest diameter of the largest liver'
    >>> short_label("Age (years)")
    'Age (years)'
    """
    if len(text.encode()) <= LABEL:
        return text
    words: list[str] = []
    for word in text.split(" "):
        if len(" ".join([*words, word]).encode()) > LABEL:
            break
        words.append(word)
    open_end = {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to"}
    while len(words) > 1 and (words[-1].lower() in open_end or words[-1].startswith("(")):
        words.pop()
    # a text without spaces has no word to end with
    cut = text.encode()[:LABEL].decode(errors="ignore")
    return " ".join(words).rstrip(" ,;:-") or cut


def short_names(names: list[str]) -> dict[str, str]:
    """Return name -> one of at most 8 capitals and digits, different for each."""
    short: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^A-Z0-9_]", "", name.upper()) or "X"
        wanted, number = plain[:NAME], 1
        while wanted in short.values():
            number += 1
            wanted = plain[: NAME - len(str(number))] + str(number)
        short[name] = wanted
    return short
