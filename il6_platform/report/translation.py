"""What translates a study's documents for its readers.

Belongs here: what a study calls things, which no language translates. Does not belong here: how a
text is translated (`il6_platform.translation`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from il6_platform.analysis.names import Group, Model
from il6_platform.study import lower_first
from il6_platform.translation import Translator

if TYPE_CHECKING:
    from il6_platform.study import Study


def translator_of(study: Study, names: Iterable[str] = (), part: str = "") -> Translator | None:
    """Return what translates for a study's readers; None where they read English.

    Parameters
    ----------
    names
        What stays as it is, beside what the study file calls things: sites, packages.
    part
        Which further catalogue is read: `manuscript`.
    """
    if study.language == "en":
        return None
    texts = {study.title, *(claim.claim for claim in study.published)}
    called = filter(None, (*_names(study), *names))
    return Translator(study.language, frozenset(called), frozenset(texts), part)


def _names(study: Study) -> Iterable[str]:
    """Give what the study file calls things."""
    marker, arms = study.marker, study.arms
    yield from (study.response_criteria, lower_first(marker.label))
    yield from (study.disease, marker.label, marker.unit, marker.analyte or "")
    yield from (arms.experimental_drug, arms.experimental_label, arms.control_label)
    yield from map(lower_first, (arms.experimental_label, arms.control_label))
    yield arms.experimental_drug.capitalize()
    yield from study.endpoints
    for item in study.described:
        yield from (item.label, item.title, item.name, item.unit or "")
    # groups have names in every language
    yield from {name for claim in study.published for name in claim.n} - set(Group)


def other_names(provenance: pd.DataFrame, results: pd.DataFrame) -> set[str]:
    """Return what no language translates: packages, sites, cut-offs by their papers."""
    sites = results["term"].dropna().str.extract(r"^SITEID\[(.*)\]$")[0].dropna()
    papers = results.loc[results["model"] == Model.PUBLISHED, "term"].dropna()
    packages = provenance.loc[provenance["kind"] == "version", "name"]
    return {"il6_platform", *packages, *sites, *papers}
