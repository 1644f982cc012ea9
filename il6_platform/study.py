"""What is asked: the study file, typed.

Belongs here: every choice that a study makes (marker, arms, endpoints, cut-off rule, covariates,
seed) and its reading from YAML with errors that name line and key. Does not belong here: how a
choice is carried out; that is `statistics`, `analysis` and `sql/`.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from il6_platform.cron import checked_cron
from il6_platform.endpoints import Endpoint, EndpointName, endpoint_library
from il6_platform.errors import UsageError
from il6_platform.expressions import Term, read_expression
from il6_platform.yaml_config import Place, YamlConfigError, read_typed

if TYPE_CHECKING:
    import numpy as np

PartialDates = Literal["start", "middle", "end", "never"]
"""Which day is taken where only month or year is known; never: such a record is set aside."""

SIGNIFICANT = 0.05
"""P value below which a difference is taken as shown."""

Population = Literal["all", "control", "experimental", "marker_high", "marker_low"]
Contrast = Literal["experimental vs control", "high vs low"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]

RESERVED = frozenset(
    {"usubjid", "siteid", "arm", "armcd", "trtsdt", "marker", "markdt", "marklim", "markergr"}
    | {"dthdt", "lstalvdt", "ittfl", "analfl", "exclreas", "subjseq", "patient_id"}
    | {"dthcaus", "newtrtdt", "bor", "response_months", "best_change", "event_on", "progressed_on"}
    | {"last_assessed_on", "relfl", "tumour_size", "tumour_size_after"}
)
"""Names that ADSL uses itself, so that no covariate can have them."""


MOST_DAYS = 36_500
"""No window, no interval of a study is longer than a century."""

LONGEST_TEXT = 2000
UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""Signs that no sheet or document holds, or that turn the direction of the text behind them."""

Words = Annotated[str, Field(pattern=r"\S")]
Days = Annotated[int, Field(ge=-MOST_DAYS, le=MOST_DAYS)]
Months = Annotated[float, Field(ge=0.01, le=1200)]
Ratio = Annotated[float, Field(ge=0.001, le=1000)]
MOST_PATIENTS = 100_000_000


class StudyError(UsageError):
    """A study file that cannot be used; the message names file, line, key and the fix."""


class _Part(BaseModel):
    # no number of a study is infinite or none, no text of it a book
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        str_max_length=LONGEST_TEXT,
        defer_build=True,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_printed(cls, value: Any) -> Any:
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        if any(isinstance(one, str) and UNPRINTABLE.search(one) for one in texts):
            raise ValueError("holds a sign that cannot be printed; take it out")
        return value


class Marker(_Part):
    """The biomarker: which laboratory result, or which expression of results, taken when.

    A derived marker (`expression: neutrophils / lymphocytes`) takes each analyte in its reference
    unit (`data/units.csv`), all of one sample; `unit` is then that of the outcome, such as ratio.
    A name that no dictionary holds may be another name of the analyte; `other_analytes` lists those
    that are not (`*`: any).
    """

    analyte: Words | None = None
    expression: Words | None = None
    unit: str
    label: str = ""
    window_days: tuple[Days, Days] = (-28, 0)
    below_loq: Literal["half", "limit", "zero"] = "half"
    direction: Literal["higher", "lower", "auto"] | None = None
    assay_cv: float | None = Field(default=None, ge=1e-6, lt=1)
    other_analytes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Marker:
        if self.window_days[0] > self.window_days[1]:
            raise ValueError(
                "window_days is [first, last] day about treatment start, first <= last"
            )
        if (self.analyte is None) == (self.expression is None):
            raise ValueError("a marker has an `analyte` or an `expression` of analytes; give one")
        if self.expression is not None:
            read_expression(self.expression)
        if not self.label:
            object.__setattr__(self, "label", self.analyte or self.expression)
        return self

    @property
    def is_derived(self) -> bool:
        """Whether the marker is an expression of analytes."""
        return self.expression is not None

    @property
    def name(self) -> str:
        """What dictionaries and literature call the marker: its analyte, else its label."""
        return self.analyte or self.label

    @property
    def term(self) -> Term:
        """The marker as an expression: of one analyte where it is not derived."""
        if self.expression is not None:
            return read_expression(self.expression)
        return Term("analyte", name=self.analyte or "")


class Arms(_Part):
    """The comparison: a patient is in the experimental arm where this drug starts with line 1.

    A text of a treatment that no dictionary holds may be the drug by another name; `control_drugs`
    are texts that are not (`*`: any such text).
    """

    experimental_drug: Words
    experimental_label: Words = "Experimental"
    control_label: Words = "Control"
    arm_window_days: int = Field(default=28, ge=0, le=MOST_DAYS)
    control_drugs: tuple[str, ...] = ()


class EventOutcome(_Part):
    """A case has the event by `by_months`, a control is known event-free beyond it.

    Who was censored before is left out and counted, or stood for by the others: weighted by the
    inverse probability of not being censored. A maximally selected cut-off uses the endpoint's
    whole follow-up and needs no `by_months`.
    """

    endpoint: EndpointName
    by_months: Months | None = None
    censored: Literal["left_out", "weighted"] = "left_out"


class Cutoff(_Part):
    """How the marker is cut: a patient is high where MARKER >= cut-off.

    A rule that looks at the data leaves `min_share` of the patients, and `min_patients`, on either
    side. Method interaction takes the cut-off with the largest interaction with the treatment.
    With `direction: auto`, of method youden, these data say whether cases have the higher markers.
    """

    method: Literal["youden", "maxstat", "interaction", "median", "fixed"]
    outcome: (
        Annotated[
            Annotated[Literal["response"], Tag("response")] | Annotated[EventOutcome, Tag("event")],
            Discriminator(lambda value: "response" if isinstance(value, str) else "event"),
        ]
        | None
    ) = None
    value: float | None = None
    direction: Literal["higher", "lower", "auto"] | None = None
    min_share: float = Field(default=0.1, ge=0, lt=0.5)
    min_patients: int = Field(default=10, ge=1, le=MOST_PATIENTS)

    @property
    def is_data_driven(self) -> bool:
        """Whether the outcomes of these patients choose the cut-off."""
        return self.method in ("youden", "maxstat", "interaction")

    @model_validator(mode="after")
    def _check(self) -> Cutoff:
        if (self.method == "fixed") != (self.value is not None):
            raise ValueError("`value` goes with method fixed, and method fixed needs it")
        by_event = isinstance(self.outcome, EventOutcome) and self.outcome.by_months is not None
        if self.method == "youden" and not (by_event or self.outcome == "response"):
            raise ValueError(
                "method youden needs `outcome: response` or "
                "`outcome: {endpoint: PFS, by_months: 9}`"
            )
        return self


Strategy = Literal[
    "treatment_policy", "hypothetical", "composite", "while_on_treatment", "principal_stratum"
]
"""What is done with an intercurrent event (ICH E9(R1))."""


class PanelMarker(_Part):
    """A marker of the panel: an expression of analytes, and what it is called."""

    expression: str
    label: str = ""

    @model_validator(mode="after")
    def _check(self) -> PanelMarker:
        read_expression(self.expression)
        if not self.label:
            object.__setattr__(self, "label", self.expression.strip())
        return self


PanelRule = Literal["maxstat", "interaction", "youden", "median"]


class Panel(_Part):
    """Markers that are judged side by side, all that was asked of them counted.

    `markers` is all analytes that the registry holds, or a list of analytes and expressions. Each
    is taken as the study's own marker is, an analyte in its reference unit.
    """

    markers: Literal["all"] | tuple[PanelMarker, ...] = "all"
    endpoints: tuple[EndpointName, ...] = ()
    populations: tuple[Literal["all", "control", "experimental"], ...] = ("all",)
    rules: tuple[PanelRule, ...] = ("maxstat", "interaction", "youden", "median")
    replicates: int = Field(default=1000, ge=1, le=100_000)

    @field_validator("markers", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return [{"expression": one} if isinstance(one, str) else one for one in value]

    @model_validator(mode="after")
    def _check(self) -> Panel:
        labels = [] if self.markers == "all" else [one.label for one in self.markers]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"markers: {', '.join(twice)} is named twice; name it once")
        if not self.populations or self.markers == ():
            raise ValueError("name at least one marker and one population")
        return self


class Estimand(_Part):
    """What is to be estimated (ICH E9(R1)): printed in the methods, and a row of sensitivity.

    Of the intercurrent events, `new_therapy` and `missed_scans` are carried out on
    progression-free survival; others are printed.
    """

    population: str
    treatment: str
    endpoint: EndpointName = "PFS"
    intercurrent_events: dict[Name, Strategy] = Field(default_factory=dict)
    summary_measure: str = "hazard ratio"

    @model_validator(mode="after")
    def _check(self) -> Estimand:
        for name in ("new_therapy", "missed_scans"):
            asked = self.intercurrent_events.get(name)
            if asked in ("while_on_treatment", "principal_stratum"):
                raise ValueError(
                    f"{name} can be treatment_policy, hypothetical or composite, not {asked}: the "
                    "registry does not have what that strategy needs"
                )
        return self


class Covariate(_Part):
    """A column of patients (or age, sex) that enters the multivariable models.

    A category has a list of `levels`, its own or the native format's: any other value counts as
    "other". Without a list, so does a value that few patients have: free text is nobody's level.

    With `analyte` it is that laboratory result at baseline, in `unit`, taken as the marker is.
    """

    name: Name
    kind: Literal["number", "category"]
    label: str = ""
    analyte: str | None = None
    unit: str | None = None
    per: float = Field(default=1, ge=1e-6, le=1e6)
    reference: str | None = None
    levels: tuple[str, ...] = ()

    @field_validator("reference", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return value if value is None else str(value)

    @field_validator("levels", mode="before")
    @classmethod
    def _as_texts(cls, value: Any) -> Any:
        return [str(one) for one in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _check(self) -> Covariate:
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))
        if self.kind == "number" and self.reference is not None:
            raise ValueError("`reference` belongs to a category; a number has none")
        if self.kind == "number" and self.levels:
            raise ValueError("`levels` belong to a category; a number has none")
        if self.levels and self.reference is not None and self.reference not in self.levels:
            raise ValueError(f"reference {self.reference} is none of the levels; add it to them")
        if self.analyte is not None and (self.kind != "number" or self.unit is None):
            raise ValueError("a laboratory result is `kind: number` and needs its `unit`")
        return self

    @property
    def step(self) -> str:
        """What a hazard ratio is per: "year", "10 years", "mm"."""
        unit = self.unit or "unit"
        if self.per == 1:
            return unit.removesuffix("s") if unit.endswith("s") and len(unit) > 3 else unit
        plural = f"{unit}s" if unit == "unit" else unit
        return f"{self.per:g} {plural}"

    @property
    def title(self) -> str:
        """Label with its unit, as a table shows it."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


class Planned(_Part):
    """The effect that the study was, or would be, powered for."""

    endpoint: EndpointName = "PFS"
    hazard_ratio: Ratio
    ratio_of_hazard_ratios: Ratio = 0.5
    alpha: float = Field(default=0.05, ge=1e-12, lt=1)
    power: float = Field(default=0.8, ge=0.01, le=0.999999)
    events: int | None = Field(default=None, gt=0, le=MOST_PATIENTS)

    @field_validator("hazard_ratio", "ratio_of_hazard_ratios")
    @classmethod
    def _is_an_effect(cls, value: float) -> float:
        if value == 1:
            raise ValueError("1 is no effect, which no number of events shows; give another ratio")
        return value


class Monitoring(_Part):
    """The looks at growing data that the study plans, as fractions of the planned events.

    Without `events` the planned effect's required events are the whole.
    """

    looks: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    population: Population = "all"
    contrast: Contrast = "experimental vs control"
    events: int | None = Field(default=None, gt=0, le=MOST_PATIENTS)
    alpha: float = Field(default=0.05, ge=1e-12, lt=1)
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"

    @model_validator(mode="after")
    def _check(self) -> Monitoring:
        rising = all(a < b for a, b in itertools.pairwise(self.looks))
        if not self.looks or not rising or self.looks[0] <= 0 or self.looks[-1] > 1:
            raise ValueError("looks must be rising fractions above 0, 1 at most")
        return self


class Quality(_Part):
    """What the data may cost before a refresh is blocked."""

    max_quarantine_share: float = Field(default=0.2, ge=0, le=1)
    max_missing_share: float = Field(default=0.2, ge=0, le=1)
    exports: Literal["auto", "full", "updates"] = "auto"
    max_marker_shift: float = Field(default=4, gt=1, le=1000)
    minimal_cell: int | None = Field(default=None, ge=2, le=1000)
    changed_columns: tuple[str, ...] = ()


class Published(_Part):
    """A claim in print, with the coordinates of this platform's figure in `report.results`.

    `direction` says how the first group of the contrast was published to differ: longer or shorter
    time, higher or lower rate. Without it the published hazard ratio or estimate says it, if given.
    `difference` says whether one was claimed where no P value was printed, or only its side of
    0.05; a `direction` beside neither P nor figure claims one. `model` and `at` (months, cut-off)
    say which of several figures is meant.
    """

    claim: str
    analysis: str
    population: str = "all"
    statistic: str
    source: str
    endpoint: str | None = None
    contrast: str | None = None
    grp: str | None = None
    model: str | None = None
    term: str | None = None
    at: float | None = None
    p_value: float | None = Field(default=None, ge=0, le=1)
    estimate: float | None = Field(default=None, ge=-1e9, le=1e9)
    hazard_ratio: Ratio | None = None
    direction: Literal["longer", "shorter", "higher", "lower"] | None = None
    difference: bool | None = None
    n: dict[str, Annotated[int, Field(ge=0, le=MOST_PATIENTS)]] = Field(default_factory=dict)
    period: tuple[date, date] | None = None

    @model_validator(mode="after")
    def _check(self) -> Published:
        if self.difference is not None and self.p_value is not None:
            raise ValueError("`difference` is for a claim without `p_value`; give one of them")
        return self

    @property
    def claims_difference(self) -> bool | None:
        """Whether a difference was claimed; None where the claim is of a figure."""
        if self.p_value is not None:
            return self.p_value < SIGNIFICANT
        if self.difference is None and self.direction is not None and self.figure is None:
            return True
        return self.difference

    @property
    def figure(self) -> float | None:
        """The figure that was printed."""
        return self.estimate if self.hazard_ratio is None else self.hazard_ratio


class Test(_Part):
    """A log-rank test of the study's family, by its coordinates in `report.results`."""

    endpoint: EndpointName
    population: Population = "all"
    contrast: Contrast


NamedOrDeclared = Annotated[
    Annotated[EndpointName, Tag("Name")] | Annotated[Endpoint, Tag("Declared")],
    Discriminator(lambda value: "Name" if isinstance(value, str) else "Declared"),
]
"""An endpoint of the library by its name, or one that the study file declares."""


class Study(_Part):
    """A study: every choice that shapes its numbers."""

    # a study is stored and read again as its file has it
    model_config = ConfigDict(serialize_by_alias=True)

    marker: Marker
    arms: Arms
    cutoff: Cutoff
    name: str = Field(default="study", pattern=r"^[A-Za-z0-9_]+$", max_length=64)
    default: bool = False
    title: Words = "Biomarker study"
    language: Literal["en", "zh"] = "en"
    design: Literal["registry", "randomised"] = "registry"
    disease: str = ""
    response_criteria: str = "RECIST 1.1"
    named_endpoints: tuple[NamedOrDeclared, ...] = Field(default=("PFS", "OS"), alias="endpoints")
    covariates: tuple[Covariate, ...] = ()
    characteristics: tuple[Covariate, ...] = ()
    landmarks_months: tuple[Months, ...] = Field(default=(6, 12, 24), max_length=60)
    confirm_response: bool = False
    partial_dates: PartialDates = "never"
    assessment_interval_days: float = Field(default=56, ge=1, le=3650)
    replicates: int = Field(default=2000, ge=0, le=100_000)
    seed: int = Field(default=1, ge=0)
    schedule: str = "0 3 * * *"
    quality: Quality = Quality()
    planned: Planned | None = None
    monitoring: Monitoring | None = None
    published: tuple[Published, ...] = ()
    family: tuple[Test, ...] = ()
    estimand: Estimand | None = None
    panel: Panel | None = None
    locked_on: date | None = None
    locked_digest: str | None = Field(default=None, pattern=r"^[0-9a-f]{12,64}$")

    @field_validator("landmarks_months")
    @classmethod
    def _stands_once(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a month stands twice; name it once")
        return value

    @field_validator("named_endpoints")
    @classmethod
    def _has_a_first(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if not value:
            raise ValueError("name at least one endpoint")
        return value

    @model_validator(mode="after")
    def _check(self) -> Study:
        names = [covariate.name.lower() for covariate in self.described]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"covariates: {', '.join(twice)} is named twice; name it once")
        taken = sorted(set(names) & RESERVED)
        if taken:
            raise ValueError(
                f"covariates: {', '.join(taken)} is a column of ADSL already; name the column "
                "otherwise in the export"
            )
        directions = {self.marker.direction, self.cutoff.direction} - {None}
        if len(directions) > 1:
            raise ValueError("direction under marker and under cutoff differ; give one")
        if "auto" in directions and self.cutoff.method != "youden":
            raise ValueError(
                "direction auto needs method youden, whose outcome says which direction is right; "
                "write higher or lower"
            )
        if self.locked_digest and self.locked_on is None:
            raise ValueError("locked_digest goes with locked_on, the day that the file was locked")
        return self

    @property
    def described(self) -> tuple[Covariate, ...]:
        """The covariates, then the characteristics: those are described, and in no model."""
        return (*self.covariates, *self.characteristics)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The names of the study's endpoints, the first one being its primary endpoint."""
        return tuple(one if isinstance(one, str) else one.name for one in self.named_endpoints)

    @property
    def known_endpoints(self) -> dict[str, Endpoint]:
        """The endpoints that may be named: the library's, then those of the study file."""
        declared = [one for one in self.named_endpoints if isinstance(one, Endpoint)]
        return endpoint_library() | {one.name: one for one in declared}

    @property
    def needed_endpoints(self) -> tuple[str, ...]:
        """The study's endpoints, and those that its cut-off or its family of tests looks at."""
        asked = self.cutoff.outcome
        of_cutoff = [asked.endpoint] if isinstance(asked, EventOutcome) else []
        family = [test.endpoint for test in self.family]
        of_panel = self.panel.endpoints if self.panel else ()
        return tuple(dict.fromkeys([*self.endpoints, *of_cutoff, *family, *of_panel]))

    @property
    def derived_endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints of `cohort.adtte`: PFS and OS in any case, then what the study needs."""
        names = dict.fromkeys(["PFS", "OS", *self.needed_endpoints])
        return tuple(self.known_endpoints[name] for name in names)

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, text: str) -> str:
        return checked_cron(text)

    @property
    def is_randomised(self) -> bool:
        """Whether chance assigned the treatment."""
        return self.design == "randomised"

    @property
    def monitors_treatment(self) -> bool:
        """Whether the looks are at the arms of all patients, and not at another comparison."""
        plan = self.monitoring
        return plan is None or (plan.population, plan.contrast) == (
            "all",
            "experimental vs control",
        )

    @property
    def higher(self) -> bool:
        """Whether a higher marker is taken to mean more events (fewer responses)."""
        return "lower" not in (self.marker.direction, self.cutoff.direction)

    @property
    def chooses_direction(self) -> bool:
        """Whether the data say if a higher marker means more events."""
        return "auto" in (self.marker.direction, self.cutoff.direction)

    def directed(self, direction: Literal["higher", "lower"]) -> Study:
        """Return the study with the direction of the marker that the data gave."""
        cutoff = self.cutoff.model_copy(update={"direction": direction})
        marker = self.marker.model_copy(update={"direction": None})
        return self.model_copy(update={"cutoff": cutoff, "marker": marker})

    @property
    def declared_family(self) -> tuple[Test, ...]:
        """The tests whose P values are adjusted together: as declared, else those published."""
        if self.family:
            return self.family
        return tuple(
            Test.model_validate(
                {"endpoint": p.endpoint, "population": p.population, "contrast": p.contrast}
            )
            for p in self.published
            if p.statistic == "logrank" and p.p_value is not None
            if p.endpoint in self.endpoints and p.contrast
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the study's content; comments and layout of the file do not count."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def content_digest(self) -> str:
        """SHA-256 of what the study file chooses, without when it was locked.

        A key that is left at its default does not count, so that a later version with more keys
        gives the same digest.
        """
        chosen = self.model_dump_json(exclude_defaults=True, exclude={"locked_on", "locked_digest"})
        return hashlib.sha256(chosen.encode()).hexdigest()

    @property
    def is_as_locked(self) -> bool:
        """Whether the file still says what it said when it was locked."""
        return self.locked_on is not None and (
            self.locked_digest is None or self.content_digest.startswith(self.locked_digest)
        )

    def resamples(self, patients: int) -> int:
        """Return how many resamples an analysis of so many patients takes.

        `replicates`, and beyond ten thousand patients fewer, so that what is drawn in all grows no
        more; never fewer than 400, unless `replicates` is. Each row says how many it rests on.
        """
        return min(self.replicates, max(FEWEST_RESAMPLES, MOST_DRAWN // max(patients, 1)))

    def rng(self, analysis: str) -> np.random.Generator:
        """Return the generator of an analysis, seeded by the study's seed and its name."""
        from numpy.random import default_rng

        return default_rng([self.seed, zlib.crc32(analysis.encode())])


MOST_DRAWN, FEWEST_RESAMPLES = 20_000_000, 400
"""Patients that all resamples of an analysis draw together, and resamples whatever their number."""


def _endpoint_mistakes(study: Study) -> Iterator[tuple[Place, str]]:
    """Give what is wrong with the endpoints that a study file names, by its place."""
    library, known = endpoint_library(), study.known_endpoints
    seen: set[str] = set()
    for position, one in enumerate(study.named_endpoints):
        name = one if isinstance(one, str) else one.name
        if isinstance(one, Endpoint) and name in library:
            yield ("endpoints", position, "name"), f"{name} is in the library; name yours otherwise"
        if name in seen:
            yield ("endpoints", position), f"{name} is named twice; name it once"
        seen.add(name)
    named: list[tuple[Place, str]] = [
        (("endpoints", position), name) for position, name in enumerate(study.endpoints)
    ]
    if isinstance(study.cutoff.outcome, EventOutcome):
        named.append((("cutoff", "outcome", "endpoint"), study.cutoff.outcome.endpoint))
    if study.planned is not None:
        named.append((("planned", "endpoint"), study.planned.endpoint))
    named += [
        (("family", position, "endpoint"), test.endpoint)
        for position, test in enumerate(study.family)
    ]
    named += [
        (("panel", "endpoints", position), name)
        for position, name in enumerate(study.panel.endpoints if study.panel else ())
    ]
    for place, name in named:
        if name not in known:
            yield (
                place,
                f"{name} is no known endpoint; write one of {', '.join(known)}, or declare it "
                "under endpoints: {name: ..., events: [...], censor: ...}",
            )
        elif place[0] == "cutoff" and known[name].starts != "treatment_start":
            yield place, f"{name} is not of every patient; name one that starts with treatment"


def lower_first(text: str) -> str:
    """Write a label inside a sentence: its first letter small, but of abbreviations and symbols.

    Examples
    --------
    >>> [lower_first(label) for label in ("Age", "Largest metastasis", "IL-6", "RAS", "Ki-67")]
    ['age', 'largest metastasis', 'IL-6', 'RAS', 'Ki-67']
    >>> lower_first("International Prognostic Index group")
    'International Prognostic Index group'
    """
    word, _, rest = text.partition(" ")
    word = word.rstrip(":,")
    # a name of several words stays as it is
    if rest[:1].isupper() and rest[1:2].islower():
        return text
    return text[:1].lower() + text[1:] if word[1:].isalpha() and word[1:].islower() else text


def listed(words: Iterable[str]) -> str:
    """Write words as a sentence lists them.

    Examples
    --------
    >>> listed(["PFS"]), listed(["PFS", "OS"]), listed(["TTP", "OS", "FFS"])
    ('PFS', 'PFS and OS', 'TTP, OS and FFS')
    """
    first = list(words)
    last = first.pop() if first else ""
    return " and ".join(filter(None, [", ".join(first), last]))


def read_study(path: Path | str) -> Study:
    """Read a study file; a study that has no `name:` is called after its file.

    Raises
    ------
    StudyError
        Naming file, line and key, and what to write instead, where the file is missing, is not
        YAML, has an unknown key or a value that cannot be.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError:
        # says why it cannot be read; should it be readable now, that is not kept for the next time
        return _study_of.__wrapped__(file, None)
    return _study_of(file, content)


@lru_cache(maxsize=64)
def _study_of(file: Path, content: bytes | None) -> Study:
    """Return the study of a file whose content is this: a refresh asks for it sixty times."""
    try:
        study = read_typed(
            file,
            Study,
            "study file",
            "name another with --study",
            _endpoint_mistakes,
            content=content,
        )
    except YamlConfigError as error:
        raise StudyError(str(error)) from None
    if "name" in study.model_fields_set:
        return study
    # in a home, `studies/<name>/study.yaml` is the study of its folder
    in_home = file.name == "study.yaml" and file.resolve().parent.parent.name == "studies"
    words = file.resolve().parent.name if in_home else file.stem
    return study.model_copy(update={"name": re.sub(r"[^A-Za-z0-9_]+", "_", words)[:64]})
