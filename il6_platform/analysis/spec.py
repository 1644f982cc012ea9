"""What an analysis says of itself, and the analyses that there are.

Belongs here: the shape of a declaration (`SPEC`), and finding those of this package. Does not
belong here: a list of analyses. To add one, write `il6_platform/analysis/<name>.py` with `SPEC` and
`analyse(cohort, study) -> Results`, and its test: the asset, the union `report.results`, figure,
table, methods sentence and references follow.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Literal

from il6_platform.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from il6_platform.analysis.cohort import Cohort
    from il6_platform.analysis.results import Results

Format = Literal["ratio", "number", "percent", "points", "difference", "months"]
"""How a table writes an estimate."""


class Topic(StrEnum):
    """A sentence of the methods section, by how it begins; in the section's order."""

    PROPORTIONS = "Proportions and response: "
    SURVIVAL = "Survival: "
    MODELS = "Regression: "
    INTERACTION = "Whether the marker modifies the treatment's effect: "
    CUTOFF = "How far the cut-off can be trusted: "
    MARKER = "The marker without a cut-off: "
    OVER_TIME = "The marker over time: "
    COMPETING = "Competing events: "
    SMALL = "Because the groups are small, also: "
    ARMS = "Because the arms were not randomised, also: "
    MISSING = "Missing values: "
    SENSITIVITY = "Sensitivity analyses: "
    TESTS = "Several tests and several looks: "
    BELIEF = "How far the estimates should be believed: "


@dataclass(frozen=True)
class Technique:
    """One way of computing: what it is called, which statistics it made, whom to cite for it.

    Attributes
    ----------
    topic
        Sentence that it stands in.
    phrase
        What it is called there.
    statistics
        Statistics of the analysis that are made by it.
    papers
        References (`analysis.papers`, or a reference in full).
    model
        Only where the row is of this model.
    when
        Only in studies of which this is true.
    """

    topic: Topic
    phrase: str
    statistics: frozenset[str]
    papers: tuple[str, ...] = ()
    model: str | None = None
    when: Callable[[Study], bool] | None = None


def technique(
    topic: Topic,
    phrase: str,
    *statistics: str,
    papers: tuple[str, ...] = (),
    model: str | None = None,
    when: Callable[[Study], bool] | None = None,
) -> Technique:
    """Return a technique; its statistics are given one by one."""
    return Technique(topic, phrase, frozenset(statistics), papers, model, when)


@dataclass(frozen=True)
class Listing:
    """A table of the report that shows an analysis row by row.

    Attributes
    ----------
    title
        What it shows; `{marker}`, `{unit}` and `{drug}` are filled in.
    rows
        Statistic -> what it is called, and how its estimate is written.
    """

    title: str
    rows: Mapping[str, tuple[str, Format]]


@dataclass(frozen=True)
class Drawing:
    """A figure of the report that an analysis brings along, where the page has no place for it yet.

    Attributes
    ----------
    section, caption
        Heading that it stands under; what it shows, and how to read it.
    """

    section: str
    caption: str


@dataclass(frozen=True)
class Spec:
    """What an analysis declares of itself.

    Attributes
    ----------
    place
        Where it stands among the others in `report.results` and in the manuscript.
    makes_groups
        It makes ADSL's marker groups, so it reads `cohort.subjects` in place of `cohort.adsl`.
    draws_curves
        It has rows of `report.curves`.
    figure
        Function of `il6_platform.figures.of_study` that draws it: `ratios` and `lines` draw any.
    drawing
        Where that figure stands on the page, for one that the page does not place itself.
    tables
        Functions of `il6_platform.report.tables`, or listings, in the manuscript's order.
    is_by_endpoint
        Its tables are of one endpoint each.
    techniques
        What the methods section says, and cites, of its statistics.
    said_elsewhere
        Statistics whose method other sentences of the section say.
    corrects_selection
        Its P values of high against low say themselves whether the choice of the cut-off is
        corrected for; others are marked as naive.
    after
        Analyses whose rows it takes: `analyse(cohort, study, earlier)`, by name.
    looks_back
        It asks what was known on earlier days, so its cohort comes with the records behind it.
    shares_its_work
        It gives parts of itself to other processes: `analyse(cohort, study, pool)`.
    is_releasable
        Its rows may leave the site, once disclosure control has seen them.
    purpose
        `main`: it answers the study's question (on the first endpoint, in all patients, primary);
        `supporting`: its answer is secondary; else exploratory.
    """

    place: int
    makes_groups: bool = False
    draws_curves: bool = False
    figure: str | None = None
    drawing: Drawing | None = None
    tables: tuple[str | Listing, ...] = ()
    is_by_endpoint: bool = False
    techniques: tuple[Technique, ...] = ()
    said_elsewhere: frozenset[str] = frozenset()
    corrects_selection: bool = False
    after: tuple[str, ...] = ()
    looks_back: bool = False
    shares_its_work: bool = False
    is_releasable: bool = True
    purpose: Literal["main", "supporting", "exploratory"] = "exploratory"

    @property
    def reads(self) -> tuple[str, ...]:
        """The tables that it reads: the subjects, then events, responses and diameters."""
        subjects = "cohort.subjects" if self.makes_groups else "cohort.adsl"
        return subjects, "cohort.adtte", "cohort.adrs", "cohort.adtr"


@dataclass(frozen=True)
class Declared:
    """An analysis as it was found in the package.

    Attributes
    ----------
    name
        Its module's, and of its table in the schema `analysis`.
    sentence, text
        What its docstring says: the first line, and all of it.
    """

    name: str
    spec: Spec
    analyse: Callable[..., Results]
    text: str

    def run(
        self,
        cohort: Cohort,
        study: Study,
        earlier: Mapping[str, pd.DataFrame],
        pool: Executor | None = None,
    ) -> Results:
        """Analyse a cohort; `earlier` holds the rows of the analyses that it comes after."""
        if self.spec.shares_its_work:
            return self.analyse(cohort, study, pool)
        if not self.spec.after:
            return self.analyse(cohort, study)
        return self.analyse(cohort, study, {name: earlier[name] for name in self.spec.after})

    @property
    def sentence(self) -> str:
        """What it is, in a line."""
        return self.text.partition("\n")[0]


@cache
def analyses() -> dict[str, Declared]:
    """Find the analyses of this package, by name, in the order of their places.

    Raises
    ------
    ValueError
        Where two claim the same place.
    """
    found = []
    package = importlib.import_module("il6_platform.analysis")
    for entry in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"il6_platform.analysis.{entry.name}")
        if isinstance(getattr(module, "SPEC", None), Spec):
            said = (module.__doc__ or "").removeprefix(f"analysis.{entry.name}: ").strip()
            text = f"{said[:1].upper()}{said[1:]}"
            found.append(Declared(entry.name, module.SPEC, module.analyse, text))
    found.sort(key=lambda one: one.spec.place)
    for one, other in itertools.pairwise(found):
        if one.spec.place == other.spec.place:
            raise ValueError(f"analyses {one.name} and {other.name} claim place {one.spec.place}")
    return {one.name: one for one in found}
