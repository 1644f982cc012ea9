"""analysis.assay_error: patients near the cut-off, measured once more.

With the assay's coefficient of variation (`marker.assay_cv`): how many patients a second
measurement of the same sample would regroup, and how the comparison and the interaction move when
it does.
"""

from __future__ import annotations

import numpy as np

from il6_platform.analysis.cohort import MARKER, Cohort
from il6_platform.analysis.cutoff import chosen
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Listing, Spec, Topic, technique
from il6_platform.statistics.assay_error import regrouped_patients, repeated_comparison
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import unsupported
from il6_platform.study import Study

SPEC = Spec(
    place=115,
    tables=(
        Listing(
            "{marker} measured once more.",
            {
                "regrouped": ("Patients regrouped, expected", "number"),
                "near_cutoff": ("Patients regrouped with a probability of 5% or more", "number"),
                "hazard_ratio_remeasured": ("Hazard ratio, median of repeats", "ratio"),
                "ratio_of_hazard_ratios_remeasured": (
                    "Ratio of hazard ratios, median of repeats",
                    "ratio",
                ),
                "logrank_agreement": ("Repeats on the same side of P = 0.05", "percent"),
            },
        ),
    ),
    techniques=(
        technique(
            Topic.BELIEF,
            "repeats of the marker's measurement with the assay's coefficient of variation",
            *("regrouped", "near_cutoff", "hazard_ratio_remeasured", "logrank_agreement"),
            "ratio_of_hazard_ratios_remeasured",
        ),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Count the patients near the cut-off; repeat their measurement, and the comparisons."""
    results = Results("assay_error")
    cv, n = study.marker.assay_cv, len(cohort)
    if cv is None:
        results.add(unsupported("regrouped", Code.NO_ASSAY_CV.say(), n=n))
        return results
    marker = cohort.patients["MARKER"].to_numpy(dtype=float)
    cutoff = chosen(cohort, study)
    if cutoff is None or not cutoff > 0 or (marker < 0).any():
        code = Code.NO_CUTOFF_THEN if cutoff is None else Code.MARKER_NOT_POSITIVE
        results.add(unsupported("regrouped", code.say(), n=n))
        return results
    results.add(regrouped_patients(marker, cutoff, cv))
    if not study.replicates:
        return results
    arm = cohort.group("experimental")
    for endpoint in study.endpoints:
        time, event = cohort.survival(endpoint)
        known = np.isfinite(time)
        ratio, product, agreement = repeated_comparison(
            *(marker[known], time[known], event[known], arm[known]),
            cutoff,
            cv,
            rng=study.rng(f"assay error {endpoint}"),
            replicates=study.resamples(len(cohort)),
        )
        results.add([ratio, agreement], endpoint=endpoint, contrast=MARKER)
        results.add(product, endpoint=endpoint, model="interaction")
    return results
