"""analysis.monitoring: what so many looks at growing data allow to be said, and how long it takes.

Each published refresh is a look and spends a part of alpha (Lan & DeMets, Biometrika 1983); the
boundary at today's information fraction, after the looks really taken, is what P must reach today.
The events at which all information is there are the plan's, or those computed at the first look.
Whether or not there is a plan, the events that the planned effect needs are set against those there
are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from il6_platform.analysis.cohort import CONTRASTS, MARKER, Cohort
from il6_platform.analysis.papers import Paper
from il6_platform.analysis.results import Results
from il6_platform.analysis.spec import Spec, Topic, technique
from il6_platform.cohort.looks import Look
from il6_platform.statistics import design
from il6_platform.statistics import group_sequential as sequential
from il6_platform.statistics.codes import Code
from il6_platform.statistics.estimate import Estimate, unsupported
from il6_platform.statistics.prediction import months_to_events
from il6_platform.statistics.regression import cox
from il6_platform.statistics.survival import logrank, logrank_limits, logrank_z
from il6_platform.study import Monitoring, Planned, Study
from il6_platform.time_units import DAYS_PER_MONTH

SPEC = Spec(
    place=170,
    looks_back=True,
    draws_curves=True,
    figure="looks_at_growing_data",
    techniques=(
        technique(
            Topic.TESTS,
            "boundaries by Lan and DeMets' spending",
            "boundary",
            "alpha_spent",
            papers=(Paper.LAN,),
        ),
        technique(
            Topic.TESTS,
            "repeated intervals and P values",
            "logrank_repeated",
            "hazard_ratio_repeated",
            papers=(Paper.JENNISON,),
        ),
        technique(
            Topic.TESTS,
            "conditional and predictive power",
            *("conditional_power", "conditional_power_planned", "predictive_power"),
        ),
        technique(
            Topic.TESTS,
            "Schoenfeld's required events",
            *("required_events", "required_events_interaction", "power", "power_interaction"),
            *("detectable_hazard_ratio", "detectable_ratio_of_hazard_ratios"),
            papers=(Paper.SCHOENFELD,),
        ),
        technique(
            Topic.TESTS, "time to those events, simulated from the rates seen", "months_to_events"
        ),
        technique(Topic.TESTS, "the fraction of the planned events", "information_fraction"),
        technique(Topic.TESTS, "nominal P values", "logrank_z"),
        technique(
            Topic.TESTS,
            "the planned events fixed by the plan, or at the first look",
            "planned_events",
        ),
    ),
)


def analyse(cohort: Cohort, study: Study) -> Results:
    """Boundary, repeated interval, power today; events and date that the planned effect needs."""
    results = Results("monitoring")
    planned = study.planned
    if planned is None:
        reason = Code.NOTHING_PLANNED.say()
        results.add(unsupported("required_events", reason, n=len(cohort)))
        return results
    if planned.endpoint not in study.endpoints:
        reason = Code.ENDPOINT_NOT_IN_STUDY.say(endpoint=planned.endpoint)
        results.add(unsupported("required_events", reason, n=len(cohort)))
        return results
    cohort = cohort.having(planned.endpoint)
    needed = _requirements(results, cohort, study, planned)
    if study.monitoring is not None and needed is not None:
        _look(results, cohort, study, needed)
    return results


def _requirements(results: Results, cohort: Cohort, study: Study, planned: Planned) -> float | None:
    """Add events needed, power of those there are, and when they will be there."""
    _, event = cohort.survival(planned.endpoint)
    events, arm = int(event.sum()), cohort.group("experimental")
    where = {"endpoint": planned.endpoint, "contrast": "experimental vs control"}
    if not 0 < arm.sum() < len(cohort):
        reason = Code.ONE_ARM_HAS_PATIENTS.say()
        results.add(unsupported("required_events", reason, n=len(cohort), events=events), **where)
        return None
    fraction = float(arm.mean())
    plan: dict[str, Any] = {"alpha": planned.alpha, "power": planned.power}
    ratio = planned.hazard_ratio
    needed = design.required_events(ratio, fraction=fraction, **plan)
    rows = [
        needed.but(events=events),
        design.power(events, ratio, fraction=fraction, alpha=planned.alpha),
        design.detectable_hazard_ratio(events, fraction=fraction, **plan),
    ]
    target = _rounded_up(needed)
    rows.append(_date(cohort, study, planned, target, "required_events"))
    results.add([row.but(n=len(cohort)) for row in rows], **where, model="planned effect")
    high = cohort.group("high")
    if 0 < high.sum() < len(cohort):
        share = float(high.mean())
        of_product = design.interaction_events(
            planned.ratio_of_hazard_ratios, fraction=fraction, marker_fraction=share, **plan
        )
        rows = [
            of_product.but(events=events),
            design.power(
                events,
                planned.ratio_of_hazard_ratios,
                fraction=fraction,
                marker_fraction=share,
                alpha=planned.alpha,
            ),
            design.detectable_hazard_ratio(
                events, fraction=fraction, marker_fraction=share, **plan
            ),
            _date(cohort, study, planned, _rounded_up(of_product), "interaction"),
        ]
        results.add(
            [row.but(n=len(cohort)) for row in rows],
            endpoint=planned.endpoint,
            contrast=MARKER,
            model="planned interaction",
        )
    return target


def _rounded_up(needed: Estimate) -> float | None:
    return None if needed.estimate is None else float(math.ceil(needed.estimate))


def _date(
    cohort: Cohort, study: Study, planned: Planned, needed: float | None, purpose: str
) -> Estimate:
    """Predict the months to the events needed; the note says the date in words."""
    if needed is None:
        return unsupported("months_to_events", design.NOTHING_TO_DETECT, n=len(cohort))
    if not cohort.has_calendar:
        return unsupported("months_to_events", Code.NO_CALENDAR.say(), n=len(cohort))
    time, event = cohort.survival(planned.endpoint)
    starts = pd.to_datetime(cohort.patients["TRTSDT"])
    today = pd.to_datetime(cohort.patients["LSTALVDT"]).max()
    enrolling = (today - starts.min()).days / DAYS_PER_MONTH
    alive = cohort.patients["DTHDT"].isna().to_numpy()
    found = months_to_events(
        needed,
        events=int(event.sum()),
        exposure=float(time.sum()),
        at_risk=int((~event & alive).sum()),
        enrolled=len(cohort),
        enrolling=enrolling,
        rng=study.rng(f"prediction of {purpose}"),
        replicates=max(study.replicates, 200),
    )
    if not found.estimate:
        return found

    def month(after: float | None) -> str:
        if after is None:
            return "beyond a hundred years"
        return (today + pd.Timedelta(days=after * DAYS_PER_MONTH)).strftime("%Y-%m")

    words = Code.PROJECTED.say(
        needed=needed,
        rate=len(cohort) / enrolling,
        middle=month(found.estimate),
        low=month(found.ci_low),
        high=month(found.ci_high),
    )
    return found.but(note=words)


def _look(results: Results, cohort: Cohort, study: Study, target: float) -> None:
    """Add today's look: information fraction, boundary, repeated interval and P, powers."""
    plan, planned = study.monitoring, study.planned
    assert plan is not None
    assert planned is not None
    inside = cohort.compared(plan.population, plan.contrast)
    time, event = inside.survival(planned.endpoint)
    first = inside.first(plan.contrast)
    where: dict[str, Any] = {
        "endpoint": planned.endpoint,
        "population": plan.population,
        "contrast": plan.contrast,
        "model": "group sequential",
    }
    events, earlier = int(event.sum()), _earlier(cohort, plan, planned)
    # information is measured against what was planned at the first look, whoever came since
    kept = earlier[0].planned if earlier else target
    given = plan.events or planned.events
    final = float(given or kept)
    source = "Fixed by the plan" if given else "Computed at the first look, with the arms of then"
    fields: dict[str, Any] = {"n": len(inside), "events": events}
    test = logrank(time, event, first)
    (ratio,) = cox(pd.DataFrame({"the group": first.astype(float)}), time, event).estimates()
    fraction = min(1.0, events / final)
    information = [
        Estimate(
            "information_fraction",
            fraction,
            method=f"Events of {final:.0f} planned",
            note=Code.ALL_EVENTS.say() if events >= final else None,
            **fields,
        ),
        Estimate("planned_events", final, method=source, **fields),
    ]
    results.add(information, **where)
    # positive in the direction of benefit of the first group, who may have had no event
    z = logrank_z(time, event, first)
    alone = min(int(first.sum()), int((~first).sum())) < 2
    if z is None or not fraction or alone:
        reason = test.note or (Code.FEWER_THAN_2_IN_A_GROUP if alone else Code.NO_EVENTS).say()
        results.add(unsupported("boundary", reason, **fields), **where)
        return
    taken = {min(1.0, look.events / final) for look in earlier if look.events}
    # a look that brought no event spends nothing: it is the look before, once more
    looks = sorted(look for look in taken | {fraction} if look <= fraction)
    limits = _boundary(results, looks, plan, planned.endpoint)
    rows = _tests(z, test, looks, limits, plan, study)
    today = limits.iloc[len(looks) - 1]
    if ratio.estimate is None:
        rows.append(unsupported("hazard_ratio_repeated", ratio.note or ""))
    elif np.isfinite(today["z"]):
        # of the test's own family: it holds 1 exactly where the boundary is not reached
        low, high = logrank_limits(time, event, first, ratio.estimate, float(today["z"]))
        words = "Repeated confidence interval (Jennison & Turnbull 1989) of the log-rank test"
        words += f", boundary {today['z']:.4f}"
        rows.append(Estimate("hazard_ratio_repeated", ratio.estimate, low, high, method=words))
    else:
        rows.append(unsupported("hazard_ratio_repeated", Code.NO_ALPHA_SPENT.say()))
    if fraction < 1:
        share = float(first.mean())
        drift = math.sqrt(final * share * (1 - share)) * -math.log(planned.hazard_ratio)
        # to show what is planned: where that is a harm, what speaks for it is below 0
        side = math.copysign(1.0, drift)
        final_z = float(limits.iloc[-1]["z"])
        rows += _powers(side * z, fraction, final_z=final_z, drift=abs(drift))
    results.add([row.but(at=fraction, **fields) for row in rows], **where)


def _tests(
    z: float,
    test: Estimate,
    looks: list[float],
    limits: pd.DataFrame,
    plan: Monitoring,
    study: Study,
) -> list[Estimate]:
    """Return today's boundary, Z, repeated P and alpha spent."""
    today = limits.iloc[len(looks) - 1]
    words = f"Lan & DeMets 1983, {plan.spending.replace('_', '-')} type, look {len(looks)}"
    note = Code.NOT_CROSSED.say()
    if abs(z) >= today["z"]:
        code = Code.CROSSED_FOR_FIRST if z > 0 else Code.CROSSED_FOR_SECOND
        note = code.say(favoured=_favoured(plan, study, z))
    return [
        Estimate(
            "boundary",
            float(today["z"]),
            p_value=float(today["nominal_p"]),
            method=f"{words}; P is the boundary's nominal level",
            note=note,
        ),
        Estimate("logrank_z", z, p_value=test.p_value, method="Log-rank, nominal P"),
        Estimate(
            "logrank_repeated",
            z,
            p_value=_repeated_p(z, looks, _spending(plan)),
            method=f"Repeated P value (Jennison & Turnbull 2000); {words}",
        ),
        Estimate("alpha_spent", float(today["spent"]), method=words),
    ]


def _powers(z: float, fraction: float, *, final_z: float, drift: float) -> list[Estimate]:
    """Return what the rest may still show: by the planned effect, by the trend, by both."""
    return [
        sequential.conditional_power(z, fraction, final_z=final_z, drift=drift).but(
            statistic="conditional_power_planned"
        ),
        sequential.conditional_power(z, fraction, final_z=final_z),
        sequential.predictive_power(z, fraction, final_z=final_z),
    ]


def _spending(plan: Monitoring) -> str:
    return f"lan_demets_{plan.spending}"


def _favoured(plan: Monitoring, study: Study, z: float) -> str:
    """Return what the group is called that a positive or negative Z speaks for."""
    labels = {
        "experimental": study.arms.experimental_label,
        "control": study.arms.control_label,
        "high": f"high {study.marker.label}",
        "low": f"low {study.marker.label}",
    }
    first, second = CONTRASTS[plan.contrast]
    return labels[first if z > 0 else second]


def _earlier(cohort: Cohort, plan: Monitoring, planned: Planned) -> list[Look]:
    """Return the looks taken before at the comparison that is monitored."""
    wanted = (planned.endpoint, plan.population, plan.contrast)
    return [
        look for look in cohort.looks if (look.endpoint, look.population, look.contrast) == wanted
    ]


def _boundary(
    results: Results, looks: list[float], plan: Monitoring, endpoint: str
) -> pd.DataFrame:
    """Return the boundary at the looks taken, at those planned and at the end; add its curve."""
    ahead = sorted({look for look in (*plan.looks, 1.0) if look > looks[-1] + 1e-9})
    limits = sequential.boundaries([*looks, *ahead], kind=_spending(plan), alpha=plan.alpha)
    drawn = limits[np.isfinite(limits["z"])]
    results.add_curve(
        pd.DataFrame({"x": drawn["fraction"], "y": drawn["z"]}),
        population=plan.population,
        endpoint=endpoint,
        grp="boundary",
    )
    return limits


def _repeated_p(z: float, looks: list[float], kind: str) -> float | None:
    """Return the smallest alpha at which this look's boundary would have been reached."""

    def short_of(log_alpha: float) -> float:
        last = sequential.boundaries(looks, kind=kind, alpha=math.exp(log_alpha)).iloc[-1]["z"]
        return float(min(last, 40.0)) - abs(z)

    least, most = math.log(1e-10), math.log(1 - 1e-6)
    if short_of(most) > 0:
        return 1.0
    return math.exp(brentq(short_of, least, most, xtol=1e-4)) if short_of(least) > 0 else 1e-10
