"""The report page: one self-contained file, made from the report tables alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
from markupsafe import Markup

from il6_platform.analysis.names import Model, Statistic
from il6_platform.analysis.spec import analyses
from il6_platform.figures import style
from il6_platform.figures.labels import (
    contrast_words,
    labels_of,
    marker_in_question,
    model_term,
    note_in_words,
    statistic_name,
    statistic_words,
    term_namer,
    upper_first,
)
from il6_platform.figures.numbers import claim_writer
from il6_platform.report import figure_colours, formatting, interaction, sentences
from il6_platform.report.figure_catalogue import (
    Picture,
    Report,
    of_today,
    pictures,
    pictures_over_time,
)
from il6_platform.report.formatting import count_of
from il6_platform.report.synthetic_flag import SYNTHETIC, said_synthetic
from il6_platform.report.tables import baseline
from il6_platform.report.translation import other_names, translator_of
from il6_platform.templates import template
from il6_platform.warehouse.digests import digest_of_rows

if TYPE_CHECKING:
    from il6_platform.warehouse.database import Warehouse

FOLLOWS = {
    "quarantine": "the line is set aside",
    "cell": "the cell is set aside",
    "warn": "the line is used",
    "info": "accepted as it is",
}
"""Severity of a rule -> what follows where it is broken."""

MOST_CORES = 4
"""Processes that share a page's figures: each is sent the whole report."""

BECAME = (
    *("current", "superseded", "duplicate", "removed", "in quarantine", "withdrawn", "forgotten"),
    *("passed over", "unaccounted"),
)
"""What becomes of a received line, in the order of the page's columns; unused ones are left out."""


def render(warehouse: Warehouse, changes: Sequence[str] = (), drawn_by: str = "") -> str:
    """Return the page of the working database's report tables.

    Parameters
    ----------
    changes
        What changed since the cut before, in sentences.
    drawn_by
        Names code and libraries. Figures that these drew for the page before, of the same rows, are
        not drawn again; all are where it is empty.
    """
    study = warehouse.study
    provenance = warehouse.read("report.provenance")
    report = Report(
        warehouse.read("report.results"),
        warehouse.read("report.curves"),
        warehouse.read("report.flow"),
        study,
        said_synthetic(provenance),
    )
    results = report.results
    figures = _figures(warehouse, report, drawn_by)
    colours = figure_colours.used(one["svg"] for one in figures)
    beside = Path(__file__).parent
    page_template = template(
        beside / "page.html.j2",
        count_of=count_of,
        p=_p_number,
        figure_of=figure_of,
        words=_short_name,
        limits_of=limits_of,
    )
    sections = [
        one
        for one in dict.fromkeys(figure["section"] for figure in figures)
        if one not in ("Answer", "Patients")
    ]
    # on paper, what the question does not hang on follows in an annex
    further = {one.spec.drawing.section for one in analyses().values() if one.spec.drawing}
    quality = warehouse.read("report.data_quality")
    of = provenance[provenance["kind"] == "cut"]
    page = page_template.render(
        study=study,
        about=dict(zip(of["name"], of["value"], strict=True)),
        labels=labels_of(study),
        synthetic=SYNTHETIC if report.is_synthetic else "",
        question=marker_in_question(study),
        answer=sentences.answer(results, study),
        certainty=sentences.certainty(results, study),
        growth=sentences.growth(results, study),
        headline=_records(warehouse.read("report.headline")),
        flow=_records(report.flow),
        arrivals=sentences.arrivals(report.flow),
        baseline=baseline(report),
        figures=_placed(figures, colours),
        sections=sections,
        annex=next((one for one in sections if one in further), ""),
        changes=list(changes),
        follows=FOLLOWS,
        css=Markup((beside / "page.css").read_text(encoding="utf-8")),
        script=Markup((beside / "page.js").read_text(encoding="utf-8")),
        dark=Markup(figure_colours.dark(colours)),
        light=Markup(figure_colours.light(colours)),
        became=[name for name in BECAME if name in set(quality["name"])],
        lines=_lines(quality),
        rules=_records(quality[quality["kind"] == "rule"]),
        provenance=_records(provenance[~provenance["kind"].isin(["choice", "rule"])]),
    )
    translator = translator_of(study, other_names(provenance, results))
    return page if translator is None else translator.page(page)


_DRAWN = "study.drawn"
"""Table of the study's database: the last page's figures, and the key of what they are made of."""


def forget_figures(warehouse: Warehouse) -> None:
    """Have all figures of the next page drawn anew."""
    warehouse.query(f"drop table if exists {_DRAWN}")


def _figures(warehouse: Warehouse, report: Report, drawn_by: str) -> list[dict[str, Any]]:
    """Return the page's figures; those of today alone are kept with what they are made of."""
    if not drawn_by:
        return _drawn(warehouse, report)
    about = {"key": _key(report, drawn_by)}
    warehouse.query(f"create table if not exists {_DRAWN} (key varchar, figures varchar)")
    known = warehouse.query(f"select figures from {_DRAWN} where key = $key", about)["figures"]
    if len(known):
        fresh = {one["name"]: one for one in _drawn(warehouse, report, is_over_time=True)}
        return [fresh.get(one["name"], one) for one in json.loads(known.iloc[0])]
    said = json.dumps(_drawn(warehouse, report))
    warehouse.query(f"delete from {_DRAWN}")
    warehouse.query(f"insert into {_DRAWN} values ($key, $said)", {**about, "said": said})
    return list(json.loads(said))


def _key(report: Report, drawn_by: str) -> str:
    """Name all that the figures of today are made of."""
    today = of_today(report)
    digest = hashlib.sha256()
    for part in (
        *(drawn_by, today.study.model_dump_json(), str(today.is_synthetic)),
        *(
            digest_of_rows(pa.Table.from_pandas(rows, preserve_index=False))
            for rows in (today.results, today.curves, today.flow)
        ),
    ):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _drawn(
    warehouse: Warehouse, report: Report, *, is_over_time: bool = False
) -> list[dict[str, Any]]:
    """Return figures, drawn on all cores: of the whole page, or those over time alone."""
    cores = min(1 + warehouse.workers.processes, MOST_CORES)
    asked = {"is_over_time": is_over_time}
    submit = warehouse.workers.submit
    others = [submit(shown, report, core, cores, **asked) for core in range(1, cores)]
    parts = [shown(report, 0, cores, **asked), *(other.result() for other in others)]
    return [one for row in zip_longest(*parts) for one in row if one is not None]


def figure_of(value: Any, measure: str) -> str:
    """Write a headline's figure: ratios to two decimals, measurements as journals do."""
    return claim_writer(measure)(_float(value))


def limits_of(row: Mapping[str, Any]) -> str:
    """Write the limits of a headline's figure as the figure itself."""
    return formatting.interval(row["ci_low"], row["ci_high"], claim_writer(row["measure"]))


def _lines(quality: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row a table: its name, and what became of its lines, as it is shown."""
    found: dict[str, dict[str, Any]] = {}
    for row in _records(quality[quality["kind"] == "lines"]):
        mine = found.setdefault(row["table_name"], {"table": row["table_name"]})
        mine[row["name"]] = count_of(row, "n")
    return list(found.values())


def shown(
    report: Report, core: int, cores: int, *, is_over_time: bool = False
) -> list[dict[str, Any]]:
    """Return a core's share of the figures, each as the page shows it; of its arguments alone."""
    found = pictures_over_time(report) if is_over_time else pictures(report)
    return [_shown(picture, report) for picture in list(found)[core::cores]]


def _placed(figures: list[dict[str, Any]], colours: Sequence[str]) -> list[dict[str, Any]]:
    """Return the figures in the page's colours; the first view of several is marked."""
    seen: set[str] = set()
    for figure in figures:
        figure["svg"] = Markup(figure_colours.themed(figure["svg"], colours))
        figure["is_first"] = figure["of"] not in seen
        seen.add(figure["of"])
    return figures


def _shown(picture: Picture, report: Report) -> dict[str, Any]:
    """Return a figure as the page shows it: drawn, said in words, and its numbers."""
    figure = picture.draw()
    return {
        "name": picture.name,
        "section": picture.section,
        "caption": picture.caption,
        "svg": style.svg(figure, picture.name),
        "plot": interaction.plot_of(picture, figure, report.study),
        "scan": interaction.scan_of(picture, report),
        "numbers": numbers_behind(picture, report),
        "is_wide": picture.is_wide,
        "of": picture.of,
        "switch": picture.switch,
    }


def numbers_behind(picture: Picture, report: Report) -> dict[str, Any]:
    """Return the numbers behind a figure as a table: columns that say nothing are left out."""
    namer, labels = term_namer(report.study), labels_of(report.study)
    rows: list[dict[str, str]] = []
    several = picture.numbers["endpoint"].nunique() > 1
    for row in _records(picture.numbers):
        of = [row["endpoint"] if several else None]
        of += [labels.get(row["population"], row["population"]) if not row["grp"] else None]
        of += [" / ".join(labels.get(name, name) for name in (row["grp"] or "").split("/"))]
        of += [contrast_words(row["contrast"], report.study), row["model"]]
        of += [_term(row, report, namer) if row["term"] else None]
        write = formatting.writer(row["statistic"], row["analysis"])
        made = {
            "Statistic": upper_first(statistic_words(row, report.study)),
            "Of": ", ".join(dict.fromkeys(part for part in of if part)),
            "Estimate (95% CI)": formatting.with_interval(row, write),
            "P": "" if row["p_value"] is None else formatting.p_number(row["p_value"]),
            "n": count_of(row, "n"),
            "Events": count_of(row, "events"),
            "Method": row["method"] or "",
            "Note": note_in_words(row["note"], report.study) or "",
        }
        # a group is a population too, and then its row comes twice
        rows += [] if made in rows else [made]
    methods = {row["Method"] for row in rows}
    left_out = {"Method"} if len(methods) == 1 else set[str]()
    heads = [head for head in NUMBERS if head not in left_out and any(row[head] for row in rows)]
    return {
        "heads": [(head, head in ("Estimate (95% CI)", "P", "n", "Events")) for head in heads],
        "rows": [[row[head] for head in ("Statistic", *heads)] for row in rows],
        "method": methods.pop() if left_out else "",
    }


def _term(row: Mapping[Hashable, Any], report: Report, namer: Callable[[str], str]) -> str:
    """Say a row's term; of a model's hazard ratio, what it compares."""
    is_of_model = row["model"] in (Model.UNIVARIABLE, Model.MULTIVARIABLE)
    if is_of_model and str(row["statistic"]).startswith(Statistic.HAZARD_RATIO):
        return model_term(row["term"], report.study, report.results)
    return namer(row["term"])


NUMBERS = ("Of", "Estimate (95% CI)", "P", "n", "Events", "Method", "Note")
"""Columns of the numbers behind a figure, after what is estimated."""


def _records(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _p_number(value: Any) -> str:
    return formatting.p_number(_float(value))


def _short_name(statistic: str) -> str:
    return statistic_name(statistic, short=True)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
