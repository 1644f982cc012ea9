"""Define-XML 2.1 of the analysis datasets, and their rows as Dataset-JSON 1.1, by odmlib.

Belongs here: the two documents. Does not belong here: what a variable is (`variables`), SAS
transport and Parquet (`datasets`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from il6_platform.exchange.variables import DATASETS, KEYS, Variable

JSON_TYPES = {"text": "string", "integer": "integer", "float": "double", "date": "date"}
"""Define-XML's type -> Dataset-JSON's."""

DATES = {"targetDataType": "integer", "displayFormat": "E8601DA."}
"""How SAS holds a date that JSON writes in ISO 8601."""

CLASSES = {"adsl": "SUBJECT LEVEL ANALYSIS DATASET"}
STRUCTURES = {
    "adsl": "One record per subject",
    "adrs": "One record per subject, parameter and visit",
    "adtr": "One record per subject, parameter and visit",
    "adtte": "One record per subject and parameter",
}


def dataset_json(
    name: str,
    title: str,
    described: list[Variable],
    frame: pd.DataFrame,
    *,
    study: str,
    made_on: date,
) -> str:
    """Return a dataset as Dataset-JSON 1.1: one object, its rows as arrays in the columns' order.

    Parameters
    ----------
    frame
        Rows of `cohort.<name>`.
    made_on
        Day of the last export, which stands for the time of writing: the same cut, the same bytes.
    """
    import odmlib.dataset_json_1_1.model as untyped

    model: Any = untyped

    when = f"{made_on.isoformat()}T00:00:00"
    columns = [
        model.Column(
            itemOID=item_of(name, one),
            name=one.short,
            label=one.label,
            dataType=JSON_TYPES[one.kind],
            **({"length": one.length} if one.kind == "text" else {}),
            **(DATES if one.kind == "date" else {}),
            **({"keySequence": KEYS[name].index(one.name) + 1} if one.name in KEYS[name] else {}),
        )
        for one in described
    ]
    cells = [_cells(frame[one.name], one.kind) for one in described]
    made = model.DatasetJSON(
        datasetJSONCreationDateTime=when,
        datasetJSONVersion="1.1.0",
        originator="il6_platform",
        studyOID=f"ST.{study}",
        metaDataVersionOID=f"MDV.{study}",
        metaDataRef="define.xml",
        itemGroupOID=f"IG.{name.upper()}",
        records=len(frame),
        name=name.upper(),
        label=title,
        columns=columns,
        rows=[list(row) for row in zip(*cells, strict=True)],
    )
    return json.dumps(made.to_dict(), ensure_ascii=False) + "\n"


def _cells(values: pd.Series, kind: str) -> list[Any]:
    """Return a column's values as JSON has them; a missing one is null."""
    if kind == "date":
        days = pd.to_datetime(values)
        return [None if pd.isna(day) else day.date().isoformat() for day in days]
    if kind == "text":
        return [None if pd.isna(value) else str(value) for value in values]
    numbers = pd.to_numeric(values).astype(float)
    exact = int if kind == "integer" else float
    return [None if np.isnan(number) else exact(number) for number in numbers]


def item_of(name: str, one: Variable) -> str:
    """Return the identifier of a dataset's variable."""
    return f"IT.{name.upper()}.{one.short}"


def define_xml(
    described: Mapping[str, list[Variable]],
    titles: Mapping[str, str],
    *,
    study: str,
    study_title: str,
    made_on: date,
) -> str:
    """Return Define-XML 2.1 of the datasets, valid against CDISC's schema.

    Parameters
    ----------
    described
        Dataset -> its variables.
    titles
        Dataset -> its label.
    """
    import odmlib.define_2_1.model as untyped

    define: Any = untyped
    version = define.MetaDataVersion(
        OID=f"MDV.{study}",
        Name=f"Analysis datasets of {study}",
        Description=f"Analysis datasets of {study_title}",
        DefineVersion="2.1.0",
    )
    version.Standards = define.Standards()
    version.Standards.Standard = [
        define.Standard(OID="STD.1", Name="ADaMIG", Type="IG", Version="1.1", Status="Final")
    ]
    for name in DATASETS:
        version.ItemGroupDef.append(_group(define, name, titles[name], described[name]))
        version.ItemDef.extend(_item(define, name, one) for one in described[name])
    codes = {one.name: one for variables in described.values() for one in variables if one.codes}
    version.CodeList.extend(_codes(define, one) for one in codes.values())
    version.MethodDef.extend(
        define.MethodDef(
            OID=f"MT.{name.upper()}",
            Name=f"Derivation of {name.upper()}",
            Type="Computation",
            Description=_said(define, f"As in sql/cohort/{name}.sql of il6_platform"),
        )
        for name in DATASETS
    )
    variables = define.GlobalVariables()
    variables.StudyName = define.StudyName(_content=study)
    variables.StudyDescription = define.StudyDescription(_content=study_title)
    variables.ProtocolName = define.ProtocolName(_content=study)
    root = define.ODM(
        FileOID=f"DEF.{study}",
        FileType="Snapshot",
        CreationDateTime=f"{made_on.isoformat()}T00:00:00",
        ODMVersion="1.3.2",
        Originator="il6_platform",
        Context="Other",
        Study=define.Study(OID=f"ST.{study}", GlobalVariables=variables, MetaDataVersion=version),
    )
    return str(root.to_xml_string(xml_declaration=True))


def _said(define: Any, text: str) -> Any:
    made = define.Description()
    made.TranslatedText.append(define.TranslatedText(_content=text, lang="en"))
    return made


def _group(define: Any, name: str, title: str, described: list[Variable]) -> Any:
    file = define.leaf(ID=f"LF.{name.upper()}", href=f"{name}.xpt")
    file.title = define.title(_content=f"{name}.xpt")
    made = define.ItemGroupDef(
        OID=f"IG.{name.upper()}",
        Name=name.upper(),
        Repeating="No" if name == "adsl" else "Yes",
        IsReferenceData="No",
        SASDatasetName=name.upper(),
        Purpose="Analysis",
        StandardOID="STD.1",
        Structure=STRUCTURES[name],
        ArchiveLocationID=f"LF.{name.upper()}",
        Description=_said(define, title),
        Class=define.Class(Name=CLASSES.get(name, "BASIC DATA STRUCTURE")),
        leaf=file,
    )
    for number, one in enumerate(described, start=1):
        key = KEYS[name].index(one.name) + 1 if one.name in KEYS[name] else None
        made.ItemRef.append(
            define.ItemRef(
                ItemOID=item_of(name, one),
                OrderNumber=number,
                Mandatory="Yes" if key and one.name != "ADT" else "No",
                MethodOID=f"MT.{name.upper()}",
                **({"KeySequence": key} if key else {}),
            )
        )
    return made


def _item(define: Any, name: str, one: Variable) -> Any:
    made = define.ItemDef(
        OID=item_of(name, one),
        Name=one.short,
        DataType=one.kind,
        SASFieldName=one.short,
        Description=_said(define, one.label),
        **({} if one.kind == "date" else {"Length": one.length}),
        **({"SignificantDigits": 4} if one.kind == "float" else {}),
    )
    if one.codes:
        made.CodeListRef = define.CodeListRef(CodeListOID=f"CL.{one.name}")
    made.Origin.append(define.Origin(Type="Derived", Source="Sponsor"))
    return made


def _codes(define: Any, one: Variable) -> Any:
    made = define.CodeList(
        OID=f"CL.{one.name}",
        Name=one.label,
        DataType="integer" if one.kind == "integer" else "text",
        IsNonStandard="Yes",
    )
    for order, (code, words) in enumerate(one.codes.items(), start=1):
        decode = define.Decode()
        decode.TranslatedText.append(define.TranslatedText(_content=words, lang="en"))
        made.CodeListItem.append(
            define.CodeListItem(CodedValue=code, OrderNumber=order, Decode=decode)
        )
    return made
