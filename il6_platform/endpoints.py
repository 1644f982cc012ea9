"""Endpoints as data: what a time starts with, what ends it, what competes, where it is censored.

Belongs here: the words in which an endpoint is declared, and the library of those that need no
declaration (`data/endpoints.yaml`). Does not belong here: how the times are made; one derivation,
`sql/cohort/adtte.sql`, makes all of them from the sources that are named here, as admiral's
`derive_param_tte` does.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from il6_platform import paths
from il6_platform.yaml_config import read_typed

EVENT, CENSORED, COMPETING = 0, 1, 2
"""CNSR of `cohort.adtte`."""

EventSource = Literal["progression", "death", "cancer_death", "new_therapy"]
CensoringSource = Literal["last_adequate_assessment", "last_contact"]
Start = Literal["treatment_start", "response"]

WORDS: dict[str, str] = {
    "progression": "progression",
    "death": "death",
    "cancer_death": "death from the cancer",
    "new_therapy": "the start of a later line of treatment",
    "last_adequate_assessment": "the last adequate assessment",
    "last_contact": "last contact",
    "treatment_start": "the start of first-line treatment",
    "response": "the first response",
}
"""What a source is called in a sentence."""

EndpointName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=8)]
"""A name that ADaM takes as PARAMCD."""

_OTHERS = frozenset({"ORR", "DCR", "BOR", "OVRLRESP", "SUMDIAM", "ROC"})


class Endpoint(BaseModel):
    """An endpoint: the earliest of its events, else of what competes, else censored.

    On one day the event that is named first counts, and events count before what competes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: EndpointName
    label: str = ""
    events: tuple[EventSource, ...] = Field(min_length=1)
    competing: tuple[EventSource, ...] = ()
    censor: CensoringSource
    starts: Start = "treatment_start"

    @field_validator("name")
    @classmethod
    def _is_free(cls, value: str) -> str:
        if value in _OTHERS:
            raise ValueError(f"{value} is the name of something else; choose another one")
        return value

    @model_validator(mode="after")
    def _check(self) -> Endpoint:
        named = [*self.events, *self.competing]
        twice = sorted({source for source in named if named.count(source) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is named twice; name it as one of the two")
        if not self.label:
            object.__setattr__(self, "label", self.name)
        return self

    def sources(self) -> list[tuple[str, int, int]]:
        """Return source, CNSR and precedence (on one day the lowest counts) of what can end it."""
        ends: list[tuple[str, int]] = [(source, EVENT) for source in self.events]
        ends += [(source, COMPETING) for source in self.competing]
        ends += [(self.censor, CENSORED)]
        return [(source, code, position) for position, (source, code) in enumerate(ends)]

    def sentence(self) -> str:
        """Say in words how the endpoint runs, for a section of methods."""
        events = _either([WORDS[source] for source in self.events])
        first = "the first of " if len(self.events) > 1 else ""
        words = f"{self.label} ({self.name}) ran from {WORDS[self.starts]} to {first}{events}"
        if self.competing:
            words += f", with {_either([WORDS[source] for source in self.competing])} competing"
        return f"{words}; otherwise it was censored at {WORDS[self.censor]}."


class _Library(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    endpoints: tuple[Endpoint, ...]


@cache
def endpoint_library() -> dict[str, Endpoint]:
    """Return the endpoints that every study file may name, by name."""
    file = paths.project_root() / "data" / "endpoints.yaml"
    library = read_typed(file, _Library, "library of endpoints", "restore it from the release")
    return {one.name: one for one in library.endpoints}


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
