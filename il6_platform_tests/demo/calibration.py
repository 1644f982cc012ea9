"""Patients that meet the published figures: their courses, responses, markers, ages, follow-up.

Progression is drawn for each arm by itself until the arm's own log-rank P is met, then pairs of
such arms are tried until the P between the arms is met. Responders are chosen in each group, as
many as the chi-square tests need, and the marker's values are dealt out within the groups until
Youden's index has its one clear maximum between them; likewise those of CEA.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from scipy.special import chdtrc

from il6_platform_tests.demo.target import Target

SEED = 1706
DAYS_PER_MONTH = 30.4375
P_ACCURACY = 0.002
"""How near a P value must come: well inside the interval that rounds to the published one."""
SD_ACCURACY = 0.02
MONTHS_ACCURACY = 0.3
YOUDEN_MARGIN = 0.02
"""By how much the cut-off's Youden index must beat every other cut-off's."""

EARLIER_MARGIN = 0.03
"""By how much another cut-off beats it in the last export but one."""

PROGRESSION_MEDIAN = {
    ("control", "high"): 5.5,
    ("control", "low"): 10.5,
    ("experimental", "high"): 11.0,
    ("experimental", "low"): 11.5,
}
"""Months to true progression; scans find it later."""
PROGRESSION_SHAPE = 1.4

RESPONDERS = {
    ("control", "high"): 2,
    ("control", "low"): 8,
    ("experimental", "high"): 10,
    ("experimental", "low"): 6,
}
"""Responses at the two-month assessment: a difference on chemotherapy alone, none beside it."""

CEA_LOW = {True: 16, False: 5}
"""Patients with a low CEA, of those who respond and of those who do not."""

MARKER_LOG_SD, CEA_LOG_SD = 0.95, 1.2
MARKER_LIMITS = 1.5, 5000.0
FIRST_DEATH = 186
"""Day before which nobody dies or is lost: the shortest follow-up is that of the last enrolled."""

CENSORED, PROGRESSED, DIED = 0, 1, 2

Numbers = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Slot:
    """A patient before the disease takes its course: arm, marker group, start and planned scans."""

    arm: str
    group: str
    start: date
    observed_days: int
    scans: list[tuple[int, bool]]
    """Day since start, and whether the scan could be evaluated."""


@dataclass(frozen=True)
class Course:
    """Progression-free survival of patients as scans show it; arrays by patient (last axis)."""

    days: Numbers
    outcome: Numbers
    lost: Numbers

    def __getitem__(self, chosen: Any) -> Course:
        return Course(self.days[chosen], self.outcome[chosen], self.lost[chosen])

    def beside(self, other: Course) -> Course:
        """Return the patients of both, draw by draw."""
        return Course(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)], axis=-1)
                for name in ("days", "outcome", "lost")
            )
        )


@dataclass(frozen=True)
class Calibrated:
    """What is known of the analysed patients before their records are written."""

    slots: list[Slot]
    course: Course
    responds: Numbers
    markers: Numbers
    cea: Numbers
    births: list[date]
    death: Numbers
    """Day of death, -1 for who is alive at the end."""
    end: Numbers
    resected: Numbers


def logrank(days: Numbers, event: Numbers, first: Numbers) -> tuple[Numbers, Numbers]:
    """Log-rank test of many data sets at once.

    Parameters
    ----------
    days, event
        Data sets by patients.
    first
        Which patients are of the first group.

    Returns
    -------
    tuple
        P value and observed minus expected events of the first group, of each data set.
    """
    at_risk = days[:, None, :] >= days[:, :, None]
    n = at_risk.sum(2)
    n1 = at_risk[:, :, first].sum(2)
    deaths = ((days[:, None, :] == days[:, :, None]) & event[:, None, :]).sum(2)
    excess = np.where(event, first - n1 / n, 0).sum(1)
    # summed over patients with an event, so that a time with d events is counted d times
    spread = np.where(event, n1 * (n - n1) * (n - deaths) / (n * n * np.maximum(n - 1, 1)), 0).sum(
        1
    )
    return chdtrc(1, excess**2 / spread), excess


def weekday(day: date) -> date:
    """Return the day itself, or the Monday after a weekend."""
    return day + timedelta(max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def plan(rng: np.random.Generator, arm: str, group: str, start: date, last_export: date) -> Slot:
    """Plan scans: every 8 weeks, after 18 months every 12; some missed or unreadable.

    Nobody misses the first, the two-month assessment.
    """
    observed = (last_export - start).days
    scans: list[tuple[int, bool]] = []
    day = 0
    while day < observed:
        day += 56 if day < 540 else 84
        seen = (weekday(start + timedelta(day + int(rng.integers(-5, 7)))) - start).days
        missed, readable = rng.random() < 0.04, bool(rng.random() > 0.05)
        if seen <= observed and not (scans and missed):
            scans.append((seen, readable or not scans))
    return Slot(arm, group, start, observed, scans)


def disease(rng: np.random.Generator, slots: list[Slot], draws: int, longest: float) -> Course:
    """Draw the disease's course in each slot, many times; follow-up lasts `longest` months."""
    columns = []
    for slot in slots:
        median = PROGRESSION_MEDIAN[slot.arm, slot.group] * DAYS_PER_MONTH
        scale = median / np.log(2) ** (1 / PROGRESSION_SHAPE)
        progression = scale * rng.weibull(PROGRESSION_SHAPE, draws)
        death = np.ceil(FIRST_DEATH + rng.exponential(110 * DAYS_PER_MONTH, draws))
        lost = np.ceil(FIRST_DEATH + rng.exponential(60 * DAYS_PER_MONTH, draws))
        lost = np.minimum(lost, np.floor(longest * DAYS_PER_MONTH))
        end = np.minimum(lost, slot.observed_days)
        scans = np.array([day for day, readable in slot.scans if readable], dtype=float)
        found = np.append(scans, np.inf)[np.searchsorted(scans, progression)]
        last = np.append(0.0, scans)[np.searchsorted(scans, end, side="right")]
        died = (death <= found) & (death <= end)
        progressed = ~died & (found <= end)
        columns.append(
            (
                np.select([died, progressed], [death, found], last),
                np.select([died, progressed], [DIED, PROGRESSED], CENSORED),
                lost,
            )
        )
    days, outcome, lost = (np.stack(column, axis=1) for column in zip(*columns, strict=True))
    return Course(days.astype(int), outcome, lost.astype(int))


def arm_courses(
    rng: np.random.Generator, slots: list[Slot], p_value: float, longest: float
) -> Course:
    """Return the draws of an arm in which high against low has the wanted P."""
    course = disease(rng, slots, 20_000, longest)
    high = np.array([slot.group == "high" for slot in slots])
    p, _ = logrank(course.days, course.outcome != CENSORED, high)
    may_respond = ~progressed_at_first(slots, course)
    enough = np.ones(len(course.days), dtype=bool)
    for group in ("high", "low"):
        of_group = np.array([slot.group == group for slot in slots])
        enough &= may_respond[:, of_group].sum(1) >= RESPONDERS[slots[0].arm, group]
    return course[(np.abs(p - p_value) < P_ACCURACY) & (course.days > 0).all(1) & enough]


def progressed_at_first(slots: list[Slot], course: Course) -> Numbers:
    """Return who progressed by the first scan, draw by draw."""
    first = np.array([slot.scans[0][0] for slot in slots])
    return np.asarray((course.outcome == PROGRESSED) & (course.days <= first))


def choose_responders(rng: np.random.Generator, slots: list[Slot], course: Course) -> Numbers:
    """Choose who responds at two months: those with longer control of the disease, mostly."""
    responds = np.zeros(len(slots), dtype=bool)
    can = ~progressed_at_first(slots, course)
    for (arm, group), number in RESPONDERS.items():
        of_group = np.array([(slot.arm, slot.group) == (arm, group) for slot in slots])
        weight = np.where(of_group & can, course.days.astype(float) ** 1.5, 0.0)
        chosen = rng.choice(len(slots), number, replace=False, p=weight / weight.sum())
        responds[chosen] = True
    return responds


def deal(rng: np.random.Generator, case: Numbers, high: Numbers, values: Numbers) -> Numbers | None:
    """Deal sorted values to patients so that Youden's index of the cases peaks between the groups.

    Returns the values by patient; None where no deal was found.
    """
    gain = np.where(case, 1 / case.sum(), -1 / (~case).sum())
    above, below = np.flatnonzero(high), np.flatnonzero(~high)
    dealt = np.empty(len(case))
    # away from the cut-off, upwards through the high and downwards through the low
    for patients, ladder, sign in (
        (above, values[len(below) :], 1),
        (below, values[: len(below)][::-1], -1),
    ):
        orders = rng.permuted(np.tile(patients, (4000, 1)), axis=1)
        lost = np.cumsum(sign * gain[orders], axis=1)
        good = np.flatnonzero((lost > YOUDEN_MARGIN).all(1))
        if not len(good):
            return None
        # of the deals that will do, the one whose ROC curve is the fullest
        dealt[orders[good[np.argmin(lost[good].mean(1))]]] = ladder
    return dealt


def ladder(rng: np.random.Generator, n: int, n_low: int, cutoff: float, log_sd: float) -> Numbers:
    """Draw sorted values, of which the lowest of the high is the cut-off, a step above the low."""
    while True:
        values = np.sort(np.exp(log_sd * rng.normal(size=n)))
        values = np.round(values * cutoff / values[n_low], 2)
        step = values[n_low] - values[n_low - 1]
        few = 3 <= (values < MARKER_LIMITS[0]).sum() <= 7
        if 0.15 < step < 0.6 and few and values[0] > 0.3 and values[-1] < 40 * cutoff:
            return values


def calibrate(target: Target) -> Calibrated:
    """Find patients that meet the target."""
    rng = np.random.default_rng([SEED, 1])
    slots = _slots(rng, target)
    split = target.sizes["control", "high"] + target.sizes["control", "low"]
    longest = target.follow_up[2]
    control = arm_courses(rng, slots[:split], target.p_value["control"], longest)
    experimental = arm_courses(rng, slots[split:], target.p_value["experimental"], longest)
    high = np.array([slot.group == "high" for slot in slots])
    is_experimental = np.array([slot.arm == "experimental" for slot in slots])
    for _ in range(200):
        pairs = control[rng.integers(len(control.days), size=2000)].beside(
            experimental[rng.integers(len(experimental.days), size=2000)]
        )
        p, excess = logrank(pairs.days, pairs.outcome != CENSORED, is_experimental)
        wanted = (np.abs(p - target.p_value["all"]) < P_ACCURACY) & (excess < 0)
        # the conclusion: a difference with a high marker, none with a low one
        for group, shows in ((high, True), (~high, False)):
            part = pairs[:, group]
            p, excess = logrank(part.days, part.outcome != CENSORED, is_experimental[group])
            wanted &= (p < 0.03) & (excess < 0) if shows else p > 0.3
        for found in np.flatnonzero(wanted):
            made = _fill(rng, target, slots, pairs[found], high)
            if made is not None:
                return made
    raise RuntimeError("no registry meets the study's claims; change the seed or the medians")


def _slots(rng: np.random.Generator, target: Target) -> list[Slot]:
    first, last = target.period
    days = np.sort(rng.uniform(0, (last - first).days, target.n)).astype(int)
    days[:2], days[-2:] = (4, 19), ((last - first).days - 16, (last - first).days - 3)
    starts = iter(rng.permutation(days))
    return [
        plan(
            rng,
            arm,
            group,
            min(weekday(first + timedelta(int(next(starts)))), last),
            target.exports[-1],
        )
        for (arm, group), size in target.sizes.items()
        for _ in range(size)
    ]


def _fill(
    rng: np.random.Generator, target: Target, slots: list[Slot], course: Course, high: Numbers
) -> Calibrated | None:
    """Add what goes with the courses: responses, markers, follow-up, ages."""
    responds = choose_responders(rng, slots, course)
    n_low = int((~high).sum())
    markers = deal(rng, ~responds, high, ladder(rng, target.n, n_low, target.cutoff, MARKER_LOG_SD))
    low = np.zeros(len(slots), dtype=bool)
    for response, number in CEA_LOW.items():
        low[rng.choice(np.flatnonzero(responds == response), number, replace=False)] = True
    cea = deal(
        rng, ~responds, ~low, ladder(rng, target.n, int(low.sum()), target.cea_cutoff, CEA_LOG_SD)
    )
    ends = _follow_up(rng, target, slots, course)
    if markers is None or cea is None or ends is None:
        return None
    if not cutoff_moves(slots, responds, markers, target.cutoff, target.exports[-2]):
        return None
    resected = np.zeros(len(slots), dtype=bool)
    resected[rng.choice(len(slots), target.resected, replace=False)] = True
    births = birth_dates(target, [slot.start for slot in slots])
    return Calibrated(slots, course, responds, markers, cea, births, *ends, resected)


def cutoff_moves(
    slots: list[Slot], responds: Numbers, markers: Numbers, at: float, day: date
) -> bool:
    """Say whether an earlier export clearly has another cut-off by Youden: a registry grows."""
    here = np.array([slot.start <= day for slot in slots])
    seen = np.array([slot.start + timedelta(slot.scans[0][0]) <= day for slot in slots])
    case, values = ~(responds & seen)[here], markers[here]
    index = {}
    for cutoff in np.unique(values):
        high = values >= cutoff
        if min(high.sum(), (~high).sum()) >= 10:
            index[float(cutoff)] = high[case].mean() - high[~case].mean()
    return max(index.values()) - index.get(at, 0.0) > EARLIER_MARGIN


def _follow_up(
    rng: np.random.Generator, target: Target, slots: list[Slot], course: Course
) -> tuple[Numbers, Numbers] | None:
    """Draw death after progression and the end of follow-up until its figures are met."""
    observed = np.array([slot.observed_days for slot in slots])
    months, shortest, longest = target.follow_up
    latest = round(longest * DAYS_PER_MONTH)
    progressed, died = course.outcome == PROGRESSED, course.outcome == DIED
    for _ in range(4000):
        after = 10 * DAYS_PER_MONTH / np.log(2) ** (1 / 1.3) * rng.weibull(1.3, len(slots))
        death = np.where(progressed, np.maximum(course.days + after, FIRST_DEATH), np.inf)
        death = np.where(died, course.days, np.floor(death))
        left = course.days + 45 + rng.exponential(14 * DAYS_PER_MONTH, len(slots))
        left = np.where(progressed, np.maximum(left, FIRST_DEATH), course.lost)
        end = np.floor(np.minimum(np.minimum(left, observed), latest))
        dead = death <= np.where(died, np.inf, end)
        end = np.where(dead, death, end)
        one = int(np.argmax(np.where(dead | (observed < latest), -1, end)))
        if end[one] > 0.7 * latest and progressed[one]:
            end[one] = latest
        found = np.array([np.median(end), end.min(), end.max()]) / DAYS_PER_MONTH
        if (np.abs(found - [months, shortest, longest]) < MONTHS_ACCURACY).all():
            return np.where(dead, death, -1).astype(int), end.astype(int)
    return None


def completed_years(birth: date, day: date) -> int:
    """Return the age in completed years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def birth_dates(target: Target, starts: list[date]) -> list[date]:
    """Draw birth dates whose ages in completed years have the published median and SD."""
    rng = np.random.default_rng([SEED, 2])
    while True:
        drawn = rng.normal(size=len(starts))
        ages = target.age_median + 0.2
        ages = ages + (drawn - np.median(drawn)) * target.age_sd / drawn.std(ddof=1)
        births = [
            start - timedelta(round(age * 365.25)) for start, age in zip(starts, ages, strict=True)
        ]
        years = [completed_years(birth, day) for birth, day in zip(births, starts, strict=True)]
        if (
            abs(np.std(years, ddof=1) - target.age_sd) < SD_ACCURACY
            and np.median(years) == target.age_median
            and min(years) > 32
            and max(years) < 88
        ):
            return births
