"""The analysed cohort: who is in which population, which groups are compared, what is modelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from il6_platform.endpoints import COMPETING, EVENT
from il6_platform.study import Covariate, Study
from il6_platform.time_units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from il6_platform.cohort.known import DeliveredRecords
    from il6_platform.cohort.looks import Look

ARM, MARKER = "experimental vs control", "high vs low"

CONTRASTS: dict[str, tuple[str, str]] = {
    ARM: ("experimental", "control"),
    MARKER: ("high", "low"),
}
"""Contrast -> the first group and the second one, which is the reference."""

COMPARISONS: tuple[tuple[str, str], ...] = (
    ("all", ARM),
    ("marker_high", ARM),
    ("marker_low", ARM),
    ("all", MARKER),
    ("control", MARKER),
    ("experimental", MARKER),
)
"""Every comparison that the study's question makes or implies: population and contrast."""

COLUMNS: dict[str, tuple[str, ...]] = {
    "cohort.subjects": ("*",),
    "cohort.adsl": ("*",),
    "cohort.adtte": ("USUBJID", "PARAMCD", "AVAL", "CNSR", "STARTDT", "ADT"),
    "cohort.adrs": ("USUBJID", "PARAMCD", "AVALC", "ADT"),
    "cohort.adtr": ("USUBJID", "ANL01FL", "ADT", "AVAL", "BASE", "PCHG"),
}
"""Table -> the columns of it that a cohort is made of."""

ARM_TERM, MARKER_TERM = "ARM[experimental]", "MARKERGR[high]"


@dataclass(frozen=True)
class Cohort:
    """The analysed patients.

    Attributes
    ----------
    patients
        One row a patient (ANALFL = Y), ADSL's columns, and `time_PFS`, `event_PFS`,
        `competing_PFS`, `start_PFS`, ... of each endpoint (months; booleans; date), `BOR`,
        `response_months` (to the first CR or PR that counts for it, or NaN), `best_change` (lowest
        percent change of the sum of diameters, or NaN), `tumour_size` and `tumour_size_after` (sum
        of diameters before treatment and at the first assessment after its start, mm), dates of
        progression-free survival's event, of the progression among them, and of the assessments
        before it,
        the covariates under the study file's names.
    delivered
        The records behind it, for analyses that look back; a part of the cohort has none.
    looks
        The looks taken at the study's earlier cuts, likewise.
    set_aside
        One row a patient who is not analysed because a decisive record is in quarantine, as the
        records are read: ARMCD, MARKER, `time_PFS`, `event_PFS`, ...; of the whole cohort only.
    panel
        One column a marker of the study's panel, rows as `patients`; of the whole cohort only.
    """

    patients: pd.DataFrame
    delivered: DeliveredRecords | None = None
    looks: tuple[Look, ...] = ()
    set_aside: pd.DataFrame = field(default_factory=pd.DataFrame)
    panel: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def of(
        cls,
        adsl: pd.DataFrame,
        adtte: pd.DataFrame,
        adrs: pd.DataFrame,
        adtr: pd.DataFrame,
        study: Study,
    ) -> Cohort:
        """Join the ADaM tables of a cohort, in their stored order."""
        patients = adsl[adsl["ANALFL"] == "Y"].set_index("USUBJID")
        patients = patients.rename(columns=_names(adsl, study))
        for endpoint in study.needed_endpoints:
            rows = adtte[adtte["PARAMCD"] == endpoint].set_index("USUBJID")
            patients[f"time_{endpoint}"] = rows["AVAL"].reindex(patients.index).astype(float)
            patients[f"event_{endpoint}"] = rows["CNSR"].reindex(patients.index) == EVENT
            patients[f"competing_{endpoint}"] = rows["CNSR"].reindex(patients.index) == COMPETING
            patients[f"start_{endpoint}"] = pd.to_datetime(rows["STARTDT"]).reindex(patients.index)
        best = adrs[adrs["PARAMCD"] == "BOR"].set_index("USUBJID")["AVALC"]
        patients["BOR"] = best.reindex(patients.index)
        patients = patients.assign(**_visits(patients, adtte, adrs))
        counted = adtr[adtr["ANL01FL"] == "Y"].groupby("USUBJID")["PCHG"].min()
        patients["best_change"] = counted.reindex(patients.index).astype(float)
        after = adtr[adtr["ANL01FL"] == "Y"].sort_values("ADT", kind="stable").groupby("USUBJID")
        sizes = {"tumour_size": after["BASE"].first(), "tumour_size_after": after["AVAL"].first()}
        for name, size in sizes.items():
            patients[name] = size.reindex(patients.index).astype(float)
        if "MARKERGR" not in patients:
            patients["MARKERGR"] = None
        for item in study.described:
            # a covariate that nobody has is a covariate that is missing in everybody
            if item.name not in patients:
                patients[item.name] = np.nan if item.kind == "number" else None
        return cls(patients.reset_index(drop=True))

    def with_panel(self, panel: pd.DataFrame, adsl: pd.DataFrame) -> Cohort:
        """Return the cohort with the values of the study's panel (USUBJID, PARAM, AVAL)."""
        wide = panel.pivot(index="USUBJID", columns="PARAM", values="AVAL").astype(float)
        analysed = adsl.loc[adsl["ANALFL"] == "Y", "USUBJID"]
        return replace(self, panel=wide.reindex(analysed).reset_index(drop=True))

    def as_known_on(
        self, days: Iterable[pd.Timestamp], study: Study
    ) -> Iterator[tuple[pd.Timestamp, Cohort]]:
        """Yield the cohort as `il6 refresh --as-of DAY --censor DAY` would have it on each day.

        Days between which nothing became known yield the same object.
        """
        if self.delivered is None:
            return
        days = [*days]
        since = self.delivered.unchanged_since([day.date() for day in days])
        fresh = [i == 0 or since[i - 1] != since[i] for i in range(len(days))]
        asked = [day.date() for day, is_fresh in zip(days, fresh, strict=True) if is_fresh]
        derived = self.delivered.as_known_on(asked)
        known = self
        for day, is_fresh in zip(days, fresh, strict=True):
            if is_fresh:
                known = Cohort.of(**next(derived), study=study)
            yield day, known

    @property
    def has_calendar(self) -> bool:
        """Whether days are days of the calendar, and one is known on which somebody was seen."""
        is_relative = "RELFL" in self.patients and (self.patients["RELFL"] == "Y").any()
        return not is_relative and bool(self.patients["LSTALVDT"].notna().any())

    def __len__(self) -> int:
        return len(self.patients)

    def group(self, name: str) -> NDArray[np.bool_]:
        """Return who is of a group or population: control, high, marker_low, control/high, all."""
        chosen = np.ones(len(self), dtype=bool)
        for part in name.removeprefix("marker_").split("/"):
            match part:
                case "all":
                    continue
                case "control" | "experimental":
                    code = "E" if part == "experimental" else "C"
                    chosen &= (self.patients["ARMCD"] == code).to_numpy()
                case _:
                    chosen &= (self.patients["MARKERGR"] == part).to_numpy(dtype=bool)
        return chosen

    def select(self, name: str) -> Cohort:
        """Return the cohort of a population or group."""
        return Cohort(self.patients[self.group(name)].reset_index(drop=True))

    def first(self, contrast: str) -> NDArray[np.bool_]:
        """Return who is of the first group of a contrast."""
        return self.group(CONTRASTS[contrast][0])

    def compared(self, population: str, contrast: str) -> Cohort:
        """Return the patients of a population who are of either group of a contrast."""
        inside = self.select(population)
        first, second = CONTRASTS[contrast]
        return Cohort(
            inside.patients[inside.group(first) | inside.group(second)].reset_index(drop=True)
        )

    def survival(self, endpoint: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return times (months) and events of an endpoint."""
        return (
            self.patients[f"time_{endpoint}"].to_numpy(dtype=float),
            self.patients[f"event_{endpoint}"].to_numpy(dtype=bool),
        )

    def competing(self, endpoint: str) -> NDArray[np.bool_]:
        """Return whose time of an endpoint ended with a competing event: no event, not censored."""
        nobody = pd.Series(False, self.patients.index)
        return self.patients.get(f"competing_{endpoint}", nobody).to_numpy(dtype=bool)

    def having(self, endpoint: str) -> Cohort:
        """Return the patients who have a time of an endpoint: of DOR, who responded.

        Who has none because the registry gives an event without its time is not censored.
        """
        has_time = self.has_time(endpoint)
        return self if has_time.all() else Cohort(self.patients[has_time].reset_index(drop=True))

    def has_time(self, endpoint: str) -> NDArray[np.bool_]:
        """Return who has a time of an endpoint."""
        return self.patients[f"time_{endpoint}"].notna().to_numpy(dtype=bool)

    def responded(self, endpoint: str) -> NDArray[np.bool_]:
        """Return who responded (ORR: CR or PR) or was controlled (DCR: or SD); NE did not."""
        wanted = ["CR", "PR"] if endpoint == "ORR" else ["CR", "PR", "SD"]
        return self.patients["BOR"].isin(wanted).to_numpy()

    def main_effects(self) -> pd.DataFrame:
        """Return the design of arm and marker group."""
        return pd.DataFrame(
            {
                ARM_TERM: self.group("experimental").astype(float),
                MARKER_TERM: self.group("high").astype(float),
            }
        )

    def design(self, covariate: Covariate) -> pd.DataFrame:
        """Return the columns of a covariate in a model: itself, or a category's indicators."""
        if covariate.kind == "number":
            numbers = pd.to_numeric(self.patients[covariate.name]).astype(float)
            return pd.DataFrame({covariate.name: numbers / covariate.per})
        return self.indicators(covariate, self.levels(covariate)[1:])

    def indicators(self, covariate: Covariate, levels: Iterable[str]) -> pd.DataFrame:
        """Return a column of each of some levels of a category: who has it, NaN where not known."""
        values = self.patients[covariate.name]
        columns = {
            f"{covariate.name}[{level}]": (values == level).astype(float).where(values.notna())
            for level in levels
        }
        return pd.DataFrame(columns, index=values.index)

    def levels(self, covariate: Covariate) -> list[str]:
        """Return the levels that a category has here: its reference, then the others by name."""
        found = sorted(self.patients[covariate.name].dropna().astype(str).unique())
        return sorted(found, key=lambda level: level != covariate.reference)


def _visits(patients: pd.DataFrame, adtte: pd.DataFrame, adrs: pd.DataFrame) -> dict[str, Any]:
    """Return the dates of response, PFS event and adequate assessments, on the patients' index."""

    def on(dates: pd.Series) -> pd.Series:
        return pd.to_datetime(dates).reindex(patients.index)

    visits = adrs[adrs["PARAMCD"] == "OVRLRESP"].set_index("USUBJID")
    visits = visits.assign(ADT=pd.to_datetime(visits["ADT"]))
    best = adrs[adrs["PARAMCD"] == "BOR"].set_index("USUBJID")
    responses = visits[visits["AVALC"].isin(["CR", "PR"])]["ADT"]
    counted = on(best[best["AVALC"].isin(["CR", "PR"])]["ADT"])
    responses = responses[responses <= counted.reindex(responses.index)]
    start = pd.to_datetime(patients["TRTSDT"])
    ends = adtte[adtte["CNSR"] == EVENT].set_index("USUBJID")
    event_on, died_on = (on(ends.loc[ends["PARAMCD"] == name, "ADT"]) for name in ("PFS", "OS"))
    seen_on = on(visits.loc[visits["AVALC"] == "PD", "ADT"].groupby(level=0).min())
    therapy = pd.to_datetime(patients["NEWTRTDT"])
    adequate = visits[visits["AVALC"].isin(["CR", "PR", "SD", "PD"])]["ADT"]

    def last(kept: pd.Series) -> pd.Series:
        return on(adequate[kept.to_numpy(dtype=bool)].groupby(level=0).max())

    events, therapies = event_on.reindex(adequate.index), therapy.reindex(adequate.index)
    first = on(responses.groupby(level=0).min())
    return {
        "response_months": (first - start).dt.days / DAYS_PER_MONTH,
        "event_on": event_on,
        # a registry that gives times alone has no visits: who lives on has progressed
        "progressed_on": event_on.where((event_on == seen_on) | (event_on != died_on)),
        "last_assessed_on": last(events.isna() | (adequate < events)),
        "last_assessed_before_therapy_on": last(adequate <= therapies),
    }


def _names(adsl: pd.DataFrame, study: Study) -> dict[str, str]:
    """Map ADSL's columns to the covariates' names in the study file."""
    here = {column.lower(): column for column in adsl.columns}
    return {
        here[item.name.lower()]: item.name for item in study.described if item.name.lower() in here
    }
