"""Exchange: the analysis datasets as Parquet and SAS transport, the results as Parquet and ARS.

The datasets hold a row a patient: they stay in IL6_HOME, readable by their owner only, and come
from the working database of the cut. The results hold no patient. Belongs here: the files. Does
not belong here: the derivation (`sql/cohort/`).

Sources: SAS transport format version 5 (TS-140); CDISC Define-XML 2.1 for what a dictionary says;
CDISC Analysis Results Standard 1.0 for reporting event, methods, groupings, analyses, results.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from il6_platform.errors import UsageError
from il6_platform.report.synthetic_flag import SYNTHETIC, said_synthetic
from il6_platform.warehouse.database import Column, Warehouse

DATASETS = {
    "adsl": "Subject-Level Analysis Dataset",
    "adrs": "Response Analysis Dataset",
    "adtr": "Tumor Results Analysis Dataset",
    "adtte": "Time-to-Event Analysis Dataset",
}
CODELISTS = {
    "ARMCD": {"C": "Control", "E": "Experimental"},
    "CNSR": {"0": "Event", "1": "Censored", "2": "Competing event"},
    "ITTFL": {"Y": "Yes", "N": "No"},
    "ANALFL": {"Y": "Yes", "N": "No"},
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
OF_RESPONSE = (None, "ORR", "DCR", "BOR")
"""Endpoints of results that are not times to an event."""

NAME, LABEL = 8, 40
"""Longest name and label that SAS transport version 5 takes."""

NUMBERS = ("estimate", "ci_low", "ci_high", "std_error", "df", "p_value", "n", "events")


class NotThisCutError(UsageError):
    """The working database holds another cut than the one that is asked for."""


def write_exchange(warehouse: Warehouse, cut: str, folder: Path) -> list[Path]:
    """Write datasets, dictionary and results of a cut; return the files.

    Raises
    ------
    NotThisCutError
        Where the working database, which alone holds patients, is of another cut.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = warehouse.query("select value from report.provenance where name = 'cut'")["value"]
    if held.empty or held.iloc[0] != cut:
        raise NotThisCutError(
            f"the working database is of cut {held.iloc[0] if len(held) else 'none'}, not {cut}; "
            "refresh to that cut first (il6 refresh --as-of DATE)"
        )
    synthetic = said_synthetic(warehouse.read("report.provenance"))
    written, dictionary = [], []
    for name, title in DATASETS.items():
        title = f"SYNTHETIC {title}" if synthetic else title
        columns = warehouse.columns(f"cohort.{name}")
        frame = warehouse.read(f"cohort.{name}")
        short = short_names([column.name for column in columns])
        written += [folder / f"{name}.parquet", folder / f"{name}.xpt"]
        with warehouse.connect() as connection, connection.cursor() as own:
            own.sql(f"from cohort.{name}").write_parquet(str(written[-2]))
        _write_transport(frame, columns, short, name, title, written[-1])
        dictionary += [_defined(name, title, column, frame, short) for column in columns]
    written.append(folder / "define.csv")
    pd.DataFrame(dictionary).to_csv(written[-1], index=False, lineterminator="\n")
    written += write_results(warehouse.site.cuts_path / cut / "report.duckdb", cut, folder)
    for path in written:
        path.chmod(0o600)
    return written


def write_results(database: Path, cut: str, folder: Path) -> list[Path]:
    """Write `report.results` as Parquet and as ARS-style JSON; neither holds a patient."""
    parquet, ars = folder / "results.parquet", folder / "results.ars.json"
    with duckdb.connect(database, read_only=True) as connection:
        connection.sql("from report.results").write_parquet(str(parquet))
        results = connection.execute("from report.results").df()
        provenance = connection.execute("from report.provenance").df()
    title = provenance.loc[
        (provenance["kind"] == "study") & (provenance["name"] == "title"), "value"
    ].iloc[0]
    event = reporting_event(results, cut, title)
    if said_synthetic(provenance):
        event["description"] = f"{SYNTHETIC} {event['description']}"
    ars.write_text(json.dumps(event, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [parquet, ars]


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


def _write_transport(
    frame: pd.DataFrame,
    columns: list[Column],
    short: dict[str, str],
    name: str,
    title: str,
    path: Path,
) -> None:
    import pyreadstat

    out = pd.DataFrame(index=frame.index)
    for column in columns:
        values = frame[column.name]
        if column.type == "DATE":
            dates = pd.to_datetime(values)
            out[short[column.name]] = dates.dt.date.astype(object).where(dates.notna(), None)
        elif column.type == "VARCHAR":
            out[short[column.name]] = values.astype(object).where(values.notna(), "")
        else:
            out[short[column.name]] = pd.to_numeric(values).astype(float)
    pyreadstat.write_xport(
        out,
        str(path),
        file_label=title[:LABEL],
        column_labels=[(column.comment or column.name)[:LABEL] for column in columns],
        table_name=name.upper(),
        file_format_version=5,
    )
    # the header bears the time of writing: a file made again is the same file
    content = path.read_bytes()
    head = re.sub(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d", b"01JAN00:00:00:00", content[:2000])
    path.write_bytes(head + content[2000:])


def _defined(
    name: str, title: str, column: Column, frame: pd.DataFrame, short: dict[str, str]
) -> dict[str, Any]:
    """Return a line of the dictionary: what Define-XML says of a variable."""
    values = frame[column.name].dropna()
    kind = {"VARCHAR": "text", "DATE": "date", "BIGINT": "integer", "INTEGER": "integer"}
    listed = {
        code: words
        for code, words in CODELISTS.get(column.name, {}).items()
        if not len(values) or column.name != "AVALC" or name == "adrs"
    }
    return {
        "dataset": name.upper(),
        "dataset_label": title,
        "variable": column.name,
        "transport_name": short[column.name],
        "label": column.comment or column.name,
        "type": kind.get(column.type, "float"),
        "length": int(values.astype(str).str.len().max()) if len(values) else 1,
        "codelist": "; ".join(f"{code} = {words}" for code, words in listed.items()),
        "origin": f"Derived: sql/cohort/{name}.sql",
    }


def reporting_event(results: pd.DataFrame, cut: str, title: str) -> dict[str, Any]:
    """Return results in the concepts of CDISC's Analysis Results Standard 1.0."""
    frame = results.astype(object).where(results.notna(), None)
    methods: dict[str, dict[str, Any]] = {}
    analyses: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in frame.to_dict("records"):
        words = row["method"] or row["statistic"]
        method = methods.setdefault(
            words, {"id": f"M{len(methods) + 1:03}", "name": words, "operations": []}
        )
        known = {operation["name"] for operation in method["operations"]}
        filled = [name for name in NUMBERS if row[name] is not None]
        for name in filled:
            if f"{row['statistic']}.{name}" not in known:
                method["operations"].append(
                    {
                        "id": f"{method['id']}.{row['statistic']}.{name}",
                        "name": f"{row['statistic']}.{name}",
                    }
                )
        key = tuple(row[c] for c in ("analysis", "endpoint", "population", "contrast", "model"))
        analysis = analyses.setdefault(
            (*key, words),
            {
                "id": f"A{len(analyses) + 1:04}",
                "name": ", ".join(str(part) for part in key if part),
                "reason": {"controlledTerm": "SPECIFIED IN SAP"},
                "purpose": {"controlledTerm": "PRIMARY OUTCOME MEASURE"},
                "analysisSetId": f"S.{row['population']}",
                "dataset": "ADSL" if row["endpoint"] in OF_RESPONSE else "ADTTE",
                "variable": row["endpoint"] or row["analysis"],
                "methodId": method["id"],
                "results": [],
            },
        )
        groups = [
            {"groupingId": f"G.{column}", "groupValue": str(row[column])}
            for column in ("contrast", "grp", "term", "at")
            if row[column] is not None
        ]
        analysis["results"] += [
            {
                "operationId": f"{method['id']}.{row['statistic']}.{name}",
                "resultGroups": groups,
                "rawValue": repr(float(row[name])),
                "note": row["note"],
            }
            for name in filled
        ]
        if not filled:
            analysis["results"].append(
                {
                    "operationId": f"{method['id']}.{row['statistic']}.estimate",
                    "resultGroups": groups,
                    "rawValue": None,
                    "note": row["note"],
                }
            )
            if f"{row['statistic']}.estimate" not in known:
                method["operations"].append(
                    {
                        "id": f"{method['id']}.{row['statistic']}.estimate",
                        "name": f"{row['statistic']}.estimate",
                    }
                )
    sets = sorted({str(row) for row in frame["population"]})
    groupings = ("contrast", "grp", "term", "at")
    return {
        "id": f"RE.{cut}",
        "name": title,
        "version": 1,
        "description": "Concepts of CDISC ARS 1.0; made of report.results",
        "analysisSets": [{"id": f"S.{name}", "name": name} for name in sets],
        "analysisGroupings": [
            {"id": f"G.{name}", "name": name, "groupingVariable": name} for name in groupings
        ],
        "methods": list(methods.values()),
        "analyses": list(analyses.values()),
    }
