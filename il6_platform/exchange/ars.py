"""Results in CDISC's Analysis Results Standard 1.0, valid against its JSON schema.

Belongs here: which row of `report.results` becomes which analysis, method, operation and result,
and why and for what each analysis was made. Does not belong here: files, datasets (`datasets`).

Source: github.com/cdisc-org/analysis-results-standard (LinkML model and JSON schema).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from il6_platform.analysis.spec import analyses
from il6_platform.figures.labels import labels_of, note_in_words
from il6_platform.study import Study

OF_RESPONSE = (None, "ORR", "DCR", "BOR")
"""Endpoints of results that are not times to an event."""

NUMBERS = ("estimate", "ci_low", "ci_high", "std_error", "df", "p_value", "n", "events")
OF_ANALYSIS = ("analysis", "endpoint", "population", "contrast", "model")
"""Columns of `report.results` that make rows of one method one analysis."""

GIVEN, FOUND = ("contrast", "grp"), ("term", "at")
"""Columns that divide an analysis: by groups that the study knows, by values that its data have."""

POPULATIONS = {
    "all": ("ANALFL", "Y"),
    "control": ("ARMCD", "C"),
    "experimental": ("ARMCD", "E"),
    "marker_high": ("MARKERGR", "high"),
    "marker_low": ("MARKERGR", "low"),
}
"""Population -> the column of ADSL, and its value, that choose it among the analysed."""

NOT_LOCKED = "R.NOTLOCKED"
"""Reason of an analysis that is in the study file, which was not locked before the data came."""


def reporting_event(results: pd.DataFrame, cut: str, study: Study) -> dict[str, Any]:
    """Return the reporting event of a cut.

    Parameters
    ----------
    results
        In the columns of `report.results`.
    cut
        The cut's name.
    study
        Its choices; they say what the primary endpoint is.

    Returns
    -------
    An object of the class ReportingEvent. A result that could not be estimated has the reason as
    its formatted value; what is to be read with care stands in its analysis' description.
    """
    frame = results.astype(object).where(results.notna(), None)
    rows = frame.to_dict("records")
    groups = {column: _groups(column, frame) for column in GIVEN}
    methods = _methods(rows)
    made: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        method = methods[_words(row)]
        key = (*(row[column] for column in OF_ANALYSIS), method["id"])
        analysis = made.setdefault(key, _analysis(row, f"A{len(made) + 1:04}", method, study))
        _add_results(analysis, row, method, groups, study)
    return {
        "id": f"RE.{cut}",
        "version": 1,
        "name": study.title,
        "description": "Made of report.results; CDISC ARS 1.0",
        "mainListOfContents": _contents(made),
        "terminologyExtensions": [
            {
                "id": "TE.REASON",
                "enumeration": "AnalysisReasonEnum",
                "sponsorTerms": [
                    {
                        "id": NOT_LOCKED,
                        "submissionValue": "SPECIFIED IN THE STUDY FILE, NOT LOCKED BEFORE DATA",
                    }
                ],
            }
        ],
        "analysisSets": _sets(frame, study),
        "analysisGroupings": _groupings(groups),
        "methods": list(methods.values()),
        "analyses": list(made.values()),
    }


def _groupings(groups: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return the groupings: of the groups that are known, and of what the data have."""
    return [
        *(
            {
                "id": f"G.{column}",
                "name": column,
                "groupingDataset": "ADSL",
                "dataDriven": False,
                "groups": [
                    {"id": group, "name": name, "level": 1, "order": order}
                    for order, (name, group) in enumerate(groups[column].items(), start=1)
                ],
            }
            for column in GIVEN
        ),
        *({"id": f"G.{column}", "name": column, "dataDriven": True} for column in FOUND),
    ]


def _words(row: Mapping[Hashable, Any]) -> str:
    return str(row["method"] or row["statistic"])


def _filled(row: Mapping[Hashable, Any]) -> list[str]:
    """Return the numbers that a row has; one without any has a place for its estimate."""
    return [name for name in NUMBERS if row[name] is not None] or ["estimate"]


def _groups(column: str, frame: pd.DataFrame) -> dict[str, str]:
    """Return name -> identifier of the groups that a column names."""
    names = dict.fromkeys(str(value) for value in frame[column].dropna())
    return {name: f"G.{column}.{number}" for number, name in enumerate(names, start=1)}


def _methods(rows: list[dict[Hashable, Any]]) -> dict[str, dict[str, Any]]:
    """Return words -> method, each with the operations that its results are of."""
    methods: dict[str, dict[str, Any]] = {}
    for row in rows:
        method = methods.setdefault(
            _words(row), {"id": f"M{len(methods) + 1:03}", "name": _words(row), "operations": []}
        )
        known = {operation["name"] for operation in method["operations"]}
        for name in _filled(row):
            of = f"{row['statistic']}.{name}"
            if of not in known:
                order = len(method["operations"]) + 1
                method["operations"].append(
                    {"id": f"{method['id']}.{of}", "name": of, "order": order}
                )
    return methods


def _analysis(
    row: Mapping[Hashable, Any], number: str, method: Mapping[str, Any], study: Study
) -> dict[str, Any]:
    return {
        "id": number,
        "name": ", ".join(str(row[column]) for column in OF_ANALYSIS if row[column]),
        "reason": _reason(row),
        "purpose": {"controlledTerm": _purpose(row, study)},
        "analysisSetId": f"S.{row['population']}",
        "dataset": "ADSL" if row["endpoint"] in OF_RESPONSE else "ADTTE",
        "variable": row["endpoint"] or row["analysis"],
        "methodId": method["id"],
        "results": [],
    }


def _reason(row: Mapping[Hashable, Any]) -> dict[str, str]:
    """Return why an analysis was made: by a plan that was locked before the data, or by another."""
    if row["prespecified"]:
        return {"controlledTerm": "SPECIFIED IN SAP"}
    return {"sponsorTermId": NOT_LOCKED}


def _purpose(row: Mapping[Hashable, Any], study: Study) -> str:
    """Return what an analysis is for, as it declares (`Spec.purpose`) and the study file orders."""
    declared = analyses().get(str(row["analysis"]))
    purpose = "exploratory" if declared is None else declared.spec.purpose
    if purpose == "main" and row["endpoint"] == study.endpoints[0] and row["population"] == "all":
        return "PRIMARY OUTCOME MEASURE"
    if purpose in ("main", "supporting"):
        return "SECONDARY OUTCOME MEASURE"
    return "EXPLORATORY OUTCOME MEASURE"


def _add_results(
    analysis: dict[str, Any],
    row: Mapping[Hashable, Any],
    method: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, str]],
    study: Study,
) -> None:
    """Add a row's numbers, what they are of, and what is to be said of them."""
    of = [
        {"groupingId": f"G.{column}", "groupId": groups[column][str(row[column])]}
        for column in GIVEN
        if row[column] is not None
    ]
    of += [
        {"groupingId": f"G.{column}", "groupValue": str(row[column])}
        for column in FOUND
        if row[column] is not None
    ]
    note = note_in_words(row["note"], study)
    for name in _filled(row):
        result: dict[str, Any] = {
            "operationId": f"{method['id']}.{row['statistic']}.{name}",
            "resultGroups": of,
        }
        if row[name] is None:
            result["formattedValue"] = f"not estimable: {note}" if note else "not estimable"
        else:
            result["rawValue"] = repr(float(row[name]))
        analysis["results"].append(result)
    if note and note not in analysis.get("description", ""):
        analysis["description"] = f"{analysis.get('description', '')} {note}".strip()
    known = {one["groupingId"] for one in analysis.get("orderedGroupings", [])}
    for one in of:
        if one["groupingId"] not in known:
            analysis.setdefault("orderedGroupings", []).append(
                {
                    "order": len(known) + 1,
                    "groupingId": one["groupingId"],
                    "resultsByGroup": True,
                }
            )
            known.add(one["groupingId"])


def _sets(frame: pd.DataFrame, study: Study) -> list[dict[str, Any]]:
    labels, sets = labels_of(study), []
    for order, name in enumerate(sorted({str(value) for value in frame["population"]}), start=1):
        one: dict[str, Any] = {"id": f"S.{name}", "name": name}
        one["label"] = labels.get(name, name)
        one |= {"level": 1, "order": order}
        if name in POPULATIONS:
            column, value = POPULATIONS[name]
            one["condition"] = {
                "dataset": "ADSL",
                "variable": column,
                "comparator": "EQ",
                "value": [value],
            }
        sets.append(one)
    return sets


def _contents(made: Mapping[tuple[Any, ...], Mapping[str, Any]]) -> dict[str, Any]:
    """List the analyses by the module that made them."""
    by: dict[str, list[Mapping[str, Any]]] = {}
    for key, analysis in made.items():
        by.setdefault(str(key[0]), []).append(analysis)
    items = []
    for order, (name, listed) in enumerate(by.items(), start=1):
        below = [
            {"name": one["name"], "level": 2, "order": place, "analysisId": one["id"]}
            for place, one in enumerate(listed, start=1)
        ]
        items.append({"name": name, "level": 1, "order": order, "sublist": {"listItems": below}})
    return {"name": "Analyses", "contentsList": {"listItems": items}}
