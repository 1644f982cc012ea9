"""The report page: one self-contained file, made from the report tables alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from il6_platform.analysis.cohort import ARM
from il6_platform.figures import style
from il6_platform.report.pictures import Picture, Report, labels_of, pictures, term_namer
from il6_platform.report.tables import baseline, count_of
from il6_platform.study import Study
from il6_platform.warehouse import Warehouse


def render(warehouse: Warehouse) -> str:
    """Return the page of the working database's report tables."""
    study = warehouse.study
    report = Report(
        warehouse.read("report.results"),
        warehouse.read("report.curves"),
        warehouse.read("report.flow"),
        study,
    )
    results = report.results
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value, digits=2: style.number(_float(value), digits)
    environment.filters["count_of"] = count_of
    environment.filters["p"] = lambda value: style.p_text(_float(value)).removeprefix("P ")
    provenance = warehouse.read("report.provenance")
    figures = [_shown(picture, study) for picture in pictures(report)]
    return environment.get_template("page.html.j2").render(
        study=study,
        labels=labels_of(study),
        synthetic="SYNTHETIC" in study.title.upper() or is_demo(provenance),
        answer=answer(results, study),
        headline=_records(warehouse.read("report.headline")),
        flow=_records(report.flow),
        baseline=baseline(report),
        figures=figures,
        sections=[one for one in dict.fromkeys(f["section"] for f in figures) if one != "Patients"],
        quality=_records(warehouse.read("report.data_quality")),
        provenance=_records(provenance[~provenance["kind"].isin(["choice", "rule"])]),
    )


def _shown(picture: Picture, study: Study) -> dict[str, Any]:
    """Return a figure as the page shows it: drawn, said in words, and its numbers."""
    namer, labels = term_namer(study), labels_of(study)
    rows = []
    for row in _records(picture.numbers):
        of = [labels.get(row["population"], row["population"]) if not row["grp"] else None]
        of += [" / ".join(labels.get(name, name) for name in (row["grp"] or "").split("/"))]
        of += [row["contrast"], row["model"], namer(row["term"]) if row["term"] else None]
        rows.append({**row, "of": ", ".join(part for part in of if part)})
    return {
        "name": picture.name,
        "section": picture.section,
        "caption": picture.caption,
        "svg": Markup(style.svg(picture.draw())),
        "numbers": rows,
        "is_wide": picture.is_wide,
    }


def is_demo(provenance: pd.DataFrame) -> bool:
    """Say whether a delivery is one of the embedded, synthetic registry's."""
    from il6_platform.paths import demo_landing
    from il6_platform.registry.deliveries import digest_of

    ours = {digest_of(path.read_bytes()) for path in demo_landing().rglob("*.csv")}
    used = provenance.loc[provenance["kind"] == "delivery", "value"]
    return any(value.removeprefix("sha256 ").split(",")[0] in ours for value in used)


def answer(results: pd.DataFrame, study: Study) -> list[str]:
    """Say in two sentences what the numbers say, with the hedges that they demand."""
    endpoint, marker = study.endpoints[0], study.marker.label
    effect = _row(results, "cox", endpoint, "hazard_ratio", contrast=ARM, model="univariable")
    product = _row(results, "interaction", endpoint, "ratio_of_hazard_ratios", model="interaction")
    if effect is None or pd.isna(effect["estimate"]):
        why = "" if effect is None else f" ({effect['note']})"
        first = f"These data cannot yet say how treatment and {endpoint} go together{why}."
    else:
        shown = "is associated with" if effect["p_value"] < 0.05 else "is not shown to change"
        better = "longer" if effect["estimate"] < 1 else "shorter"
        word = f"{better} {endpoint}" if effect["p_value"] < 0.05 else endpoint
        first = (
            f"{study.arms.experimental_label} {shown} {word} "
            f"(hazard ratio {effect['estimate']:.2f}, 95% CI {style.number(effect['ci_low'])} to "
            f"{style.number(effect['ci_high'])}; {effect['n']:.0f} patients, "
            f"{effect['events']:.0f} events, not randomised)."
        )
    if product is None or pd.isna(product["estimate"]):
        second = f"Whether {marker} tells who benefits cannot be judged from these data."
    else:
        found = "differs" if product["p_value"] < 0.05 else "is not shown to differ"
        second = (
            f"The treatment's effect {found} between high and low {marker} (ratio of hazard ratios "
            f"{product['estimate']:.2f}, 95% CI {style.number(product['ci_low'])} to "
            f"{style.number(product['ci_high'])}, interaction {style.p_text(product['p_value'])})"
        )
        driven = study.cutoff.method in ("youden", "maxstat")
        second += (
            "; the cut-off was chosen on the same data, which flatters it."
            if driven
            else "; the groups are small."
        )
    return [first, second]


def _row(
    results: pd.DataFrame, analysis: str, endpoint: str, statistic: str, **where: str
) -> pd.Series | None:
    chosen = (
        (results["analysis"] == analysis)
        & (results["endpoint"] == endpoint)
        & (results["statistic"] == statistic)
        & (results["population"] == "all")
        & results["term"].isna()
    )
    for column, value in where.items():
        chosen &= results[column] == value
    return results[chosen].iloc[0] if chosen.any() else None


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
