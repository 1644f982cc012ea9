"""Registries of any kind as a published cut, without a refresh: cohort frames in, `Cut` out.

Belongs here: running the analyses on a made cohort, and every text that is then published of it.
Does not belong here: whether the text is right (`test_edge_registries`, `consistency`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from il6_platform.analysis import cutoff
from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.spec import analyses
from il6_platform.manuscript import findings
from il6_platform.manuscript.document import Manuscript
from il6_platform.report import page, sentences
from il6_platform.report.reader import Cut
from il6_platform.report.readings import headline
from il6_platform.study import Study
from il6_platform.workers import WorkerPool


def grouped(patients: pd.DataFrame, study: Study) -> Cohort:
    """Return a cohort whose marker groups are those of the study's own cut-off."""
    value = cutoff.chosen(Cohort(patients), study)
    high = patients["MARKER"] >= (float("inf") if value is None else value)
    groups = high.map({True: "high", False: "low"}) if value is not None else None
    return Cohort(patients.assign(MARKERGR=groups))


def as_cut(cohort: Cohort, study: Study, *, skip: tuple[str, ...] = ()) -> Cut:
    """Return what would be published of a cohort; `skip` names analyses to leave out."""
    rows: dict[str, pd.DataFrame] = {}
    curves = []
    for name, one in analyses().items():
        if name not in skip:
            made = one.run(cohort, study, rows)
            rows[name] = cutoff.with_competing(cutoff.with_caution(made.frame(), study), study)
            rows[name] = cutoff.without_groups(rows[name], cohort)
            curves.append(made.curves())
    results = pd.concat([frame for frame in rows.values() if len(frame)], ignore_index=True)
    arms = [int(cohort.group(name).sum()) for name in ("control", "experimental")]
    flow = pd.DataFrame(
        [
            (1, "Arrived", "arrived", len(cohort) + 1),
            (5, "No marker in the window", "excluded", 1),
            (9, "Analysed", "analysed", len(cohort)),
            (10, study.arms.control_label, "arm", arms[0]),
            (11, study.arms.experimental_label, "arm", arms[1]),
        ],
        columns=["step", "label", "kind", "n"],
    ).astype({"n": "Int64"})
    quality = pd.DataFrame(
        [("patients", "lines", "current", None, len(cohort) + 1, None)],
        columns=["table_name", "kind", "name", "severity", "n", "sentence"],
    ).astype({"n": "Int64"})
    provenance = pd.DataFrame(
        [
            ("cut", "cut", "abcdef012345"),
            ("cut", "first_export", "2023-12-31"),
            ("cut", "last_export", "2023-12-31"),
            ("cohort", "first_start", "2020-01"),
            ("cohort", "last_start", "2021-02"),
            ("study", "title", study.title),
            ("study", "sha256", study.digest),
            ("code", "il6_platform", "0"),
            ("version", "lifelines", "0"),
            *(
                ("choice", key, json.dumps(value))
                for key, value in study.model_dump(mode="json").items()
            ),
            ("delivery", "patients of 2023-12-31", "sha256 x, 9 lines"),
        ],
        columns=["kind", "name", "value"],
    )
    tables = {
        "results": results,
        "curves": pd.concat(curves, ignore_index=True),
        "headline": headline(results, study),
        "flow": flow.assign(suppressed=None),
        "data_quality": quality.assign(suppressed=None),
        "provenance": provenance,
        "history": results.iloc[:0],
    }
    return Cut("abcdef012345", study, tables, pd.DataFrame())


class _Stored:
    """The report tables of a cut, as the page reads them."""

    def __init__(self, cut: Cut) -> None:
        self._cut, self.study = cut, cut.study
        self.workers = WorkerPool(0)

    def read(self, table: str) -> pd.DataFrame:
        """Return a table by its full name."""
        return self._cut.tables[table.removeprefix("report.")]


def html(cut: Cut) -> str:
    """Return the page."""
    stored: Any = _Stored(cut)
    return page.render(stored)


def texts(cut: Cut) -> Iterator[tuple[str, str]]:
    """Give everything that is said of a cut in words: where it stands, and the text."""
    study, results = cut.study, cut.results
    for sentence in sentences.answer(results, study):
        yield "lead", str(sentence)
    for about, sentence in sentences.certainty(results, study):
        yield "certainty", f"{about}: {sentence}"
    for sentence in sentences.growth(results, study):
        yield "growth", sentence
    tables = (cut.tables[name] for name in ("provenance", "data_quality", "flow", "results"))
    for sentence in sentences.story(study, *tables):
        yield "story", str(sentence)
    for row in cut.tables["headline"].to_dict("records"):
        yield "headline", f"{row['claim']} -> {row['reading']}"
    content = Manuscript(cut)
    for table in content.tables.values():
        yield "table", f"{table.title} | {' | '.join(table.columns)}"
        for cells in table.rows:
            yield f"table {table.key}", " | ".join(cells)
        yield f"notes {table.key}", table.note
        for note in dict.fromkeys(note for row in table.marks for note in row):
            yield f"notes {table.key}", note
    for name, picture in content.pictures.items():
        yield f"figure {name}", picture.caption
        found = page.numbers_behind(picture, cut.report)
        for cells in found["rows"]:
            yield f"behind {name}", " | ".join(cells)
    for about, text in [*findings.abstract(cut).items(), *content.results]:
        yield f"findings {about}", text
    for about, text in content.text[0]:
        yield f"methods {about}", text
    for guideline, items in content.items.items():
        for item in items:
            yield guideline, f"{item.number} {item.topic} | {item.where} | {item.value}"
    for note in results["note"].dropna().drop_duplicates():
        yield "note", str(note)
