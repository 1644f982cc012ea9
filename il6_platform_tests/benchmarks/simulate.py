"""What the statistics do at the study's size, by simulation.

`python -m il6_platform_tests.benchmarks.simulate [--replicates N] [--quick] [--jobs N]` prints
Markdown tables: type I error of every test, coverage of every interval, and how often a marker
without any bearing on outcome yields a "significant" cut-off. `test_simulation` runs small, fixed
versions of the same.

A simulated study has the published groups: 24 patients with chemotherapy alone, 12 of them with a
high marker, and 29 with bevacizumab, 19 of them with a high marker. Times are exponential, median 9
months in the control arm, in whole days; follow-up is uniform between 12 and 36 months.
"""

from __future__ import annotations

import argparse
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from scipy.stats import norm

from il6_platform.statistics.assay_error import regrouped_patients, regrouping_probability
from il6_platform.statistics.competing_risks import aalen_johansen, fine_gray, gray_test
from il6_platform.statistics.continuous import effect_by_marker, log2_marker, spline_marker
from il6_platform.statistics.cutoff_rules import Rule
from il6_platform.statistics.cutoff_validation import interaction_test, permutation_test
from il6_platform.statistics.estimate import Estimate
from il6_platform.statistics.heterogeneity import (
    cochran_mantel_haenszel,
    interaction_permutation,
    odds_ratio_homogeneity,
    risk_difference_interaction,
    rmst_interaction,
    tables_by_stratum,
)
from il6_platform.statistics.landmark import landmark_by_start
from il6_platform.statistics.maximal_selection import maxstat
from il6_platform.statistics.meta_analysis import random_effects
from il6_platform.statistics.proportions import (
    chi_square,
    fisher_exact,
    proportion,
    risk_difference,
)
from il6_platform.statistics.regression import cox, interaction
from il6_platform.statistics.risk_sets import log_rank_all
from il6_platform.statistics.roc import auc, outcome_by
from il6_platform.statistics.shrinkage import posterior, sceptical
from il6_platform.statistics.simultaneous_bands import KINDS, confidence_band
from il6_platform.statistics.small_sample import firth_cox, fisher_mid_p, permutation_logrank
from il6_platform.statistics.survival import kaplan_meier, logrank, rmst_difference
from il6_platform.statistics.time_dependent_roc import auc_at, uno_concordance

ARM = np.repeat([0, 1], [24, 29])
HIGH = np.repeat([1, 0, 1, 0], [12, 12, 19, 10])
DAY = 1 / 30.4375
MEDIAN = 9.0
LANDMARK = 12.0
RESPONSE = 0.45
HAZARD_RATIO = 0.6
INTERACTION = 0.5
SHIFT = 0.75
"""Responders' log marker is higher by so many standard deviations: an AUC of 0.70."""

Results = dict[str, float]
Study = Callable[[np.random.Generator], Results]


@dataclass(frozen=True)
class Patients:
    """One simulated study; arrays of one value a patient."""

    time: NDArray[np.float64]
    event: NDArray[np.bool_]
    response: NDArray[np.bool_]
    marker: NDArray[np.float64]


def draw(
    rng: np.random.Generator,
    *,
    hazard: NDArray[np.float64] | float = 1.0,
    rate: NDArray[np.float64] | float = RESPONSE,
    shift: float = 0.0,
    longest: NDArray[np.float64] | float = 36.0,
) -> Patients:
    """Draw a study.

    `hazard` multiplies the control hazard and `rate` is the chance to respond, by patient; `shift`
    is how much higher responders' log markers are; `longest` the end of follow-up, which starts at
    a third of it.
    """
    n = len(ARM)
    time = rng.exponential(MEDIAN / math.log(2), n) / hazard
    followed = rng.uniform(np.broadcast_to(longest, n) / 3, longest)
    seen = np.ceil(np.minimum(time, followed) / DAY) * DAY
    response = rng.random(n) < rate
    return Patients(seen, time <= followed, response, np.exp(rng.normal(size=n) + shift * response))


def table(response: NDArray[np.bool_], first: NDArray[np.bool_]) -> list[list[int]]:
    """Counts of responders and others in the first group and in the second."""
    return [[int((g & response).sum()), int((g & ~response).sum())] for g in (first, ~first)]


def p_of(estimate: Estimate) -> float:
    """Return the P value, NaN where the data did not support the test."""
    return math.nan if estimate.p_value is None else estimate.p_value


GROUPS = {
    "24 against 29": (np.ones(len(ARM), dtype=bool), ARM == 1),
    "12 against 12": (ARM == 0, HIGH == 1),
    "19 against 10": (ARM == 1, HIGH == 1),
}
"""The published comparisons: who is in, and who is of the first group."""


def two_groups(rng: np.random.Generator) -> Results:
    """P values of tests of two groups that do not differ, by comparison."""
    patients = draw(rng)
    results = {}
    for name, (inside, first) in GROUPS.items():
        time, event, group = patients.time[inside], patients.event[inside], first[inside]
        counts = table(patients.response[inside], group)
        tests = {
            "Log-rank": logrank(time, event, group),
            "Log-rank, permutation": permutation_logrank(
                time, event, group, rng=rng, replicates=999
            ),
            "Chi-square": chi_square(counts, correction=False),
            "Chi-square, continuity correction": chi_square(counts, correction=True),
            "Fisher": fisher_exact(counts),
            "Fisher, mid-P": fisher_mid_p(counts),
        }
        results |= {f"{test}|{name}": p_of(e) for test, e in tests.items()}
    return results


def two_groups_by_models(rng: np.random.Generator) -> Results:
    """P values of Cox models of two groups that do not differ, by comparison."""
    patients = draw(rng)
    results = {}
    for name, (inside, first) in GROUPS.items():
        time, event = patients.time[inside], patients.event[inside]
        design = pd.DataFrame({"group": first[inside].astype(float)})
        fit = cox(design, time, event)
        tests = {
            "Cox, Wald": fit.estimates()[0],
            "Cox, likelihood ratio": fit.likelihood_ratio(),
            "Cox, Firth, penalised likelihood ratio": firth_cox(design, time, event)[0],
        }
        results |= {f"{test}|{name}": p_of(e) for test, e in tests.items()}
    return results


def unequal_follow_up(rng: np.random.Generator) -> Results:
    """P values without a difference, where the second arm was followed a third as long."""
    patients = draw(rng, longest=np.where(ARM == 1, 12.0, 36.0))
    time, event = patients.time, patients.event
    results = {
        "Log-rank": logrank(time, event, ARM),
        "Log-rank, permutation": permutation_logrank(time, event, ARM, rng=rng, replicates=999),
        "Cox, likelihood ratio": cox(pd.DataFrame({"arm": ARM}), time, event).likelihood_ratio(),
    }
    return {f"{name}|24 against 29": p_of(e) for name, e in results.items()}


def without_interaction(rng: np.random.Generator, prognostic: float) -> Patients:
    """Draw a study in which a high marker multiplies the hazard and divides the response."""
    high = np.where(HIGH == 1, prognostic, 1.0)
    return draw(rng, hazard=high, rate=RESPONSE / high)


def four_groups(rng: np.random.Generator, *, prognostic: float = 1.0) -> Results:
    """P values of tests of interaction, and of the arms by stratum, where there is nothing."""
    patients = without_interaction(rng, prognostic)
    time, event, response = patients.time, patients.event, patients.response
    tables = tables_by_stratum(response, ARM, HIGH)
    homogeneity = {e.statistic: e for e in odds_ratio_homogeneity(tables)}
    mantel = {e.statistic: e for e in cochran_mantel_haenszel(tables)}
    results = {
        "Interaction, likelihood ratio, permutation": interaction_permutation(
            time, event, ARM, HIGH, rng=rng, replicates=499
        ),
        "Interaction of risk differences, Newcombe": risk_difference_interaction(
            response, ARM, HIGH
        ),
        "Interaction of odds ratios, Breslow-Day": homogeneity["breslow_day"],
        "Interaction of odds ratios, Tarone": homogeneity["tarone"],
        "Arms, stratified log-rank": logrank(time, event, ARM, strata=HIGH),
        "Arms, CMH": mantel["cochran_mantel_haenszel"],
        "Arms, CMH, continuity correction": mantel["cochran_mantel_haenszel_corrected"],
    }
    return {name: p_of(e) for name, e in results.items()}


def four_groups_by_models(rng: np.random.Generator, *, prognostic: float = 1.0) -> Results:
    """P values of Cox models and restricted means for an interaction that is not there."""
    patients = without_interaction(rng, prognostic)
    time, event = patients.time, patients.event
    ratio, wald, *_ = interaction(time, event, ARM, HIGH)
    results = {
        "Interaction, likelihood ratio": ratio,
        "Interaction, Wald": wald,
        "Interaction of RMST differences": rmst_interaction(time, event, ARM, HIGH, LANDMARK),
    }
    return {name: p_of(e) for name, e in results.items()}


def continuous_marker(rng: np.random.Generator) -> Results:
    """P values of a marker that is not cut and has no bearing on outcome or treatment effect."""
    patients = draw(rng)
    data = (patients.marker, patients.time, patients.event)
    ratio, test = log2_marker(*data)
    association, curved = spline_marker(*data)
    results = {
        "log2 marker, Wald": ratio,
        "log2 marker, likelihood ratio": test,
        "Spline, association": association,
        "Spline, non-linearity": curved,
        "log2 marker by arm": effect_by_marker(*data, ARM, shape="log2").estimates[0],
        "Spline by arm": effect_by_marker(*data, ARM).estimates[0],
    }
    return {name: p_of(e) for name, e in results.items()}


def covered(estimate: Estimate, truth: float) -> float:
    """1 where the interval holds the truth, 0 where not; NaN without an interval."""
    if estimate.ci_low is None and estimate.ci_high is None:
        return math.nan
    low = -math.inf if estimate.ci_low is None else estimate.ci_low
    high = math.inf if estimate.ci_high is None else estimate.ci_high
    return float(low <= truth <= high)


CONTROL_HAZARD = math.log(2) / MEDIAN
EXPERIMENTAL_RATE = 0.6


def restricted_mean(ratio: float = 1.0) -> float:
    """True mean time to the event up to the landmark, at a ratio to the control hazard."""
    return (1 - math.exp(-CONTROL_HAZARD * ratio * LANDMARK)) / (CONTROL_HAZARD * ratio)


def with_effect(rng: np.random.Generator) -> Patients:
    """Draw a study in which treatment helps all, and responders have higher markers."""
    hazard = np.where(ARM == 1, HAZARD_RATIO, 1.0)
    rate = np.where(ARM == 1, EXPERIMENTAL_RATE, RESPONSE)
    return draw(rng, hazard=hazard, rate=rate, shift=SHIFT)


def with_interaction(rng: np.random.Generator) -> Patients:
    """Draw a study in which treatment helps patients with a high marker only."""
    helped = (ARM == 1) & (HIGH == 1)
    hazard = np.where(helped, INTERACTION, 1.0)
    return draw(rng, hazard=hazard, rate=np.where(helped, EXPERIMENTAL_RATE, RESPONSE))


def rate_intervals(rng: np.random.Generator) -> Results:
    """Whether intervals of rates and of the AUC hold the truth."""
    patients, other = with_effect(rng), with_interaction(rng)
    treated, control = (int(patients.response[chosen].sum()) for chosen in (ARM == 1, ARM == 0))
    gain = EXPERIMENTAL_RATE - RESPONSE
    return {
        "Rate, Wilson|24": covered(proportion(control, 24), RESPONSE),
        "Risk difference, Newcombe|24 against 29": covered(
            risk_difference(treated, 29, control, 24), gain
        ),
        "Difference of risk differences|12, 12, 19, 10": covered(
            risk_difference_interaction(other.response, ARM, HIGH), gain
        ),
        "AUC, DeLong|53": covered(
            auc(patients.marker, patients.response), float(norm.cdf(SHIFT / math.sqrt(2)))
        ),
    }


def survival_intervals(rng: np.random.Generator) -> Results:
    """Whether intervals of Kaplan-Meier curves and restricted means hold the truth."""
    patients, other = with_effect(rng), with_interaction(rng)
    curve = kaplan_meier(patients.time[ARM == 0], patients.event[ARM == 0])
    difference = rmst_difference(patients.time, patients.event, ARM == 1, LANDMARK)
    return {
        "Median survival, log-log|24": covered(curve.median(), MEDIAN),
        "Survival at 12 months, log-log|24": covered(
            curve.survival_at(LANDMARK), math.exp(-CONTROL_HAZARD * LANDMARK)
        ),
        "RMST to 12 months, Greenwood|24": covered(curve.rmst(LANDMARK), restricted_mean()),
        "RMST difference to 12 months|24 against 29": covered(
            difference, restricted_mean(HAZARD_RATIO) - restricted_mean()
        ),
        "Difference of RMST differences|12, 12, 19, 10": covered(
            rmst_interaction(other.time, other.event, ARM, HIGH, LANDMARK),
            restricted_mean(INTERACTION) - restricted_mean(),
        ),
    }


def model_intervals(rng: np.random.Generator) -> Results:
    """Whether intervals of hazard ratios hold the truth."""
    patients, other = with_effect(rng), with_interaction(rng)
    design = pd.DataFrame({"arm": ARM.astype(float)})
    data = (design, patients.time, patients.event)
    return {
        "Hazard ratio, Cox, Wald|24 against 29": covered(cox(*data).estimates()[0], HAZARD_RATIO),
        "Hazard ratio, Firth, profile|24 against 29": covered(firth_cox(*data)[0], HAZARD_RATIO),
        "Ratio of hazard ratios, Wald|12, 12, 19, 10": covered(
            interaction(other.time, other.event, ARM, HIGH)[0], INTERACTION
        ),
    }


def null_cutoff(rng: np.random.Generator) -> Results:
    """P values at the cut-offs of a marker that has no bearing on survival."""
    patients = draw(rng)
    data = (patients.marker, patients.time, patients.event)
    _, ranks = log_rank_all(*data)
    share = ranks.n_low / len(ARM)
    best = float(np.nanmin(ranks.p_value[(share >= 0.1) & (share <= 0.9)]))
    outcome = outcome_by(patients.time, patients.event, MEDIAN)
    naive, repeated = permutation_test(
        *data, Rule("youden", outcome=outcome), rng=rng, replicates=499
    )
    corrected = {e.statistic: e for e in maxstat(*data).p_values(rng=rng, replicates=499)}
    median = logrank(patients.time, patients.event, patients.marker >= np.median(patients.marker))
    return {
        "Median, fixed beforehand": p_of(median),
        "Cut-off with the smallest log-rank P, naive": best,
        "Cut-off by Youden's index (event by 9 months), naive log-rank": p_of(naive),
        "The same, permutation repeating the selection": p_of(repeated),
        "Maxstat, Lausen & Schumacher 1992": p_of(corrected["maxstat_p_lau92"]),
        "Maxstat, Lausen et al. 1994": p_of(corrected["maxstat_p_lau94"]),
        "Maxstat, Hothorn & Lausen 2003": p_of(corrected["maxstat_p_hl"]),
        "Maxstat, permutation": p_of(corrected["maxstat_permutation"]),
    }


def chosen_interaction(
    rng: np.random.Generator, *, prognostic: float = 1.0, replicates: int = 199
) -> Results:
    """P values of the interaction at chosen cut-offs of a marker that predicts nothing.

    The marker may be prognostic: its upper half multiplies the hazard, alike in both arms.
    """
    marker = np.exp(rng.normal(size=len(ARM)))
    high = np.where(marker >= np.median(marker), prognostic, 1.0)
    patients = draw(rng, hazard=high * np.where(ARM == 1, HAZARD_RATIO, 1.0))
    data = (marker, patients.time, patients.event, ARM)
    by_event = outcome_by(patients.time, patients.event, MEDIAN)
    smallest: dict[str, float] = {"min_share": 0.1, "min_patients": 10}
    rules = {
        "its own size": Rule("interaction", arm=ARM, **smallest),  # type: ignore[arg-type]
        "Youden's index": Rule("youden", outcome=by_event, **smallest),  # type: ignore[arg-type]
        "maxstat": Rule("maxstat", min_patients=10),
    }
    results = {}
    for name, rule in rules.items():
        naive, corrected = interaction_test(*data, rule, rng=rng, replicates=replicates)
        results[f"Cut-off by {name}, naive likelihood ratio"] = p_of(naive)
        results[f"Cut-off by {name}, permutation repeating the search"] = p_of(corrected)
    return results


def competing_events(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Times and causes (0, 1, 2) of two exponential events, two thirds of them the first one."""
    n = len(ARM)
    first = rng.exponential(MEDIAN / math.log(2), n) * 1.5
    second = rng.exponential(MEDIAN / math.log(2), n) * 3
    followed = rng.uniform(12, 36, n)
    seen = np.ceil(np.minimum(np.minimum(first, second), followed) / DAY) * DAY
    cause = np.where(first <= second, 1, 2)
    return seen, np.where(np.minimum(first, second) <= followed, cause, 0)


def competing_tests(rng: np.random.Generator) -> Results:
    """P values of tests of competing events in arms that do not differ."""
    time, cause = competing_events(rng)
    design = pd.DataFrame({"arm": ARM.astype(float)})
    tests = {
        "Gray": gray_test(time, cause, ARM),
        "Cause-specific Cox, Wald": cox(design, time, cause == 1).estimates()[0],
        "Fine and Gray, Wald": fine_gray(design, time, cause).estimates()[0],
    }
    return {name: p_of(e) for name, e in tests.items()}


STARTS_WITHIN = 28 * DAY


def immortal_time(rng: np.random.Generator) -> Results:
    """P values where a drug without effect starts in a window that not everybody survives."""
    n = 200
    time = rng.exponential(2.0, n)
    start = np.where(rng.random(n) < 0.55, rng.uniform(0, STARTS_WITHIN, n), np.inf)
    started = start <= time
    event = np.ones(n)
    landmark = landmark_by_start(
        time, event, np.where(started, start, np.nan), landmark=STARTS_WITHIN
    )
    tests = {
        "Log-rank from time zero": logrank(time, event, started),
        "Log-rank from the window's end": next(e for e in landmark if e.statistic == "logrank"),
    }
    return {name: p_of(e) for name, e in tests.items()}


SLOPE = 0.6
"""Log hazard ratio a standard deviation of the log marker, of the intervals of accuracy."""


@cache
def true_accuracy() -> tuple[float, float]:
    """AUC by the landmark and concordance up to it, from a hundred thousand uncensored patients."""
    rng = np.random.default_rng(1)
    z = rng.normal(size=100_000)
    time = rng.exponential(MEDIAN / math.log(2), len(z)) / np.exp(SLOPE * z)
    event = np.ones(5_000)
    area = auc_at(z, time, np.ones(len(z)), LANDMARK).estimate
    pairs = [
        uno_concordance(z[i : i + 5_000], time[i : i + 5_000], event, LANDMARK).estimate or 0.0
        for i in range(0, len(z), 5_000)
    ]
    return area or 0.0, float(np.mean(pairs))


def accuracy_intervals(rng: np.random.Generator) -> Results:
    """Whether intervals of AUC(t) and of Uno's C hold the truth."""
    z = rng.normal(size=len(ARM))
    patients = draw(rng, hazard=np.exp(SLOPE * z))
    area, concordance = true_accuracy()
    data = (z, patients.time, patients.event)
    return {
        "AUC at 12 months, IPCW|53": covered(auc_at(*data, LANDMARK), area),
        "Uno's C to 12 months, jackknife|53": covered(
            uno_concordance(*data, LANDMARK), concordance
        ),
    }


def incidence_intervals(rng: np.random.Generator) -> Results:
    """Whether intervals of cumulative incidence and simultaneous bands hold the truth."""
    time, cause = competing_events(rng)
    both = CONTROL_HAZARD / 1.5 + CONTROL_HAZARD / 3
    truth = (2 / 3) * (1 - math.exp(-both * LANDMARK))
    results = {
        "Cumulative incidence at 12 months, log-log|53": covered(
            aalen_johansen(time, cause).incidence_at(LANDMARK), truth
        )
    }
    patients = draw(rng)
    for kind in KINDS:
        band = confidence_band(patients.time, patients.event, kind=kind)
        # the true curve falls between the steps: it is met just before the next one as well
        before = np.append(band.times[1:], band.times[-1:])
        ends = [np.exp(-CONTROL_HAZARD * t) for t in (band.times, before)]
        held = all(((band.low <= true) & (true <= band.high)).all() for true in ends)
        results[f"Band of the whole curve, {kind.replace('_', ' ')}|53"] = float(held)
    return results


def belief_intervals(rng: np.random.Generator) -> Results:
    """Whether posterior, pooled, prediction and regrouping intervals hold the truth."""
    prior = sceptical(INTERACTION)
    truth, error = rng.normal(prior.mean, prior.sd), 0.6
    seen = posterior(rng.normal(truth, error), error, prior)
    spread, errors = 0.3, rng.uniform(0.1, 0.3, 12)
    effects = rng.normal(0.4, spread, 12)
    pooled, new, *_ = random_effects(rng.normal(effects, errors), errors)
    marker, cv = np.exp(rng.normal(1.5, 0.6, len(ARM))), 0.1
    moved = int((rng.random(len(ARM)) < regrouping_probability(marker, 4.83, cv)).sum())
    return {
        "Posterior, truth drawn from the prior|": covered(seen, math.exp(truth)),
        "Pooled effect, REML, Hartung and Knapp|12 studies": covered(pooled, 0.4),
        "Effect in a new study, prediction|12 studies": covered(new, rng.normal(0.4, spread)),
        "Patients regrouped by a repeat|53": covered(
            regrouped_patients(marker, 4.83, cv)[0], moved
        ),
    }


def simulate(study: Study, replicates: int, seed: int, jobs: int = 1) -> pd.DataFrame:
    """Return one row a simulated study; each has its own seed, so jobs change nothing."""
    children = np.random.SeedSequence(seed).spawn(replicates)
    blocks = np.array_split(np.arange(replicates), max(1, min(replicates, 8 * jobs)))

    def run(block: NDArray[np.int64]) -> list[Results]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [study(np.random.default_rng(children[i])) for i in block]

    parts = Parallel(n_jobs=jobs)(delayed(run)(block) for block in blocks)
    return pd.DataFrame([row for part in parts for row in part])


def rejected(results: pd.DataFrame, level: float = 0.05) -> pd.DataFrame:
    """Share of P values at or below the level, by test: share, error, without."""
    return summary((results <= level).astype(float).where(results.notna()))


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Mean of zeros and ones, its Monte Carlo error, and the share of studies without a result."""
    share, known = results.mean(), results.notna().sum()
    error = np.sqrt(share * (1 - share) / known)
    return pd.DataFrame({"share": share, "error": error, "without": results.isna().mean()})


def markdown(title: str, rows: pd.DataFrame, heads: tuple[str, ...]) -> str:
    """Return a table; parts of a row's name that a bar divides become columns."""
    lines = [f"### {title}", "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for name, row in rows.iterrows():
        shares = f"{row['share']:.1%} ± {row['error']:.1%}", f"{row['without']:.1%}"
        lines.append(f"| {' | '.join([*str(name).split('|'), *shares])} |")
    return "\n".join([*lines, ""])


TESTED = ("Test", "Patients", "Rejected", "No result")
TESTED_ON_ALL = ("Test", "Rejected", "No result")

TABLES: list[tuple[str, list[Study], Callable[[pd.DataFrame], pd.DataFrame], tuple[str, ...]]] = [
    (
        "Two groups that do not differ: type I error at 5%",
        [two_groups, two_groups_by_models],
        rejected,
        TESTED,
    ),
    ("The same, one arm followed a third as long", [unequal_follow_up], rejected, TESTED),
    (
        "No interaction, marker without effect: type I error at 5%",
        [four_groups_by_models, four_groups],
        rejected,
        TESTED_ON_ALL,
    ),
    (
        "No interaction, high marker with twice the hazard and half the response",
        [partial(four_groups_by_models, prognostic=2.0), partial(four_groups, prognostic=2.0)],
        rejected,
        TESTED_ON_ALL,
    ),
    (
        "Continuous marker without effect: type I error at 5%",
        [continuous_marker],
        rejected,
        TESTED_ON_ALL,
    ),
    (
        "Coverage of 95% intervals",
        [
            survival_intervals,
            model_intervals,
            rate_intervals,
            accuracy_intervals,
            incidence_intervals,
            belief_intervals,
        ],
        summary,
        ("Interval", "Patients", "Covered", "No interval"),
    ),
    (
        "Cut-off of a marker without effect: how often P is at most 5%",
        [null_cutoff],
        rejected,
        ("Cut-off and P value", "P at most 5%", "No result"),
    ),
    (
        "Interaction at a chosen cut-off, marker without effect: how often P is at most 5%",
        [chosen_interaction],
        rejected,
        ("Cut-off and P value", "P at most 5%", "No result"),
    ),
    (
        "The same, marker prognostic alike in both arms (hazard ratio 2)",
        [partial(chosen_interaction, prognostic=2.0)],
        rejected,
        ("Cut-off and P value", "P at most 5%", "No result"),
    ),
    (
        "Competing events, arms that do not differ: type I error at 5%",
        [competing_tests],
        rejected,
        TESTED_ON_ALL,
    ),
    (
        "A drug without effect that starts within 28 days: type I error at 5%",
        [immortal_time],
        rejected,
        TESTED_ON_ALL,
    ),
]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description="Simulate the study's statistics at its size.")
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="100 replicates")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; all cores by default")
    parser.add_argument("--seed", type=int, default=20230630)
    asked = parser.parse_args()
    replicates = 100 if asked.quick else asked.replicates
    jobs = asked.jobs if asked.jobs > 0 else cpu_count()
    print(f"{replicates} simulated studies a table, seed {asked.seed}; ± is one standard error.\n")
    for title, studies, count, heads in TABLES:
        results = pd.concat(
            [simulate(study, replicates, asked.seed, jobs) for study in studies], axis=1
        )
        print(markdown(title, count(results), heads), flush=True)


if __name__ == "__main__":
    main()
