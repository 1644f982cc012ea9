"""Exchange: the analysis datasets as CDISC asks for them, the results as Parquet and ARS.

The datasets hold a row a patient: they stay in IL6_HOME, readable by their owner only, and come
from the working database of the cut. The results hold no patient. Belongs here: the files. Does
not belong here: the derivation (`sql/cohort/`), what a variable is (`variables`), the documents'
content (`define`, `ars`).

Sources: SAS transport format version 5 (TS-140); CDISC ADaM Implementation Guide, Define-XML 2.1,
Dataset-JSON 1.1, Analysis Results Standard 1.0.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from il6_platform.errors import UsageError
from il6_platform.exchange.ars import reporting_event
from il6_platform.exchange.define import dataset_json, define_xml
from il6_platform.exchange.variables import DATASETS, LABEL, Variable, short_names, variables
from il6_platform.report.reader import read_cut
from il6_platform.report.synthetic_flag import SYNTHETIC, said_synthetic
from il6_platform.warehouse.database import Warehouse

__all__ = ["DATASETS", "NotThisCutError", "short_names", "write_exchange", "write_results"]


class NotThisCutError(UsageError):
    """The working database holds another cut than the one that is asked for."""


def write_exchange(warehouse: Warehouse, cut: str, folder: Path) -> list[Path]:
    """Write datasets, their definitions and the results of a cut; return the files.

    Raises
    ------
    NotThisCutError
        Where the working database, which alone holds patients, is of another cut.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    provenance = warehouse.read("report.provenance")
    about = dict(zip(provenance["name"], provenance["value"], strict=True))
    held = about.get("cut", "none")
    if held != cut:
        raise NotThisCutError(
            f"the working database is of cut {held}, as a look back leaves it, not {cut}; "
            "bring that back with il6 refresh"
        )
    marked = "SYNTHETIC " if said_synthetic(provenance) else ""
    titles = {name: f"{marked}{title}" for name, title in DATASETS.items()}
    study, made_on = warehouse.study, date.fromisoformat(about["last_export"])
    labels = {item.name.lower(): item.title for item in study.described}
    described: dict[str, list[Variable]] = {}
    written, dictionary = [], []
    for name, title in titles.items():
        frame = warehouse.read(f"cohort.{name}")
        columns = [
            # a covariate is called what the study calls it
            replace(one, comment=one.comment or labels.get(one.name.lower()))
            for one in warehouse.columns(f"cohort.{name}")
        ]
        described[name] = variables(columns, frame)
        files = [folder / f"{name}.{ending}" for ending in ("parquet", "xpt", "json")]
        with warehouse.connect() as connection, connection.cursor() as own:
            own.sql(f"from cohort.{name}").write_parquet(str(files[0]))
        _write_transport(frame, described[name], name, title, files[1])
        files[2].write_text(
            dataset_json(name, title, described[name], frame, study=study.name, made_on=made_on),
            encoding="utf-8",
        )
        written += files
        dictionary += [_line(name, title, one) for one in described[name]]
    written += [folder / "define.csv", folder / "define.xml"]
    pd.DataFrame(dictionary).to_csv(written[-2], index=False, lineterminator="\n")
    written[-1].write_text(
        define_xml(
            described,
            titles,
            study=study.name,
            study_title=f"{marked}{study.title}",
            made_on=made_on,
        ),
        encoding="utf-8",
    )
    written += write_results(warehouse.site.cuts_path / cut / "report.duckdb", cut, folder)
    for path in written:
        path.chmod(0o600)
    return written


def write_results(database: Path, cut: str, folder: Path) -> list[Path]:
    """Write `report.results` as Parquet and as ARS in JSON; neither holds a patient."""
    parquet, ars = folder / "results.parquet", folder / "results.ars.json"
    with duckdb.connect(database, read_only=True) as connection:
        connection.sql("from report.results").write_parquet(str(parquet))
    published = read_cut(database)
    event = reporting_event(published.results, cut, published.study)
    if published.is_synthetic:
        event["description"] = f"{SYNTHETIC} {event['description']}"
    ars.write_text(json.dumps(event, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [parquet, ars]


def _write_transport(
    frame: pd.DataFrame, described: list[Variable], name: str, title: str, path: Path
) -> None:
    import pyreadstat

    out = pd.DataFrame(index=frame.index)
    for one in described:
        values = frame[one.name]
        if one.kind == "date":
            dates = pd.to_datetime(values)
            out[one.short] = dates.dt.date.astype(object).where(dates.notna(), None)
        elif one.kind == "text":
            out[one.short] = values.astype(object).where(values.notna(), "")
        else:
            out[one.short] = pd.to_numeric(values).astype(float)
    pyreadstat.write_xport(
        out,
        str(path),
        file_label=title[:LABEL],
        column_labels=[one.label for one in described],
        table_name=name.upper(),
        file_format_version=5,
    )
    # the header bears the time of writing: a file made again is the same file
    content = path.read_bytes()
    head = re.sub(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d", b"01JAN00:00:00:00", content[:2000])
    path.write_bytes(head + content[2000:])


def _line(name: str, title: str, one: Variable) -> dict[str, Any]:
    """Return a line of the dictionary: what Define-XML says of a variable, as a table."""
    return {
        "dataset": name.upper(),
        "dataset_label": title,
        "variable": one.name,
        "transport_name": one.short,
        "label": one.label,
        "comment": one.comment,
        "type": one.kind,
        "length": one.length,
        "codelist": "; ".join(f"{code} = {words}" for code, words in one.codes.items()),
        "origin": f"Derived: sql/cohort/{name}.sql",
    }
