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
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import chdtrc

from il6_platform.paths import default_study, demo_landing
from il6_platform.registry.native import TABLES
from il6_platform.study import EventOutcome, Published, Study, read_study

SEED = 1706
DAYS_PER_MONTH = 30.4375
P_ACCURACY = 0.002
"""How near a P value must come: well inside the interval that rounds to the published one."""
SD_ACCURACY = 0.02
YOUDEN_MARGIN = 0.02
"""By how much the cut-off's Youden index must beat every other cut-off's."""

YOUDEN_LEAST = 0.22
"""The Youden index that the cut-off must reach: a marker that is worth a study."""

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


def plan(rng: np.random.Generator, arm: str, group: str, start: date, last_export: date) -> Slot:
    """Plan scans: every 8 weeks, after 18 months every 12; some missed or unreadable."""
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
    if gain[high].sum() < YOUDEN_LEAST:
        return None
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
        # of the deals that will do, the one whose ROC curve is the fullest
        dealt[orders[good[np.argmin(lost[good].mean(1))]]] = ladder
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
    rows: Rows = field(default_factory=lambda: {"treatments": [], "labs": [], "assessments": []})

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
    largest = float(
        np.clip(np.exp(3.55 + 0.22 * burden + 0.1 * np.log(number) + 0.4 * rng.normal()), 11, 160)
    )
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


def stage(patient: Patient, before: float) -> None:
    """Fill in the scan before treatment: nothing to respond to yet, but diameters."""
    day = -14 - patient.slot.start.toordinal() % 8
    patient.rows["assessments"].insert(
        0,
        {
            "patient_id": patient.id,
            "assessed_on": patient.on(day),
            "response": "NE",
            "sum_of_diameters_mm": str(round(before)),
        },
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
    days = [
        (weekday(patient.slot.start + timedelta(day)) - patient.slot.start).days for day in visits
    ]
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
        draw(str(study.marker.analyte), day, result(value), study.marker.unit)

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


def grow(rng: np.random.Generator, study: Study, patients: list[Patient]) -> None:
    """Number the patients by start and fill in everything that will ever be known of them."""
    patients.sort(key=lambda patient: (patient.slot.start, patient.birth))
    for number, patient in enumerate(patients, start=1):
        patient.id = f"CRLM-{number:04d}"
        survive(rng, patient)
        before = describe(rng, patient)
        scan(rng, patient, before)
        treat(rng, patient, study.arms.experimental_drug)
        sample(rng, patient, study)
        stage(patient, before)
        patient.rows["treatments"].sort(key=lambda row: (row["line"], row["start_date"]))


# --- the registry, with its faults ----------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """A row that the registry has wrong, and what the platform is expected to say of it."""

    table: str
    what: str
    expected: str
    row: Row


@dataclass
class Registry:
    """All patients, why some are not analysed, and the rows that are wrong to the last."""

    patients: list[Patient]
    not_analysed: dict[str, str]
    faults: list[Fault]
    amended: dict[str, dict[str, str]]
    """Patient -> cells as they stood wrongly in all exports but the last two."""


def newcomers(rng: np.random.Generator, target: Target) -> list[Patient]:
    """Return patients who arrive but cannot be analysed, each for one reason."""
    slots = [
        plan(rng, arm, "low", start, target.exports[-1])
        for arm, start in (
            ("control", weekday(target.period[0] + timedelta(400))),
            ("experimental", weekday(target.period[0] + timedelta(900))),
            ("control", weekday(target.period[0] + timedelta(1300))),
            ("experimental", weekday(target.period[1] - timedelta(200))),
            ("control", weekday(target.period[1] - timedelta(2))),
        )
    ]
    course = disease(rng, slots, 1)
    return [
        Patient(
            slot,
            slot.start - timedelta(int(rng.integers(50, 75) * 365.25)),
            round(float(rng.uniform(2, 9)), 1),
            int(course.days[0, i]),
            int(course.outcome[0, i]),
            int(course.lost[0, i]),
        )
        for i, slot in enumerate(slots)
    ]


def build(study: Study) -> Registry:
    """Make the whole registry as it stands at the last export."""
    target = Target.of(study)
    slots, course, markers = calibrated(target)
    births = birth_dates(target, [slot.start for slot in slots])
    patients = [
        Patient(
            slot,
            births[i],
            float(markers[i]),
            int(course.days[i]),
            int(course.outcome[i]),
            int(course.lost[i]),
        )
        for i, slot in enumerate(slots)
    ]
    rng = np.random.default_rng([SEED, 3])
    extra = newcomers(rng, target)
    everyone = [*patients, *extra]
    grow(rng, study, everyone)
    untreated, unmeasured, withdrawn, unreadable, unseen = extra
    untreated.rows["treatments"].clear()
    untreated.rows["assessments"].clear()
    unmeasured.rows["labs"] = [
        row
        for row in unmeasured.rows["labs"]
        if row["analyte"] != str(study.marker.analyte) or row["collected_on"] > unmeasured.on(0)
    ]
    withdrawn.record["consent_withdrawn_on"] = target.exports[-2].isoformat()
    unreadable.record["sex"] = "X"
    reasons = {
        untreated.id: "No first-line treatment",
        unmeasured.id: "No baseline marker in the window",
        withdrawn.id: "Consent withdrawn",
        unreadable.id: "Decisive record in quarantine",
        unseen.id: "No follow-up",
    }
    analysed = [patient for patient in everyone if patient.id not in reasons]
    for patient, column in zip(analysed[3::9], ["largest_metastasis_mm"] * 3, strict=False):
        patient.record[column] = ""
    for patient in analysed[5::8]:
        patient.record["ras_status"] = patient.record["braf_status"] = ""
    amended = {}
    transposed = next(
        patient
        for patient in analysed
        if len(patient.record["largest_metastasis_mm"]) == 2
        and len(set(patient.record["largest_metastasis_mm"])) == 2
    )
    size = transposed.record["largest_metastasis_mm"]
    amended[transposed.id] = {"largest_metastasis_mm": size[::-1]}
    amended[analysed[7].id] = {"sex": "male" if analysed[7].record["sex"] == "M" else "female"}
    return Registry(everyone, reasons, faults(study, analysed, unreadable, target), amended)


def faults(
    study: Study, analysed: list[Patient], unreadable: Patient, target: Target
) -> list[Fault]:
    """Return the rows that are wrong to the last; one of them could move its patient's marker."""
    dead = [patient for patient in analysed if patient.death is not None]
    progressed = [patient for patient in dead if patient.outcome == PROGRESSED]
    a, b, c, d = progressed[1], progressed[4], progressed[7], analysed[11]

    def lab(patient: Patient, day: int, **cells: str) -> Row:
        return {
            "patient_id": patient.id,
            "analyte": "crp",
            "value": "12.5",
            "unit": "mg/L",
            "collected_on": patient.on(day),
            **cells,
        }

    def visit(patient: Patient, **cells: str) -> Row:
        return {"patient_id": patient.id, "sum_of_diameters_mm": "", "response": "SD", **cells}

    def drug(patient: Patient, **cells: str) -> Row:
        return {
            "patient_id": patient.id,
            "line": "3",
            "drug": "trifluridine-tipiracil",
            "start_date": patient.on(patient.days + 40),
            "end_date": "",
            **cells,
        }

    marker = {"analyte": str(study.marker.analyte), "value": "0.3", "unit": "pmol/L"}
    after = a.on((a.death or 0) + 20)
    typo = f"{target.exports[-1].year + 9}-03-14"
    slashed = "03/04/2021"
    haemolysed = {
        "analyte": str(study.marker.analyte),
        "value": "haemolysed",
        "unit": study.marker.unit,
    }
    return [
        Fault("patients", "sex is X", "sex_is_in_the_list", unreadable.record),
        Fault("labs", "marker in pmol/L", "unit_is_known", lab(b, 33, **marker)),
        Fault(
            "labs",
            "the newest marker is no number",
            "value_is_readable",
            lab(unreadable, -1, **haemolysed),
        ),
        Fault("labs", "decimal comma", "value_is_readable", lab(c, 21, value="12,5")),
        Fault(
            "labs", "unknown patient", "patient_is_known", {**lab(d, 3), "patient_id": "CRLM-0999"}
        ),
        Fault(
            "labs",
            "year typed wrongly",
            "collected_on_not_after_delivered_on",
            lab(d, 5, collected_on=typo),
        ),
        Fault(
            "labs",
            "the same sample twice, differently",
            "record_stands_once",
            lab(a, 44, value="8.1"),
        ),
        Fault(
            "labs",
            "the same sample twice, differently",
            "record_stands_once",
            lab(a, 44, value="81"),
        ),
        Fault(
            "labs",
            "a comma too many",
            "line_is_whole",
            lab(b, 60, collected_on=f"{b.on(60)},haemolysed"),
        ),
        Fault(
            "assessments",
            "response PRR",
            "response_is_in_the_list",
            visit(b, assessed_on=b.on(b.days + 20), response="PRR"),
        ),
        Fault(
            "assessments",
            "visit after death",
            "assessed_on_not_after_died_on",
            visit(a, assessed_on=after),
        ),
        Fault(
            "assessments",
            "date with slashes",
            "assessed_on_is_readable",
            visit(c, assessed_on=slashed, response="NE"),
        ),
        Fault(
            "assessments",
            "scan before treatment (used, warned)",
            "treatment_start_not_after_responded_on",
            visit(d, assessed_on=d.on(-12)),
        ),
        Fault(
            "treatments",
            "end before start",
            "start_date_not_after_end_date",
            drug(b, end_date=b.on(b.days + 4)),
        ),
        Fault("treatments", "line in words", "line_is_readable", drug(c, line="second or third")),
    ]


# --- what is handed over --------------------------------------------------------------------------


def known_by(patient: Patient, day: date) -> Rows:
    """Return a patient's rows as the registry knew them at the end of a day."""
    last = day.isoformat()
    treatments = [
        {**row, "end_date": row["end_date"] if row["end_date"] <= last else ""}
        for row in patient.rows["treatments"]
        if row["start_date"] <= last
    ]
    labs = [row for row in patient.rows["labs"] if row["collected_on"] <= last]
    assessments = [row for row in patient.rows["assessments"] if row["assessed_on"] <= last]
    died = patient.on(patient.death) if patient.death is not None else None
    seen = [row["collected_on"] for row in labs] + [row["assessed_on"] for row in assessments]
    seen += [row["start_date"] for row in treatments]
    end = patient.on(patient.end)
    contact = end if end <= last else max([*seen, patient.on(0)])
    follow_up = {
        "patient_id": patient.id,
        "last_contact_on": contact,
        "vital_status": "alive",
        "died_on": "",
        "cause_of_death": "",
    }
    if died is not None and died <= last:
        follow_up |= {"last_contact_on": died, "vital_status": "dead", "died_on": died}
        follow_up["cause_of_death"] = "disease" if patient.outcome == PROGRESSED else "other"
    return {
        "patients": [patient.record],
        "treatments": treatments,
        "labs": labs,
        "assessments": assessments,
        "follow_up": [follow_up],
    }


def export(registry: Registry, day: date, is_late: bool, is_last: bool) -> dict[str, str]:
    """Return one full export as table -> CSV text."""
    tables: Rows = {name: [] for name in TABLES}
    for patient in registry.patients:
        if patient.slot.start > day:
            continue
        for table, rows in known_by(patient, day).items():
            tables[table] += rows
    unseen = {p for p, reason in registry.not_analysed.items() if reason == "No follow-up"}
    tables["follow_up"] = [row for row in tables["follow_up"] if row["patient_id"] not in unseen]
    if not is_late:
        tables["patients"] = [
            {**row, **registry.amended.get(row["patient_id"], {})} for row in tables["patients"]
        ]
    if is_last:
        for fault in registry.faults:
            if fault.table != "patients":
                tables[fault.table].append(fault.row)
    return {table: _csv(table, rows) for table, rows in tables.items()}


def _csv(table: str, rows: list[Row]) -> str:
    columns = [
        column
        for column in (*TABLES[table].required, *TABLES[table].optional)
        if column != "age_years" and (table == "patients" or column != "site_id")
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = [row.get(column, "") for column in columns]
        if "," in cells[-1]:
            # the stray comma of a fault must not be quoted away
            cells[-1:] = cells[-1].split(",")
        writer.writerow(cells)
    return out.getvalue()


def readme(registry: Registry, target: Target) -> str:
    """Return what data/demo/README.md says."""
    lines = [
        "# The embedded registry: SYNTHETIC",
        "",
        "No patient here is real. `python -m il6_platform.registry.synthetic` writes these "
        "files, the same bytes every time, so that the platform can be tried and tested. They "
        "are calibrated to the figures that `data/study.yaml` lists under `published`; nothing "
        "else of the published study is known.",
        "",
        f"Full exports of {', '.join(day.isoformat() for day in target.exports)}: each holds all "
        "that was known by then.",
        "",
        "## Not analysed",
        "",
        "| patient | reason |",
        "|---|---|",
        *(f"| {patient} | {reason} |" for patient, reason in sorted(registry.not_analysed.items())),
        "| CRLM-0999 | No patient record |",
        "",
        "## Wrong rows in the last export",
        "",
        "| table | what | rule that finds it |",
        "|---|---|---|",
        *(f"| {f.table} | {f.what} | `{f.expected}` |" for f in registry.faults),
        "",
        "## Wrong at first, corrected in the last two exports",
        "",
        *(
            f"- {patient}: {column} was {value}"
            for patient, cells in registry.amended.items()
            for column, value in cells.items()
        ),
        "",
    ]
    return "\n".join(lines)


def write(folder: Path, study: Study) -> Registry:
    """Write all exports and the README into a folder."""
    target, registry = Target.of(study), build(study)
    for day in target.exports:
        place = folder / day.isoformat()
        place.mkdir(parents=True, exist_ok=True)
        is_late, is_last = day >= target.exports[-2], day == target.exports[-1]
        for table, text in export(registry, day, is_late, is_last).items():
            (place / f"{table}.csv").write_text(text, encoding="utf-8", newline="")
    (folder / "README.md").write_text(readme(registry, target), encoding="utf-8")
    return registry


def main() -> None:
    """Write data/demo."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--folder", type=Path, default=demo_landing())
    asked = parser.parse_args()
    write(asked.folder, read_study(default_study()))


if __name__ == "__main__":
    main()
