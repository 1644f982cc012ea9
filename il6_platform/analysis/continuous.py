"""analysis.continuous: the marker as it was measured, without a cut-off.

No cut-off is chosen, so none flatters the result (Royston, Altman & Sauerbrei, Stat Med 2006).
"""

from __future__ import annotations

from il6_platform.analysis.cohort import ARM, Cohort
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import continuous
from il6_platform.statistics.codes import Code
from il6_platform.study import Study

SPEC = Spec(
    place=110,
    purpose="main",
    draws_curves=True,
    figure="effect_by_marker",
    techniques=(
        technique(
            Topic.MARKER,
            "hazard ratio per doubling (log2)",
            "hazard_ratio",
            "ratio_of_hazard_ratios",
        ),
        technique(
            Topic.MARKER,
            "likelihood-ratio tests of the log-linear marker",
            "likelihood_ratio",
            "interaction_likelihood_ratio",
            model="log2",
        ),
        technique(
            Topic.MARKER,
            "restricted cubic splines, tested against the straight line",
            "likelihood_ratio",
            "interaction_likelihood_ratio",
            "non_linearity",
            model="spline",
        ),
    ),
)


POPULATIONS = ("all", "control", "experimental")


def analyse(cohort: Cohort, study: Study) -> Results:
    """Hazard ratio per doubling, spline and its curve; treatment's effect along the marker."""
    results = Results("continuous")
    why = _what_does_not_vary(cohort)
    for endpoint in study.endpoints:
        known = cohort.having(endpoint)
        for population in POPULATIONS:
            inside = known.select(population)
            data = inside.patients["MARKER"].to_numpy(dtype=float), *inside.survival(endpoint)
            where = {"endpoint": endpoint, "population": population}
            results.add(continuous.log2_marker(*data), model="log2", **where)
            results.add(continuous.spline_marker(*data), model="spline", **where)
            results.add_curve(continuous.hazard_ratio_curve(*data), grp="marker", **where)
        data = known.patients["MARKER"].to_numpy(dtype=float), *known.survival(endpoint)
        for shape in continuous.SHAPES:
            effect = continuous.effect_by_marker(*data, known.group("experimental"), shape=shape)
            rows = [
                row.but(note=why.say()) if row.estimate is None and why is not None else row
                for row in effect.estimates
            ]
            results.add(rows, endpoint=endpoint, contrast=ARM, model=shape)
            if shape == "log2":
                results.add_curve(effect.curve, endpoint=endpoint, grp=ARM)
    return results


def _what_does_not_vary(cohort: Cohort) -> Code | None:
    """Return why there can be no interaction: one arm, or one value of the marker."""
    if not len(cohort):
        return None
    if len(set(cohort.group("experimental"))) < 2:
        return Code.ONE_ARM
    return Code.MARKER_DOES_NOT_VARY if cohort.patients["MARKER"].nunique() < 2 else None
