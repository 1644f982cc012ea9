"""What the numbers say, in sentences with the hedges that they demand.

Belongs here: sentences made of `report.results` for those who read no table. Does not belong here:
the methods (`methods`), where a sentence stands (`page`, `manuscript`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard, Unpack

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import ARM, MARKER
from il6_platform.analysis.names import Analysis, Group, Model, Statistic
from il6_platform.analysis.weighting import weighted_for
from il6_platform.figures import style
from il6_platform.figures.labels import Of, labels_of, rows_of
from il6_platform.report import formatting as journal
from il6_platform.report.tables import count_of
from il6_platform.study import Study

FEW = 40
"""Events below which four groups have fewer than ten each, on average."""


def answer(results: pd.DataFrame, study: Study) -> list[str]:
    """Say in two sentences what the numbers say, with the hedges that they demand."""
    endpoint, marker = study.endpoints[0], study.marker.label
    effect = _row(
        results, Statistic.HAZARD_RATIO, analysis=Analysis.COX, endpoint=endpoint, contrast=ARM,
        model=Model.UNIVARIABLE, population=Group.ALL,
    )  # fmt: skip
    product = _row(
        results, Statistic.RATIO_OF_HAZARD_RATIOS, analysis=Analysis.INTERACTION, endpoint=endpoint,
        model=Model.INTERACTION,
    )  # fmt: skip
    if effect is None or pd.isna(effect["estimate"]):
        why = "" if effect is None else f" ({effect['note']})"
        first = f"These data cannot yet say how treatment and {endpoint} go together{why}."
    else:
        shown = "is associated with" if effect["p_value"] < 0.05 else "is not shown to change"
        better = "longer" if effect["estimate"] < 1 else "shorter"
        word = f"{better} {endpoint}" if effect["p_value"] < 0.05 else endpoint
        first = (
            f"{study.arms.experimental_label} {shown} {word} "
            f"(hazard ratio {_interval(effect)}; {effect['n']:.0f} patients, "
            f"{effect['events']:.0f} events, not randomised)."
        )
    if product is None or pd.isna(product["estimate"]):
        second = f"Whether {marker} tells who benefits cannot be judged from these data."
    else:
        found = "differs" if product["p_value"] < 0.05 else "is not shown to differ"
        second = (
            f"The treatment's effect {found} between high and low {marker} (ratio of hazard ratios "
            f"{_interval(product)}, interaction {style.p_text(product['p_value'])})"
        )
        if study.cutoff.is_data_driven:
            second += "; the cut-off was chosen on the same data, which flatters it"
        if pd.notna(product["events"]) and product["events"] < FEW:
            second += f"; {product['events']:.0f} events in four groups are few"
        second += "."
    return [first, second]


def certainty(results: pd.DataFrame, study: Study) -> list[tuple[str, str]]:
    """Say what the answer's certainty hangs on: what it is about, and a sentence with numbers."""
    return list(_certainty(results, study))


def _certainty(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    endpoint = study.endpoints[0]
    size = _row(
        results,
        Statistic.MEDIAN,
        analysis=Analysis.SURVIVAL,
        endpoint=endpoint,
        grp=None,
        population=Group.ALL,
    )
    sizes = rows_of(results)(
        analysis=Analysis.SURVIVAL, endpoint=endpoint, statistic=Statistic.MEDIAN
    )
    cells = sizes.loc[sizes["grp"].astype("string").str.contains("/", na=False), "n"]
    # where small counts are hidden, the smallest group is not told either
    if size is not None and pd.notna(size["n"]) and len(cells) and cells.notna().all():
        yield (
            "Size",
            f"{size['n']:.0f} patients with {size['events']:.0f} events ({endpoint}); the smallest "
            f"of the {len(cells)} groups of arm and marker has {cells.min():.0f}.",
        )
    weighted = _row(
        results,
        Statistic.HAZARD_RATIO,
        analysis=Analysis.WEIGHTING,
        endpoint=endpoint,
        model=Model.OVERLAP_WEIGHTS,
    )
    crude = _row(
        results,
        Statistic.HAZARD_RATIO,
        analysis=Analysis.WEIGHTING,
        endpoint=endpoint,
        model=Model.UNWEIGHTED,
    )
    if _known(weighted):
        terms = rows_of(results)(
            analysis=Analysis.WEIGHTING,
            model=Model.OVERLAP_WEIGHTS,
            statistic=Statistic.STANDARDIZED_DIFFERENCE,
        )["term"]
        beside = ""
        if _known(crude):
            beside = f"; unweighted in the same patients: {crude['estimate']:.2f}"
        yield (
            "Not randomised",
            f"Weighted for {weighted_for(terms, study)} ({weighted['n']:.0f} patients with all of "
            f"them{beside}), the treatment's hazard ratio is {_interval(weighted)}. Weights cannot "
            "balance what was not measured.",
        )
    yield from _cutoff(results, study)
    needed = _row(results, Statistic.REQUIRED_EVENTS_INTERACTION, analysis=Analysis.MONITORING)
    power = _row(results, Statistic.POWER_INTERACTION, analysis=Analysis.MONITORING)
    if _known(needed) and _known(power) and study.planned is not None:
        yield (
            "Power for the marker's question",
            f"To show a ratio of hazard ratios of {study.planned.ratio_of_hazard_ratios:g} takes "
            f"about {needed['estimate']:.0f} events; there are {needed['events']:.0f}, which would "
            f"show it with a power of {power['estimate']:.0%}.",
        )
    yield from _looks(results)
    family = rows_of(results)(analysis=Analysis.MULTIPLICITY, statistic=Statistic.LOGRANK)
    holm = rows_of(results)(analysis=Analysis.MULTIPLICITY, statistic=Statistic.LOGRANK_HOLM)
    if len(holm) > 1 and holm["p_value"].notna().all():
        before, after = ((rows["p_value"] < 0.05).sum() for rows in (family, holm))
        yield (
            "Several tests",
            f"Of {len(holm)} claimed comparisons {before} have P < 0.05; {after} once their number "
            f"is allowed for (Holm; smallest {style.p_text(holm['p_value'].min())}).",
        )


def _cutoff(results: pd.DataFrame, study: Study) -> Iterator[tuple[str, str]]:
    cut = _row(results, Statistic.CUTOFF, analysis=Analysis.CUTOFF)
    found = _row(results, Statistic.CUTOFF_RECOVERED, analysis=Analysis.VALIDITY)
    if not _known(cut) or not _known(found):
        return
    words = (
        f"The cut-off of {cut['estimate']:.3g} {study.marker.unit} was chosen on these patients "
        f"and is found again in {found['estimate']:.0%} of resamples"
    )
    ratios = _estimates(
        results,
        Analysis.VALIDITY,
        Statistic.HAZARD_RATIO_APPARENT,
        Statistic.HAZARD_RATIO_CORRECTED,
    )
    if ratios:
        apparent, corrected = ratios
        words += (
            f"; the hazard ratio of all patients, high against low, is {apparent:.2f}, and "
            f"{corrected:.2f} once that choice is counted"
        )
    yield "Cut-off", f"{words}."


def _looks(results: pd.DataFrame) -> Iterator[tuple[str, str]]:
    boundary = _row(results, Statistic.BOUNDARY, analysis=Analysis.MONITORING)
    test = _row(results, Statistic.LOGRANK_Z, analysis=Analysis.MONITORING)
    if not _known(boundary) or not _known(test):
        return
    crossed = abs(test["estimate"]) >= boundary["estimate"]
    words = (
        f"At {boundary['at']:.0%} of the planned events the boundary asks for P below "
        f"{_small(boundary['p_value'])}; P is {style.p_number(test['p_value'])}: "
        f"{'crossed' if crossed else 'not crossed'}."
    )
    repeated = _row(results, Statistic.HAZARD_RATIO_REPEATED, analysis=Analysis.MONITORING)
    adjusted = _row(results, Statistic.LOGRANK_REPEATED, analysis=Analysis.MONITORING)
    if _known(repeated) and _known(adjusted):
        words += (
            f" With every look counted, P is {style.p_number(adjusted['p_value'])} and the hazard "
            f"ratio {_interval(repeated)}."
        )
    yield "Repeated looks", words


def growth(results: pd.DataFrame, study: Study) -> list[str]:
    """Say how the evidence has moved, what it may claim today, and how much longer it takes."""
    return list(_growth(results, study))


def _growth(results: pd.DataFrame, study: Study) -> Iterator[str]:
    endpoint, labels = study.endpoints[0], labels_of(study)
    first = rows_of(results)(
        analysis=Analysis.EVIDENCE, endpoint=endpoint, statistic=Statistic.FIRST_SIGNIFICANT
    )
    for row in first.itertuples():
        if (row.contrast, row.population) == (ARM, "all"):
            who = f"{labels['experimental']} against {labels['control']}"
        elif row.contrast == MARKER and row.population in ("control", "experimental"):
            who = f"{labels['high']} against low, {labels[row.population]}"
        elif pd.isna(row.contrast):
            who = "Treatment-by-marker interaction"
        else:
            continue
        yield f"{endpoint}, {who}: {row.note}"
    for _, words in _looks(results):
        yield words
    powers = _estimates(
        results,
        Analysis.MONITORING,
        Statistic.CONDITIONAL_POWER_PLANNED,
        Statistic.CONDITIONAL_POWER,
        Statistic.PREDICTIVE_POWER,
    )
    if powers:
        planned, trend, predictive = powers
        yield (
            "If the study runs to its planned events, it will show the treatment's effect with a "
            f"probability of {planned:.0%} should the planned effect be true, {trend:.0%} should "
            f"the effect seen go on, {predictive:.0%} with today's uncertainty about it "
            "(conditional power twice, predictive power)."
        )
    for model, what in (
        (Model.PLANNED_EFFECT, "the planned effect of treatment"),
        (Model.PLANNED_INTERACTION, "the planned interaction"),
    ):
        date = _row(results, Statistic.MONTHS_TO_EVENTS, analysis=Analysis.MONITORING, model=model)
        if date is not None and isinstance(date["note"], str):
            yield f"To show {what}: {date['note']}"


def story(
    study: Study,
    provenance: pd.DataFrame,
    quality: pd.DataFrame,
    flow: pd.DataFrame,
    results: pd.DataFrame,
) -> list[str]:
    """Tell a refresh in a few lines, from the exports to the answer; the tables are `report`'s."""
    about = dict(zip(provenance["name"], provenance["value"], strict=True))
    exports = int((provenance["kind"] == "delivery").sum())
    lines = quality[quality["kind"] == "lines"]
    told = [f"{exports} exports, the last of {about['last_export']}, are in cut {about['cut']}."]
    # where small counts are hidden, a sum would be wrong
    if lines["n"].notna().all():
        became = lines.groupby("name", sort=False)["n"].sum()
        parts = ", ".join(f"{n:.0f} {name}" for name, n in became.items() if n)
        told.append(f"{became.sum():.0f} lines arrived: {parts or 'nothing in them'}.")
    people = {row["kind"]: count_of(row, "n") for row in flow.to_dict("records")}
    told.append(f"{people['arrived']} patients arrived, {people['analysed']} are analysed.")
    cut = _row(results, Statistic.CUTOFF, analysis=Analysis.CUTOFF)
    if _known(cut):
        marker = study.marker
        told.append(f"{marker.label} is called high from {cut['estimate']:.3g} {marker.unit} on.")
    return [*told, *answer(results, study), *(words for _, words in _looks(results))]


def _small(p: float) -> str:
    """Write a P value that may be far below 0.001, since it is a limit to be reached."""
    return np.format_float_positional(p, precision=2, fractional=False, trim="-")


def _interval(row: pd.Series | None) -> str:
    assert row is not None
    # a limit near 0 is not 0
    low, high = (
        f"{row[name]:.1g}" if 0 < row[name] < 0.01 else style.number(row[name])
        for name in ("ci_low", "ci_high")
    )
    return f"{journal.ratio(row['estimate'])}, 95% CI {low} to {high}"


def _known(row: pd.Series | None) -> TypeGuard[pd.Series]:
    return row is not None and bool(pd.notna(row["estimate"]))


def _estimates(results: pd.DataFrame, analysis: Analysis, *statistics: Statistic) -> list[float]:
    """Return the estimates of some statistics, or none where one of them is missing."""
    rows = [_row(results, name, analysis=analysis) for name in statistics]
    return [float(row["estimate"]) for row in rows if _known(row)] if all(map(_known, rows)) else []


def _row(results: pd.DataFrame, statistic: Statistic, **of: Unpack[Of]) -> pd.Series | None:
    found = rows_of(results)(statistic=statistic, **of)
    found = found[found["term"].isna()]
    return None if found.empty else found.iloc[0]
