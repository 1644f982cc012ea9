"""The embedded registry: synthetic exports in the native format, calibrated to a study's claims.

Belongs here: how the made-up patients of data/demo come about. Does not belong here: any published
figure; the group sizes, P values, ages and dates to meet are read from the study file.
No patient is real. `python -m il6_platform.registry.synthetic` writes the same bytes every time.

How it is calibrated: progression is drawn for each arm by itself until the arm's own log-rank P is
met, then pairs of such arms are tried until the P between the arms is met, then the marker values
are dealt out within the groups until Youden's index has its one clear maximum between them.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import chdtrc

from il6_platform.registry.native import TABLES
from il6_platform.study import EventOutcome, Published, Study, read_study

SEED = 1706
DAYS_PER_MONTH = 30.4375
P_ACCURACY = 0.002
"""How near a P value must come: well inside the interval that rounds to the published one."""
SD_ACCURACY = 0.02
YOUDEN_MARGIN = 0.02
"""By how much the cut-off's Youden index must beat every other cut-off's."""

PROGRESSION_MEDIAN = {
    ("control", "high"): 5.5,
    ("control", "low"): 10.5,
    ("experimental", "high"): 11.0,
    ("experimental", "low"): 11.5,
}
"""Months to true progression; scans find it later."""
PROGRESSION_SHAPE = 1.4
MARKER_MEDIAN, MARKER_LOG_SD = 5.2, 0.95
MARKER_LIMITS = 1.5, 5000.0
CHEMOTHERAPY = {
    "FOLFOX": ["oxaliplatin", "fluorouracil", "leucovorin"],
    "CAPOX": ["oxaliplatin", "capecitabine"],
    "FOLFIRI": ["irinotecan", "fluorouracil", "leucovorin"],
}
UNITS = {"cea": "ng/mL", "crp": "mg/L"}

CENSORED, PROGRESSED, DIED = 0, 1, 2

Row = dict[str, str]
Rows = dict[str, list[Row]]
Numbers = np.ndarray[Any, np.dtype[Any]]


# --- what to meet ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """What the study file says was published, and how the platform will compute it."""

    sizes: dict[tuple[str, str], int]
    p_value: dict[str, float]
    age_median: float
    age_sd: float
    period: tuple[date, date]
    outcome_days: float

    @classmethod
    def of(cls, study: Study) -> Target:
        """Read the claims that the registry is to reproduce."""

        def claim(**wanted: str) -> Published:
            return next(
                one
                for one in study.published
                if all(getattr(one, key) == value for key, value in wanted.items())
            )

        tests = {
            population: claim(statistic="logrank", endpoint="PFS", population=population)
            for population in ("all", "control", "experimental")
        }
        median = claim(statistic="median", term="age")
        outcome = study.cutoff.outcome
        if not isinstance(outcome, EventOutcome) or outcome.by_months is None or not median.period:
            raise ValueError("the study needs a cut-off on an event by a month, and a period")
        return cls(
            sizes={
                (arm, group): tests[arm].n[group]
                for arm in ("control", "experimental")
                for group in ("high", "low")
            },
            p_value={name: float(test.p_value or 0) for name, test in tests.items()},
            age_median=float(median.estimate or 0),
            age_sd=float(claim(statistic="sd", term="age").estimate or 0),
            period=median.period,
            outcome_days=outcome.by_months * DAYS_PER_MONTH,
        )

    @property
    def exports(self) -> list[date]:
        """Days on which the registry handed over: year ends."""
        return [date(self.period[1].year - back, 12, 31) for back in (4, 2, 1, 0)]


# --- calibration ----------------------------------------------------------------------------------


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


def plan(
    rng: np.random.Generator, arm: str, group: str, start: date, last_export: date
) -> Slot:
    """Plan a patient's scans: every 8 weeks, after 18 months every 12; some missed or unreadable."""
    observed = (last_export - start).days
    scans, day = [], 0
    while day < observed:
        day += 56 if day < 540 else 84
        seen = (weekday(start + timedelta(day + int(rng.integers(-5, 7)))) - start).days
        if rng.random() > 0.04 and seen <= observed:
            scans.append((seen, bool(rng.random() > 0.05)))
    return Slot(arm, group, start, observed, scans)


def disease(rng: np.random.Generator, slots: list[Slot], draws: int) -> Course:
    """Draw the disease's course in each slot, many times."""
    columns = []
    for slot in slots:
        median = PROGRESSION_MEDIAN[slot.arm, slot.group] * DAYS_PER_MONTH
        scale = median / np.log(2) ** (1 / PROGRESSION_SHAPE)
        progression = scale * rng.weibull(PROGRESSION_SHAPE, draws)
        death = np.ceil(20 + rng.exponential(110 * DAYS_PER_MONTH, draws))
        lost = np.ceil(75 + rng.exponential(90 * DAYS_PER_MONTH, draws))
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
    rng: np.random.Generator, slots: list[Slot], p_value: float, draws: int = 20_000
) -> Course:
    """Return the draws of an arm in which high against low has the wanted P."""
    course = disease(rng, slots, draws)
    high = np.array([slot.group == "high" for slot in slots])
    p, _ = logrank(course.days, course.outcome != CENSORED, high)
    return course[(np.abs(p - p_value) < P_ACCURACY) & (course.days > 0).all(1)]


def deal_markers(
    rng: np.random.Generator, target: Target, slots: list[Slot], course: Course, values: Numbers
) -> Numbers | None:
    """Deal sorted marker values to patients so that Youden's index peaks between the groups.

    Returns the values by patient; None where no deal was found.
    """
    case = (course.outcome != CENSORED) & (course.days <= target.outcome_days)
    control = course.days > target.outcome_days
    gain = case / case.sum() - control / control.sum()
    high = np.flatnonzero([slot.group == "high" for slot in slots])
    low = np.flatnonzero([slot.group == "low" for slot in slots])
    dealt = np.empty(len(slots))
    # away from the cut-off, upwards through the high and downwards through the low
    for patients, ladder, sign in (
        (high, values[len(low) :], 1),
        (low, values[: len(low)][::-1], -1),
    ):
        orders = rng.permuted(np.tile(patients, (4000, 1)), axis=1)
        lost = np.cumsum(sign * gain[orders], axis=1)
        good = np.flatnonzero((lost > YOUDEN_MARGIN).all(1))
        if not len(good):
            return None
        dealt[orders[good[0]]] = ladder
    return dealt


def marker_values(rng: np.random.Generator, n: int, n_low: int) -> Numbers:
    """Draw sorted marker values with a visible step between the low and the high."""
    while True:
        values = np.sort(np.round(MARKER_MEDIAN * np.exp(MARKER_LOG_SD * rng.normal(size=n)), 1))
        step = values[n_low] - values[n_low - 1]
        if 0.25 < step < 0.6 and 3 <= (values < MARKER_LIMITS[0]).sum() <= 7 and values[-1] < 90:
            return values


def calibrated(target: Target) -> tuple[list[Slot], Course, Numbers]:
    """Find patients that meet the target: their slots, courses and marker values."""
    rng = np.random.default_rng([SEED, 1])
    sizes = target.sizes
    total = sum(sizes.values())
    first, last = target.period
    days = np.sort(rng.uniform(0, (last - first).days, total)).astype(int)
    days[:2], days[-2:] = (4, 19), ((last - first).days - 16, (last - first).days - 3)
    starts = iter(rng.permutation(days))
    slots = [
        plan(
            rng,
            arm,
            group,
            min(weekday(first + timedelta(int(next(starts)))), last),
            target.exports[-1],
        )
        for (arm, group), size in sizes.items()
        for _ in range(size)
    ]
    split = sizes["control", "high"] + sizes["control", "low"]
    control = arm_courses(rng, slots[:split], target.p_value["control"])
    experimental = arm_courses(rng, slots[split:], target.p_value["experimental"])
    values = marker_values(rng, total, sizes["control", "low"] + sizes["experimental", "low"])
    is_experimental = np.array([slot.arm == "experimental" for slot in slots])
    for _ in range(50):
        pairs = control[rng.integers(len(control.days), size=2000)].beside(
            experimental[rng.integers(len(experimental.days), size=2000)]
        )
        p, excess = logrank(pairs.days, pairs.outcome != CENSORED, is_experimental)
        for found in np.flatnonzero(
            (np.abs(p - target.p_value["all"]) < P_ACCURACY) & (excess < 0)
        ):
            dealt = deal_markers(rng, target, slots, pairs[found], values)
            if dealt is not None:
                return slots, pairs[found], dealt
    raise RuntimeError("no registry meets the study's claims; change the seed or the medians")


def completed_years(birth: date, day: date) -> int:
    """Return the age in completed years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def birth_dates(target: Target, starts: list[date]) -> list[date]:
    """Draw birth dates whose ages, exact or in completed years, have the published median and SD."""
    rng = np.random.default_rng([SEED, 2])
    while True:
        drawn = rng.normal(size=len(starts))
        ages = target.age_median + 0.2
        ages = ages + (drawn - np.median(drawn)) * target.age_sd / drawn.std(ddof=1)
        births = [
            start - timedelta(round(age * 365.25))
            for start, age in zip(starts, ages, strict=True)
        ]
        years = [completed_years(birth, day) for birth, day in zip(births, starts, strict=True)]
        if (
            abs(np.std(years, ddof=1) - target.age_sd) < SD_ACCURACY
            and np.median(years) == target.age_median
            and min(years) > 32
            and max(years) < 88
        ):
            return births


# --- patients -------------------------------------------------------------------------------------


@dataclass
class Patient:
    """A patient with all that will ever be known, as rows of the native tables."""

    slot: Slot
    birth: date
    marker: float
    days: int
    outcome: int
    lost: int
    id: str = ""
    death: int | None = None
    end: int = 0
    record: Row = field(default_factory=dict)
    rows: Rows = field(
        default_factory=lambda: {"treatments": [], "labs": [], "assessments": []}
    )

    def on(self, day: int | float) -> str:
        """Return the ISO date of a day since start of treatment."""
        return (self.slot.start + timedelta(int(day))).isoformat()

    def add(self, table: str, **cells: str) -> Row:
        """Add a row to a table."""
        row = {"patient_id": self.id, **cells}
        self.rows[table].append(row)
        return row

    @property
    def experimental(self) -> bool:
        """Whether the arm is the experimental one."""
        return self.slot.arm == "experimental"

    @property
    def burden(self) -> float:
        """Marker in standard deviations of its logarithm, which other findings go along with."""
        return float(np.log(max(self.marker, 0.75) / MARKER_MEDIAN) / MARKER_LOG_SD)


def result(value: float) -> str:
    """Write a marker result as the laboratory does."""
    low, high = MARKER_LIMITS
    if value < low:
        return f"<{low:g}"
    return f">{high:g}" if value > high else f"{value:.1f}"


def survive(rng: np.random.Generator, patient: Patient) -> None:
    """Decide death after progression and the end of follow-up."""
    last = patient.slot.observed_days
    if patient.outcome == DIED:
        patient.death = patient.days
    elif patient.outcome == PROGRESSED:
        median = (13 if patient.experimental else 11) * np.exp(-0.15 * patient.burden)
        after = median * DAYS_PER_MONTH / np.log(2) ** (1 / 1.3) * rng.weibull(1.3)
        death = patient.days + max(21, int(after))
        lost = patient.days + 60 + int(rng.exponential(80 * DAYS_PER_MONTH))
        if death <= min(last, lost):
            patient.death = death
        patient.end = min(last, lost)
    else:
        patient.end = min(last, patient.lost)
    if patient.death is not None:
        patient.end = patient.death


def describe(rng: np.random.Generator, patient: Patient) -> float:
    """Fill in the patient's record; return the sum of target diameters before treatment (mm)."""
    burden, start = patient.burden, patient.slot.start
    synchronous = rng.random() < 0.75
    diagnosed = start - timedelta(
        int(rng.integers(14, 70) if synchronous else rng.integers(200, 1200))
    )
    number = 1 + int(rng.poisson(np.exp(1.0 + 0.2 * burden)))
    largest = float(np.clip(np.exp(3.55 + 0.22 * burden + 0.1 * np.log(number)
                                   + 0.4 * rng.normal()), 11, 160))
    extrahepatic = rng.random() < 0.35
    frailty = 0.5 * burden + (completed_years(patient.birth, start) - 60) / 18 + rng.normal()
    ras = rng.random() < 0.45
    patient.record = {
        "patient_id": patient.id,
        "site_id": str(rng.choice(["SITE-1", "SITE-2", "SITE-3"], p=[0.5, 0.3, 0.2])),
        "sex": "F" if rng.random() < 0.4 else "M",
        "birth_date": patient.birth.isoformat(),
        "diagnosis_date": diagnosed.isoformat(),
        "primary_site": str(
            rng.choice(["right colon", "left colon", "rectum"], p=[0.28, 0.42, 0.3])
        ),
        "metastasis_timing": "synchronous" if synchronous else "metachronous",
        "liver_metastases_n": str(number),
        "largest_metastasis_mm": f"{largest:.0f}",
        "extrahepatic": "Y" if extrahepatic else "N",
        "ras_status": "mutant" if ras else "wild-type",
        "braf_status": "mutant" if not ras and rng.random() < 0.1 else "wild-type",
        "ecog": str(int(frailty > 0.2) + int(frailty > 1.9)),
    }
    second = largest * rng.uniform(0.35, 0.9) if number > 1 else 0
    return round(largest + second + (rng.uniform(12, 35) if extrahepatic else 0))


def measure(
    rng: np.random.Generator, before: float, change: float, progresses: list[bool]
) -> list[tuple[str, int]]:
    """Return response and sum of diameters at consecutive scans, by RECIST 1.1.

    `change` is the best relative change from `before`, reached at the second scan.
    """
    found = []
    smallest = before
    for position, progression in enumerate(progresses):
        grown = max(1.2 * smallest, smallest + 5)
        if progression:
            size = int(np.ceil(grown * rng.uniform(1.03, 1.35)))
        elif position < 2 or smallest > before * (1 + change):
            size = round(before * (1 + change * (0.65 if position == 0 else 1)))
        else:
            size = round(smallest * rng.uniform(0.97, 1.06))
        if not progression:
            size = min(size, int(np.ceil(grown)) - 1) if smallest else 0
        if change < -0.82 and position and not progression:
            size = 0
        response = (
            "PD" if progression else "CR" if size == 0 else "PR" if size <= 0.7 * before else "SD"
        )
        found.append((response, size))
        smallest = min(smallest, size)
    return found


def scan(rng: np.random.Generator, patient: Patient, before: float) -> None:
    """Fill in first-line tumour assessments, which show the patient's course."""
    limit = patient.days if patient.outcome == PROGRESSED else patient.end
    scans = [
        (day, readable)
        for day, readable in patient.slot.scans
        if day < limit or (day == limit and patient.outcome != DIED)
    ]
    change = -0.06 - 0.22 * np.log(max(patient.days, 40) / 120)
    change += -0.08 * patient.experimental + 0.16 * rng.normal()
    readable_days = [day for day, readable in scans if readable]
    measured = iter(
        measure(
            rng,
            before,
            float(np.clip(change, -1, 0.12)),
            [patient.outcome == PROGRESSED and day == patient.days for day in readable_days],
        )
    )
    for day, readable in scans:
        response, size = next(measured) if readable else ("NE", "")
        patient.add(
            "assessments",
            assessed_on=patient.on(day),
            response=response,
            sum_of_diameters_mm=str(size),
        )


def give(patient: Patient, line: int, drug: str, start: int, end: int) -> Row:
    """Add a drug; it ends no later than the patient's follow-up."""
    return patient.add(
        "treatments",
        line=str(line),
        drug=drug,
        start_date=patient.on(start),
        end_date=patient.on(max(start, min(end, patient.end))),
    )


def treat(rng: np.random.Generator, patient: Patient, experimental_drug: str) -> None:
    """Fill in first- and second-line drugs, and scans of the second line."""
    backbone = str(rng.choice(["FOLFOX", "CAPOX", "FOLFIRI"], p=[0.5, 0.2, 0.3]))
    until = patient.days if patient.outcome == PROGRESSED else patient.end
    induction = min(until, int(rng.integers(120, 200)))
    maintenance = min(until, int(rng.integers(240, 480)))
    for drug in CHEMOTHERAPY[backbone]:
        stops_early = drug in ("oxaliplatin", "irinotecan")
        give(patient, 1, drug, 0, induction if stops_early else maintenance)
    if patient.experimental:
        late = int(rng.choice([0, 1, 2, 14, 15], p=[0.6, 0.1, 0.1, 0.15, 0.05]))
        give(patient, 1, experimental_drug, min(late, until), maintenance)

    toxicity = patient.days > 270 and rng.random() < 0.08
    second = patient.days + int(rng.integers(10, 36))
    if toxicity:
        second = int(0.6 * patient.days)
    elif patient.outcome != PROGRESSED or rng.random() > 0.7:
        return
    if second + 30 > patient.end:
        return
    switch = "FOLFIRI" if backbone != "FOLFIRI" else "FOLFOX"
    stop = second + int(rng.integers(80, 210))
    partner = ""
    if rng.random() < 0.65:
        choices = [experimental_drug, "aflibercept"]
        if patient.record["ras_status"] == "wild-type":
            choices += ["cetuximab", "panitumumab"]
        partner = str(rng.choice(choices))
    for drug in [*CHEMOTHERAPY[switch], *([partner] if partner else [])]:
        give(patient, 2, drug, second, stop)
    if toxicity or rng.random() < 0.4:
        return
    visits = range(second + 56, min(stop + 60, patient.end), 63)
    days = [(weekday(patient.slot.start + timedelta(day)) - patient.slot.start).days
            for day in visits]
    days = [day for day in days if day <= patient.end and day != patient.death]
    before = int(patient.rows["assessments"][-1]["sum_of_diameters_mm"])
    measured = measure(
        rng, before, float(rng.uniform(-0.35, 0.1)), [day == days[-1] for day in days]
    )
    for day, (response, size) in zip(days, measured, strict=True):
        patient.add(
            "assessments",
            assessed_on=patient.on(day),
            response=response,
            sum_of_diameters_mm=str(size),
        )


def sample(rng: np.random.Generator, patient: Patient, study: Study) -> None:
    """Fill in laboratory results: before treatment, an older marker for some, and on treatment."""
    first_day, last_day = study.marker.window_days
    baseline = last_day - int(rng.integers(0, 9))

    def draw(analyte: str, day: int, value: str, unit: str) -> None:
        patient.add("labs", analyte=analyte, value=value, unit=unit, collected_on=patient.on(day))

    def marker(day: int, value: float) -> None:
        draw(study.marker.analyte, day, result(value), study.marker.unit)

    older = rng.random()
    if older < 0.35:
        marker(
            int(rng.integers(first_day, baseline - 4)),
            patient.marker * float(np.exp(0.55 * rng.normal())),
        )
    elif older < 0.5:
        marker(first_day - int(rng.integers(6, 40)), patient.marker * float(rng.uniform(0.6, 1.5)))
    marker(baseline, patient.marker)
    crp = float(np.exp(1.9 + 0.8 * patient.burden + 0.7 * rng.normal()))
    cea = float(np.exp(3.1 + 0.4 * patient.burden + 1.3 * rng.normal()))
    if rng.random() < 0.9:
        draw("crp", baseline, f"{crp:.1f}" if crp >= 0.6 else "<0.6", UNITS["crp"])
    if rng.random() < 0.95:
        draw("cea", baseline, f"{cea:.1f}", UNITS["cea"])
    for visit, row in enumerate(patient.rows["assessments"][:6]):
        day = (date.fromisoformat(row["assessed_on"]) - patient.slot.start).days
        worse = row["response"] == "PD"
        cea *= float(np.exp((0.5 if worse else -0.25) + 0.2 * rng.normal()))
        draw("cea", day, f"{max(cea, 0.6):.1f}", UNITS["cea"])
        if visit in (0, 2) or worse:
            marker(
                day,
                patient.marker * float(np.exp((0.5 if worse else -0.2) + 0.5 * rng.normal())),
            )


def grow(
    rng: np.random.Generator, study: Study, patients: list[Patient]
) -> None:
    """Number the patients by start and fill in everything that will ever be known of them."""
    patients.sort(key=lambda patient: (patient.slot.start, patient.birth))
    for number, patient in enumerate(patients, start=1):
        patient.id = f"CRLM-{number:04d}"
        survive(rng, patient)
        before = describe(rng, patient)
        scan(rng, patient, before)
        treat(rng, patient, study.arms.experimental_drug)
        sample(rng, patient, study)
        patient.rows["treatments"].sort(key=lambda row: (row["line"], row["start_date"]))


# --- the registry, with its faults ----------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Something that the registry has wrong, in the deliveries from `since` up to `until`."""

    table: str
    what: str
    expected: str
    known_on: str
    until: str = "9999-12-31"
    rows: tuple[Row, ...] = ()
    """Rows that the registry holds besides its right ones."""
    of: Row | None = None
    """A right row that it holds ..."""
    wrong: Row = field(default_factory=dict)
    """... with these cells in place of the right ones."""


@dataclass
class Registry:
    """All patients, why some are not analysed, and what the registry has wrong."""

    patients: list[Patient]
    not_analysed: dict[str, str]
    faults: list[Fault]
    unfinished: dict[str, date] = field(default_factory=dict)
