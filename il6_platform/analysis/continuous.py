"""analysis.continuous: the marker as it was measured, without a cut-off.

No cut-off is chosen, so none flatters the result (Royston, Altman & Sauerbrei, Stat Med 2006).
"""

from __future__ import annotations

from il6_platform.analysis.cohort import ARM, Cohort
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.statistics import continuous
from il6_platform.study import Study

SPEC = Spec(
    place=110,
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
            results.add(effect.estimates, endpoint=endpoint, contrast=ARM, model=shape)
            if shape == "log2":
                results.add_curve(effect.curve, endpoint=endpoint, grp=ARM)
    return results
