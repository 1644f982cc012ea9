"""analysis.cutoff_scan: every cut-off at once, and the published ones.

Shows whether the conclusion hangs on the cut-off that was chosen. Its P values are of cut-offs
fixed beforehand: one that is picked here because it is small means nothing (`analysis.validity`).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from il6_platform import paths
from il6_platform.analysis.cohort import MARKER, Cohort
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.registry.units import factors, plain_unit
from il6_platform.statistics.codes import Code
from il6_platform.statistics.cutoff_scan import scan
from il6_platform.statistics.estimate import Estimate, Z, unsupported
from il6_platform.study import Study

SPEC = Spec(
    place=100,
    draws_curves=True,
    figure="every_cutoff",
    corrects_selection=True,
    # every row is at the marker value of one patient
    is_releasable=False,
    techniques=(
        technique(
            Topic.CUTOFF,
            "hazard ratio and test at every admissible cut-off",
            "hazard_ratio",
            "logrank",
            "ratio_of_hazard_ratios",
        ),
    ),
)


EACH = "Cox, Efron, Wald interval, at each admissible cut-off"


def analyse(cohort: Cohort, study: Study) -> Results:
    """Hazard ratio, log-rank and interaction at each cut-off and at those of the literature."""
    results = Results("cutoff_scan")
    for endpoint in study.endpoints:
        known = cohort.having(endpoint)
        marker = known.patients["MARKER"].to_numpy(dtype=float)
        # the study's own cut-off and those of the literature, however many there are
        own = marker[known.group("high")].min(initial=np.inf)
        always = [own, *published_cutoffs(study)["cutoff"]]
        found = scan(marker, *known.survival(endpoint), known.group("experimental"), always=always)
        if found.empty:
            reason = Code.NO_CUTOFF_WITH_FIVE.say()
            results.add(
                unsupported("hazard_ratio", reason, n=len(known)),
                endpoint=endpoint,
                contrast=MARKER,
            )
            continue
        _add(results, found, endpoint, model="each cut-off")
        for population, rows in found.groupby("population", sort=False):
            results.add_curve(_curve(rows), endpoint=endpoint, population=str(population))
        for source in published_cutoffs(study).itertuples():
            above = found["cutoff"][found["cutoff"] >= source.cutoff]
            between = bool((marker < source.cutoff).any()) and len(above) > 0
            at = float(above.min()) if between else None
            # an observed value in between would be on the wrong side of the published cut-off
            reached = marker[marker >= source.cutoff]
            if at is None or at != reached.min():
                reason = Code.FEWER_THAN_FIVE_ON_A_SIDE.say(cutoff=source.cutoff)
                row = unsupported("hazard_ratio", reason, n=len(known), at=source.cutoff)
                results.add(
                    row, endpoint=endpoint, contrast=MARKER, model="published", term=source.study
                )
                continue
            chosen = found[found["cutoff"] == at].assign(cutoff=source.cutoff)
            _add(results, chosen, endpoint, model="published", term=source.study)
    return results


def published_cutoffs(study: Study) -> pd.DataFrame:
    """Return the cut-offs of `data/literature.csv` for the study's marker, in the study's unit.

    A cut-off in a unit that cannot be converted (`data/units.csv`) is left out.
    """
    data = paths.project_root() / "data"
    table = pd.read_csv(data / "literature.csv")
    same = table["marker"].map(_plain) == _plain(study.marker.name)
    table = table[same & table["cutoff"].notna() & table["cutoff_unit"].notna()]
    known = factors(data / "units.csv", data / "names.csv", study.marker.name, study.marker.unit)
    factor = table["cutoff_unit"].map(plain_unit).map(known)
    table = table.assign(cutoff=table["cutoff"] * factor, cutoff_unit=study.marker.unit)
    return table[factor.notna()]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def _add(
    results: Results, rows: pd.DataFrame, endpoint: str, model: str, term: str | None = None
) -> None:
    for row in rows.to_dict("records"):
        n, events = int(row["n_high"] + row["n_low"]), int(row["events"])
        at, note = float(row["cutoff"]), row["note"] or None
        where = {"endpoint": endpoint, "population": row["population"], "model": model}
        where |= {"term": term} if term else {}
        shared: dict[str, Any] = {"n": n, "events": events, "at": at, "note": note}
        test = Estimate(
            "logrank",
            _known(row["chi_square"]),
            df=1,
            p_value=_known(row["p_value"]),
            method="Log-rank at each admissible cut-off, fixed beforehand",
            **shared,
        )
        if test.estimate is None:
            reason = test.note or Code.NO_EVENT_AT_RISK_TOGETHER.say()
            test = test.but(df=None, p_value=None, note=reason)
        results.add(
            [
                _ratio("hazard_ratio", row["log_hazard_ratio"], row["std_error"], **shared),
                test,
            ],
            contrast=MARKER,
            **where,
        )
        if row["population"] == "all":
            product = _ratio(
                "ratio_of_hazard_ratios",
                row["interaction_log_ratio"],
                row["interaction_std_error"],
                **shared,
            )
            if product.estimate is not None:
                ratio = row["interaction_log_ratio"] / row["interaction_std_error"]
                product = product.but(p_value=float(2 * norm.sf(abs(ratio))))
            results.add(product, **where)


def _ratio(statistic: str, log_ratio: float, error: float, **shared: Any) -> Estimate:
    fields = {"method": EACH, **shared}
    if not np.isfinite([log_ratio, error]).all():
        note = shared.get("note") or Code.FEW_IN_A_GROUP.say()
        return unsupported(statistic, note, **{k: v for k, v in fields.items() if k != "note"})
    low, middle, high = np.exp(log_ratio + Z * error * np.array([-1, 0, 1]))
    return Estimate(statistic, float(middle), float(low), float(high), float(error), **fields)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _curve(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows[np.isfinite(rows["log_hazard_ratio"]) & np.isfinite(rows["std_error"])]
    middle, spread = known["log_hazard_ratio"], Z * known["std_error"]
    return pd.DataFrame(
        {
            "x": known["cutoff"],
            "y": np.exp(middle),
            "y_low": np.exp(middle - spread),
            "y_high": np.exp(middle + spread),
            "at_risk": known["n_high"],
        }
    )
