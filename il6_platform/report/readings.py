"""What the numbers say of a comparison, of an interaction and of what was published.

Belongs here: which conclusion (`sayings`) rows of `report.results` support, and the headline that
sets published claims beside them. Does not belong here: the wording, the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import ARM, ARM_TERM, CONTRASTS, MARKER, MARKER_TERM
from il6_platform.analysis.names import Analysis, Group, Model, Statistic
from il6_platform.figures.labels import (
    is_count,
    marker_in_question,
    note_in_words,
    profiled,
    rows_of,
    term_namer,
)
from il6_platform.figures.numbers import month
from il6_platform.report import formatting
from il6_platform.report.formatting import ALPHA
from il6_platform.report.sayings import Saying
from il6_platform.statistics.codes import Code, Reason, joined
from il6_platform.study import Published, Study, lower_first

LARGE = 2.0
"""A ratio of hazard ratios so far from 1, either way, is a large difference."""

RATIOS = frozenset(
    {
        *("hazard_ratio", "ratio_of_hazard_ratios", "ratio_of_hazard_ratios_profile"),
        *("odds_ratio", "relative_risk"),
    }
)
"""Statistics that are 1 where there is no difference; of hazards, below 1 is longer."""


@dataclass(frozen=True)
class Comparison:
    """A comparison of two groups on an endpoint, as the results have it.

    Attributes
    ----------
    ratio
        Row of the hazard ratio with the log-rank test's own interval, or None.
    test
        Row of the log-rank test, or None.
    p_value, corrected
        Of the log-rank test; corrected for cut-off selection where the data chose the cut-off.
    sign
        +1 where the first group has longer times, -1 where shorter, 0 where that is not known.
    why
        Why there is no estimate.
    """

    endpoint: str
    population: str
    contrast: str
    ratio: pd.Series | None
    test: pd.Series | None
    p_value: float | None
    corrected: float | None
    sign: int
    why: str | None

    @property
    def decides(self) -> float | None:
        """The P value that decides: the corrected one where there is one."""
        return self.p_value if self.corrected is None else self.corrected

    @property
    def is_shown(self) -> bool:
        """Whether a difference is shown, in a direction that is known."""
        return self.decides is not None and self.decides < ALPHA and self.sign != 0


@dataclass(frozen=True)
class Product:
    """The treatment-by-marker interaction on an endpoint, without a cut-off and at it.

    Attributes
    ----------
    uncut, at_cutoff
        Rows of the ratio of hazard ratios: per doubling of the marker; high to low. None where
        there is no estimate.
    corrected
        P at the cut-off, corrected for its selection.
    why
        Why there is no estimate.
    """

    endpoint: str
    uncut: pd.Series | None
    at_cutoff: pd.Series | None
    corrected: float | None
    why: str | None

    @property
    def primary(self) -> pd.Series | None:
        """The row whose test decides: without a cut-off where there is one."""
        return self.at_cutoff if self.uncut is None else self.uncut

    @property
    def decides(self) -> float | None:
        """The P value that decides."""
        if self.primary is None:
            return None
        if self.uncut is None and self.corrected is not None:
            return self.corrected
        return number(self.primary["p_value"])

    @property
    def is_shown(self) -> bool:
        """Whether an interaction is shown."""
        return self.decides is not None and self.decides < ALPHA

    @property
    def is_only_at_cutoff(self) -> bool:
        """Whether the test at the cut-off shows what the one without, which decides, does not."""
        if self.uncut is None or self.at_cutoff is None or self.is_shown:
            return False
        there = number(self.at_cutoff["p_value"]) if self.corrected is None else self.corrected
        return there is not None and there < ALPHA


def number(value: Any) -> float | None:
    """Return a number, or None for a missing one."""
    return None if value is None or pd.isna(value) else float(value)


def comparison(
    results: pd.DataFrame, study: Study, endpoint: str, population: str, contrast: str
) -> Comparison:
    """Look a comparison up: hazard ratio, log-rank P, which group fared better."""
    of = rows_of(
        rows_of(results)(endpoint=endpoint, population=population, contrast=contrast, term=None)
    )
    ratio = _first(of(analysis=Analysis.SURVIVAL, statistic=Statistic.HAZARD_RATIO_SCORE))
    test = _first(of(analysis=Analysis.SURVIVAL, statistic=Statistic.LOGRANK))
    chosen = contrast == MARKER and study.cutoff.is_data_driven
    corrected = None
    if chosen:
        row = _first(
            of(analysis=Analysis.VALIDITY, statistic=Statistic.LOGRANK_SELECTION_CORRECTED)
        )
        corrected = None if row is None else number(row["p_value"])
    known = ratio is not None and number(ratio["estimate"]) is not None
    p = None if test is None else number(test["p_value"])
    why = None
    if not known and p is None:
        why = _first_note(study, test, ratio)
    return Comparison(
        endpoint,
        population,
        contrast,
        ratio if known else None,
        test,
        p,
        corrected,
        _sign(of, ratio),
        why,
    )


def _sign(of: Any, ratio: pd.Series | None) -> int:
    """Say which group has the longer times, from the first estimate that there is."""
    firth = _first(
        of(
            analysis=Analysis.SMALL_SAMPLE,
            statistic=Statistic.HAZARD_RATIO_FIRTH,
            model=Model.UNIVARIABLE,
        )
    )
    for row in (ratio, firth):
        value = None if row is None else number(row["estimate"])
        if value is not None:
            return int(np.sign(1 - value))
    mean = _first(of(analysis=Analysis.SURVIVAL, statistic=Statistic.RMST_DIFFERENCE))
    value = None if mean is None else number(mean["estimate"])
    return 0 if value is None else int(np.sign(value))


def product(results: pd.DataFrame, study: Study, endpoint: str) -> Product:
    """Look the treatment-by-marker interaction up."""
    of = rows_of(rows_of(results)(endpoint=endpoint))
    wanted = Statistic.RATIO_OF_HAZARD_RATIOS
    uncut = _first(of(analysis=Analysis.CONTINUOUS, statistic=wanted, model=Model.LOG2))
    cut = _first(profiled(of(analysis=Analysis.INTERACTION, model=Model.INTERACTION)))
    corrected = None
    if study.cutoff.is_data_driven:
        row = _first(
            of(analysis=Analysis.VALIDITY, statistic=Statistic.INTERACTION_SELECTION_CORRECTED)
        )
        corrected = None if row is None else number(row["p_value"])

    def known(row: pd.Series | None) -> pd.Series | None:
        return row if row is not None and number(row["estimate"]) is not None else None

    why = _first_note(study, uncut, cut)
    return Product(endpoint, known(uncut), known(cut), corrected, why)


def _first_note(study: Study, *rows: pd.Series | None) -> str | None:
    """Return the first note that some rows have, in words."""
    notes = (note_in_words(row["note"], study) for row in rows if row is not None)
    return next((note for note in notes if note), None)


def what_differs(found: Comparison, study: Study) -> str:
    """Say a difference: "PFS was longer with bevacizumab"."""
    side = "longer" if found.sign > 0 else "shorter"
    return f"{found.endpoint} was {side} with {_first_group(found.contrast, study)}"


def _first_group(contrast: str, study: Study) -> str:
    """Return what the first group of a contrast has, as a sentence says it."""
    if contrast == ARM:
        return study.arms.experimental_drug
    if contrast == MARKER and is_count(study):
        return f"a high number of {lower_first(study.marker.label)}"
    if contrast == MARKER:
        return f"high {study.marker.label}"
    # a term of a model: more of a number, or a level
    item = next((one for one in study.described if one.name == contrast), None)
    return f"higher {lower_first(item.label)}" if item else term_namer(study)(contrast)


def headline(results: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Set each published claim, and the interaction, beside this cut's figures.

    Returns
    -------
    One row a claim in the study file's order, then the interaction of each endpoint without a
    cut-off and at it, in the endpoints' order; columns as `HEADLINE`.
    """
    rows = [_claimed(results, study, claim) for claim in study.published]
    for endpoint in study.endpoints:
        rows += _interactions(results, study, endpoint)
    for position, row in enumerate(rows, start=1):
        # the interactions come after however many claims
        row["position"] = position if "published_n" in row else 1000 + position
    frame = pd.DataFrame(rows, columns=list(HEADLINE))
    for name, (kind, _) in HEADLINE.items():
        if kind == "double":
            frame[name] = pd.to_numeric(frame[name]).astype(float)
        elif kind in ("bigint", "integer"):
            frame[name] = pd.to_numeric(frame[name]).astype("Int64")
        else:
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


HEADLINE: dict[str, tuple[str, str]] = {
    "position": ("integer", "Order"),
    "claim": ("varchar", "What was claimed"),
    "source": ("varchar", "Where it was published"),
    "endpoint": ("varchar", "PFS, OS, or null"),
    "population": ("varchar", "Who is in"),
    "contrast": ("varchar", "What is compared"),
    "published": ("varchar", "What was published: the figure, P, or whether there is a difference"),
    "published_estimate": ("double", "Figure as published"),
    "published_p_value": ("double", "P as published"),
    "published_n": ("varchar", "Patients as published"),
    "published_direction": ("varchar", "First group as published: longer, shorter, higher, lower"),
    "measure": ("varchar", "What estimate is: hazard_ratio, ratio_of_hazard_ratios, median, ..."),
    "estimate": ("double", "This cut's figure"),
    "ci_low": ("double", "Lower 95% confidence limit"),
    "ci_high": ("double", "Upper 95% confidence limit"),
    "direction": ("varchar", "First group in this cut: longer, shorter, higher, lower"),
    "p_value": ("double", "This cut's two-sided P"),
    "corrected_p_value": ("double", "The same, corrected for cut-off selection"),
    "test": ("varchar", "Test that P is of"),
    "n": ("bigint", "Patients"),
    "events": ("bigint", "Events"),
    "n_first": ("bigint", "Patients in the first group of the contrast"),
    "n_second": ("bigint", "Patients in the second group"),
    "median_first": ("double", "Median months in the first group"),
    "median_second": ("double", "Median months in the second group"),
    "code": ("varchar", "How claim and cut go together: words for machines, by spaces"),
    "reading": ("varchar", "The same in a sentence, which is made from the code"),
}
"""Columns of `report.headline`: DuckDB type and sentence."""


def _claimed(results: pd.DataFrame, study: Study, claim: Published) -> dict[str, Any]:
    """Return the headline's row of a claim."""
    found = rows_of(results)(
        analysis=claim.analysis,
        population=claim.population,
        endpoint=claim.endpoint,
        contrast=claim.contrast,
        grp=claim.grp,
        term=claim.term,
    )
    fitting = found[found["statistic"] == _statistic_of(claim)]
    for name, wanted in (("model", claim.model), ("at", claim.at)):
        if wanted is not None:
            fitting = fitting[fitting[name] == wanted]
    several = [name for name in ("model", "at") if fitting[name].nunique(dropna=False) > 1]
    row = None if several else _first(fitting)
    compared = None
    of_groups = (Statistic.LOGRANK, Statistic.HAZARD_RATIO_SCORE)
    is_of_survival = claim.analysis == Analysis.SURVIVAL and _statistic_of(claim) in of_groups
    if is_of_survival and claim.contrast and claim.endpoint:
        compared = comparison(results, study, claim.endpoint, claim.population, claim.contrast)
    beside = None if row is None else _estimate_beside(row, found)
    shown = beside if compared is None else compared.ratio
    sign = _sign_of_row(beside) if compared is None else compared.sign
    words = _words(claim.endpoint)
    p_value = None if row is None else number(row["p_value"])
    corrected = _corrected(results, study, claim, compared)
    reading = _reading(
        claim, row, sign, corrected, _difference(claim, compared, sign, study), study
    )
    if several:
        reading = Saying.SEVERAL_FIGURES.say(keys=" and ".join(f"`{name}`" for name in several))
    return {
        "claim": claim.claim,
        "source": claim.source,
        "endpoint": claim.endpoint,
        "population": claim.population,
        "contrast": claim.contrast,
        "published": _printed(claim),
        "published_estimate": claim.figure,
        "published_p_value": claim.p_value,
        "published_n": ", ".join(f"{group} {n}" for group, n in claim.n.items()),
        "published_direction": words.get(published_sign(claim, study))
        if _is_difference(claim)
        else None,
        "measure": str(Statistic.HAZARD_RATIO)
        if compared
        else claim.statistic
        if beside is None
        else str(beside["statistic"]).removesuffix("_profile"),
        **{name: None if shown is None else shown[name] for name in ("estimate", *LIMITS)},
        "direction": words.get(sign) if _contrast_of(claim) else None,
        "p_value": p_value,
        "corrected_p_value": corrected,
        "test": TESTS.get(_statistic_of(claim)) if p_value is not None else None,
        "n": 0 if row is None else row["n"],
        "events": None if row is None else row["events"],
        **_groups(results, claim),
        "code": " ".join(reading.codes),
        "reading": str(reading),
    }


NOT_REPORTED = "not reported"


def _printed(claim: Published) -> str:
    """Say what was published: P, else the figure, else whether a difference was claimed."""
    if claim.p_value is not None:
        return f"P = {claim.p_value:g}"
    if claim.figure is not None:
        is_month = claim.statistic.startswith("enrolment_")
        return month(claim.figure) if is_month else f"{claim.figure:g}"
    said = {True: "a difference", False: "no difference", None: NOT_REPORTED}
    return said[claim.claims_difference]


LIMITS = ("ci_low", "ci_high")

TESTS: dict[str, str] = {
    Statistic.LOGRANK: "log-rank",
    Statistic.HAZARD_RATIO_SCORE: "log-rank",
    Statistic.CHI_SQUARE: "chi-square",
    "chi_square_corrected": "chi-square with continuity correction",
    Statistic.FISHER_EXACT: "Fisher's exact",
    "fisher_mid_p": "Fisher's, mid-P",
    Statistic.RATIO_OF_HAZARD_RATIOS: "likelihood ratio",
}
"""Statistic of a claim -> the test that its P value is of."""


def _corrected(
    results: pd.DataFrame, study: Study, claim: Published, compared: Comparison | None
) -> float | None:
    """Return the P value of a claim corrected for cut-off selection, where there is one."""
    if compared is not None:
        return compared.corrected
    at_cutoff = claim.analysis == Analysis.INTERACTION
    if claim.endpoint and at_cutoff and claim.statistic == Statistic.RATIO_OF_HAZARD_RATIOS:
        return product(results, study, claim.endpoint).corrected
    return None


def _statistic_of(claim: Published) -> str:
    """Return the statistic of a claim: of two survival curves the ratio is the log-rank test's."""
    if claim.analysis == Analysis.SURVIVAL and claim.statistic == Statistic.HAZARD_RATIO:
        return Statistic.HAZARD_RATIO_SCORE
    return claim.statistic


def _contrast_of(claim: Published) -> str | None:
    """Return which groups a claim compares: by its contrast, or by its term of a model."""
    return claim.contrast or {ARM_TERM: ARM, MARKER_TERM: MARKER}.get(claim.term or "", claim.term)


def _is_difference(claim: Published) -> bool:
    return bool(_contrast_of(claim) is not None and claim.claims_difference)


def _groups(results: pd.DataFrame, claim: Published) -> dict[str, Any]:
    """Return sizes and medians of the two groups that a claim compares."""
    found: dict[str, Any] = {}
    if claim.contrast not in CONTRASTS or claim.endpoint is None:
        return found
    medians = rows_of(results)(
        analysis=Analysis.SURVIVAL, statistic=Statistic.MEDIAN, endpoint=claim.endpoint
    )
    for place, name in zip(("first", "second"), CONTRASTS[claim.contrast], strict=True):
        row = _first(medians[medians["grp"] == group_of(claim.population, name)])
        if row is not None:
            found |= {f"n_{place}": row["n"], f"median_{place}": row["estimate"]}
    return found


def group_of(population: str, name: str) -> str:
    """Return the group that a population's part is called: control/high, high, ..."""
    match population:
        case Group.ALL:
            return name
        case Group.MARKER_HIGH | Group.MARKER_LOW:
            return f"{name}/{population.removeprefix('marker_')}"
        case _:
            return f"{population}/{name}"


def published_sign(claim: Published, study: Study) -> int:
    """Return +1 where the first group was published to have more or longer, -1 less, 0 unknown.

    A claim that does not say is taken to go the way that the study assumes: the planned effect of
    treatment, and the direction of the marker.
    """
    if claim.direction is not None:
        return 1 if claim.direction in ("longer", "higher") else -1
    if claim.hazard_ratio is not None:
        return int(np.sign(1 - claim.hazard_ratio))
    if claim.estimate is not None:
        return _sign_of(claim.statistic, claim.estimate)
    if claim.contrast == ARM:
        return -1 if study.planned is not None and study.planned.hazard_ratio > 1 else 1
    if claim.contrast != MARKER or study.chooses_direction:
        return 0
    return -1 if study.higher else 1


def is_side_stated(claim: Published) -> bool:
    """Say whether a claim states its direction."""
    return any(one is not None for one in (claim.direction, claim.hazard_ratio, claim.estimate))


def _estimate_beside(row: pd.Series, found: pd.DataFrame) -> pd.Series:
    """Return a row, or the estimate of the same comparison where it holds a test."""
    if row["statistic"] == Statistic.RATIO_OF_HAZARD_RATIOS:
        best = _first(profiled(found))
        return row if best is None else best
    if row["statistic"] not in TESTS or row["statistic"] == Statistic.HAZARD_RATIO_SCORE:
        return row
    wanted = [Statistic.HAZARD_RATIO, Statistic.RISK_DIFFERENCE]
    estimate = _first(found[found["statistic"].isin(wanted)])
    return row if estimate is None or number(estimate["estimate"]) is None else estimate


def _sign_of_row(row: pd.Series | None) -> int:
    value = None if row is None else number(row["estimate"])
    return 0 if row is None or value is None else _sign_of(str(row["statistic"]), value)


def _sign_of(statistic: str, value: float) -> int:
    """Say in which direction an estimate points, of those that have one."""
    if statistic in RATIOS:
        # a hazard below that of the other group is longer time; odds below are fewer responses
        return int(np.sign(1 - value)) * (1 if "hazard" in statistic else -1)
    if statistic.endswith("_difference") and statistic != "standardized_difference":
        return int(np.sign(value))
    return 0


def _words(endpoint: str | None) -> dict[int, str]:
    """Return what a sign is called on an endpoint: times are longer, rates are higher."""
    if endpoint in ("ORR", "DCR", "BOR", None):
        return {1: "higher", -1: "lower"}
    return {1: "longer", -1: "shorter"}


def _reading(
    claim: Published,
    row: pd.Series | None,
    sign: int,
    corrected: float | None,
    what: str,
    study: Study,
) -> Reason:
    """Say how a claim and this cut go together."""
    if row is None:
        return Saying.NOT_ANALYSED.say()
    if claim.claims_difference is None:
        if number(row["estimate"]) is None:
            return Saying.CANNOT_JUDGE.say(why=note_in_words(row["note"], study) or "no estimate.")
        decides = number(row["p_value"]) if corrected is None else corrected
        return _figure(claim, row, sign, decides, what)
    # an exact test has a P value where its odds ratio has none
    now = number(row["p_value"])
    if now is None:
        return Saying.CANNOT_JUDGE.say(why=note_in_words(row["note"], study) or "no P value.")
    decides = now if corrected is None else corrected
    naive = _is_naive(row, corrected)
    said = _of_p(claim, now, corrected, decides, sign, what, study)
    return joined(said, Saying.NOT_CORRECTED.say() if naive and decides < ALPHA else None) or said


def _is_naive(row: pd.Series, corrected: float | None) -> bool:
    """Say whether the data chose a row's groups, and no P value that allows for it is known."""
    naive = {Code.NAIVE.value, Code.UNCORRECTED.value}
    return corrected is None and not naive.isdisjoint(str(row["code"]).split())


def _of_p(
    claim: Published,
    now: float,
    corrected: float | None,
    decides: float,
    sign: int,
    what: str,
    study: Study,
) -> Reason:
    """Set the P value of a claim beside the published one, and the directions."""
    was, before = claim.claims_difference, published_sign(claim, study)
    reversed_ = bool(before and sign and before != sign)
    if corrected is not None and now < ALPHA <= decides:
        printed = "" if claim.p_value is None else f"{claim.p_value:g}"
        same = printed == f"{float(formatting.significant(now)):g}"
        beside = " as published" if same else f" (published {printed})" if printed else ""
        p = formatting.p_text(now) + beside
        return Saying.NAIVE_ONLY.say(p=p, corrected=formatting.p_number(corrected))
    if decides < ALPHA:
        if not was:
            return Saying.NEW_DIFFERENCE.say(what=what)
        if not sign:
            return Saying.FOUND_SIDE_UNKNOWN.say()
        if not before:
            return Saying.AS_PUBLISHED_SIDE_UNKNOWN.say(what=what)
        said = (Saying.OPPOSITE if reversed_ else Saying.AS_PUBLISHED).say(what=what)
        assumed = None if is_side_stated(claim) else Saying.SIDE_ASSUMED.say()
        return joined(said, assumed) or said
    if not was:
        return Saying.NO_DIFFERENCE.say()
    p = formatting.p_text(now)
    if corrected is not None and formatting.p_text(corrected) != p:
        # the row shows the P value of its test: it is not another one without a word
        p += f", {formatting.p_number(corrected)} after correction for cut-off selection"
    return (Saying.NOT_SHOWN_OTHER_SIDE if reversed_ else Saying.NOT_SHOWN).say(p=p)


def _difference(claim: Published, compared: Comparison | None, sign: int, study: Study) -> str:
    """Say a difference in words; of tests without a direction, that there is one."""
    if compared is not None and compared.sign:
        return what_differs(compared, study)
    if claim.statistic == Statistic.RATIO_OF_HAZARD_RATIOS and sign:
        is_cut = claim.analysis == Analysis.INTERACTION
        side = side_of(1 - sign / 2, is_cut=is_cut)
        return (
            f"the effect of {study.arms.experimental_drug} on {claim.endpoint} is more favourable "
            f"with {side} {marker_in_question(study)}"
        )
    contrast = _contrast_of(claim)
    if contrast is None or not sign:
        return "the groups differ"
    first, what = _first_group(contrast, study), claim.endpoint or claim.statistic
    return f"{what} was {_words(claim.endpoint)[sign]} with {first}"


def _figure(
    claim: Published, row: pd.Series, sign: int, decides: float | None, what: str
) -> Reason:
    """Compare a figure with the published one, to as many digits as were printed.

    A figure that has a side, as ratios and differences do, is on the published one or is not.
    """
    if claim.figure is None:
        return Saying.NOTHING_PRINTED.say()
    text = f"{claim.figure:g}"
    digits = len(text.partition(".")[2])
    now = round(float(row["estimate"]), digits)
    if f"{now:.{digits}f}" == f"{claim.figure:.{digits}f}":
        return Saying.SAME_FIGURE.say()
    other = Saying.OTHER_FIGURE.say(published=text, now=formatting.minus(f"{now:.{digits}f}"))
    if _sign_of(claim.statistic, claim.figure) * sign >= 0:
        return other
    is_shown = decides is not None and decides < ALPHA
    reversed_ = Saying.OPPOSITE.say(what=what) if is_shown else Saying.OTHER_SIDE.say()
    return joined(*((reversed_, other) if is_shown else (other, reversed_))) or other


def _interactions(results: pd.DataFrame, study: Study, endpoint: str) -> Iterator[dict[str, Any]]:
    """Give the headline's rows of an endpoint's interaction: without a cut-off, and at it."""
    found = product(results, study, endpoint)
    of = rows_of(rows_of(results)(endpoint=endpoint))
    wanted = Statistic.RATIO_OF_HAZARD_RATIOS
    claims_subgroups = len(_claimed_in_subgroups(study, endpoint)) > 1
    for analysis, model, words in (
        (Analysis.CONTINUOUS, Model.LOG2, "per doubling, without a cut-off"),
        (Analysis.INTERACTION, Model.INTERACTION, "high to low, at the cut-off"),
    ):
        rows = of(analysis=analysis, model=model)
        row = _first(profiled(rows))
        if row is None:
            continue
        is_cut = analysis == Analysis.INTERACTION
        doublings = 1.0 if is_cut else marker_spread(results)
        reading = _of_product(found, row, is_cut=is_cut, study=study, doublings=doublings)
        if claims_subgroups and reading.codes[0] in NOT_PREDICTIVE:
            reading = joined(reading, Saying.TWO_SUBGROUPS.say()) or reading
        yield {
            "claim": f"Does {marker_in_question(study)} predict who benefits from "
            f"{study.arms.experimental_drug}? Treatment-by-marker interaction, {endpoint}, {words}",
            "source": "not reported; needed before a marker is called predictive",
            "published": NOT_REPORTED,
            "endpoint": endpoint,
            "population": row["population"],
            "contrast": row["contrast"],
            "measure": str(wanted),
            **{name: row[name] for name in ("estimate", *LIMITS, "p_value", "n", "events")},
            "corrected_p_value": found.corrected if is_cut else None,
            "test": "likelihood ratio",
            "code": " ".join(reading.codes),
            "reading": str(reading),
        }


def _claimed_in_subgroups(study: Study, endpoint: str) -> set[str]:
    """Return the populations in which P values of an endpoint were published, but the whole."""
    of = (c for c in study.published if c.endpoint == endpoint and c.p_value is not None)
    return {claim.population for claim in of} - {Group.ALL}


NOT_PREDICTIVE = (Saying.NOT_PREDICTIVE_WIDE, Saying.NOT_PREDICTIVE_NARROW)


def _of_product(
    found: Product, row: pd.Series, *, is_cut: bool, study: Study, doublings: float
) -> Reason:
    """Say what an interaction's row says."""
    estimate, p = number(row["estimate"]), number(row["p_value"])
    if estimate is None or p is None:
        return Saying.CANNOT_JUDGE.say(why=note_in_words(row["note"], study) or "no estimate.")
    decides = found.corrected if is_cut and found.corrected is not None else p
    naive = is_cut and study.cutoff.is_data_driven and found.corrected is None
    words = {
        "drug": study.arms.experimental_drug,
        "endpoint": found.endpoint,
        "marker": marker_in_question(study),
    }
    if decides < ALPHA and estimate != 1:
        saying = Saying.ILLUSTRATES if is_cut else Saying.PREDICTS
        said = saying.say(side=side_of(estimate, is_cut=is_cut), **words)
        if is_cut and found.uncut is not None and not found.is_shown:
            said = joined(said, Saying.ONLY_AT_CUTOFF.say()) or said
    elif p < ALPHA:
        return Saying.NAIVE_ONLY.say(p=formatting.p_text(p), corrected=formatting.p_number(decides))
    else:
        said = compatible_with(row, doublings).say()
    return joined(said, Saying.NOT_CORRECTED.say() if naive and decides < ALPHA else None) or said


def is_harm_throughout(results: pd.DataFrame, study: Study, endpoint: str) -> bool:
    """Say whether the treatment is shown to shorten an endpoint, and lengthens it in no group.

    An effect that differs between high and low markers is no benefit there.
    """
    whole = comparison(results, study, endpoint, Group.ALL, ARM)
    groups = rows_of(results)(
        analysis=Analysis.INTERACTION, endpoint=endpoint, statistic=Statistic.HAZARD_RATIO
    )["estimate"]
    return whole.is_shown and whole.sign < 0 and len(groups) == 2 and bool((groups >= 1).all())


def side_of(ratio: float, *, is_cut: bool) -> str:
    """Say with which markers the treatment's effect is more favourable."""
    if is_cut:
        return "high" if ratio < 1 else "low"
    return "higher" if ratio < 1 else "lower"


def marker_spread(results: pd.DataFrame) -> float:
    """Return how many doublings of the marker lie between its quartiles, one at least."""
    rows = rows_of(results)(
        analysis=Analysis.BASELINE, term="MARKER", population=Group.ALL, grp=None, contrast=None
    )
    quartiles = rows.drop_duplicates("statistic").set_index("statistic")["estimate"]
    low, high = (number(quartiles.get(name)) for name in ("q1", "q3"))
    return max(1.0, float(np.log2(high / low))) if low and high and low > 0 else 1.0


def compatible_with(row: pd.Series, doublings: float = 1.0) -> Saying:
    """Say whether an interval that holds 1 also holds a large difference.

    Of a ratio per doubling, the difference is that between the marker's quartiles.
    """
    low, high = number(row["ci_low"]), number(row["ci_high"])
    large = LARGE ** (1 / doublings)
    is_wide = low is None or high is None or low <= 1 / large or high >= large
    return Saying.NOT_PREDICTIVE_WIDE if is_wide else Saying.NOT_PREDICTIVE_NARROW


def points_the_other_way(results: pd.DataFrame) -> pd.Series | None:
    """Return the row of the area under the ROC curve where its whole interval is below 0.5."""
    row = _first(rows_of(results)(analysis=Analysis.CUTOFF, statistic=Statistic.AUC))
    high = None if row is None else number(row["ci_high"])
    return row if high is not None and high < 0.5 else None


def _first(rows: pd.DataFrame) -> pd.Series | None:
    return None if rows.empty else rows.iloc[0]
