"""The keys of a profile: what may be said of an export and of the rows that it makes.

Belongs here: each key, what it means, and what cannot be. Does not belong here: carrying it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from il6_platform.registry.native import TABLES, VALUES
from il6_platform.registry.profiles.texts import column_name
from il6_platform.yaml_config import Place

Table = Literal["patients", "treatments", "labs", "assessments", "follow_up", "outcomes"]
Text = Annotated[str, Field(min_length=1)]


class Part(BaseModel):
    """A part of a profile: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Recognise(Part):
    """What an export of this registry is known by: columns that it has, and its file's name.

    One that is not to be read (`read: false`) is passed over and listed.
    """

    columns: tuple[Text, ...] = Field(min_length=1)
    file: Text = "*"
    read: bool = True

    @field_validator("columns", mode="after")
    @classmethod
    def _plain(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(column_name(name) for name in names)


class Keep(Part):
    """Which of several lines is kept: the first or the last by a column of the export.

    Attributes
    ----------
    first, last
        The export's column: its days, numbers or texts are compared. One of the two is given.
    per
        Native columns of which each value keeps its own line.
    """

    first: Text | None = None
    last: Text | None = None
    per: tuple[Text, ...] = ("patient_id",)

    @property
    def by(self) -> str:
        """The column of the export by which a line is the first or last."""
        return column_name(self.first or self.last or "")


class SiteColumn(Part):
    """The export's column that holds the site."""

    column: Text


class Mapping(Part):
    """Rows of an export that make rows of one native table.

    Attributes
    ----------
    table
        The native table.
    columns
        Native column -> the export's column. `{n}` counts from 1 to `repeat`: one mapping for
        columns that stand several times in a row. The name of a REDCap checkbox field without
        `___code` stands for the choices that are checked.
    constants
        Native column -> a value that the export does not hold.
    codes
        Native column -> the export's code, or its label in the dictionary -> the native value. The
        code "" is a cell in which nothing stands; `*` stands for anything (`1:*`).
    when
        The export's column -> the value, or values, that a row must have; an empty text is missing,
        `*` stands for anything, `["", "*"]` for a column that is there, whatever it holds.
    sheet
        Name of the sheets, or members of an archive, that are read; `*` stands for anything.
    keep
        Of several lines which one counts: `keep: {last: VISITDAT}`, `{first: EXSTDTC}`.
    split
        Native column -> what divides its cell: `split: {drug: [+, /]}` makes a row of each part.
    lacks
        Columns that the registry does not have: sex, birth_date.
    requires
        Native columns without which a row says nothing of this table, unless it fills in a column
        that only this mapping reads: then it is kept, and the rule book names what it lacks.
    covariates
        Columns of patients beyond the native format, which the study file names as covariates.
    """

    table: Table
    columns: dict[str, Text]
    constants: dict[str, Text] = Field(default_factory=dict)
    codes: dict[str, dict[str, Text]] = Field(default_factory=dict)
    when: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    requires: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    sheet: Text = "*"
    keep: Keep | None = None
    split: dict[str, tuple[Text, ...]] = Field(default_factory=dict, max_length=1)
    lacks: tuple[Literal["sex", "birth_date"], ...] = ()
    repeat: int = Field(default=1, ge=1, le=200)

    def counted(self) -> Iterable[tuple[int, dict[str, str]]]:
        """Give (n, columns) with `{n}` filled in."""
        for n in range(1, self.repeat + 1):
            yield (
                n,
                {
                    key: column_name(name.replace("{n}", str(n)))
                    for key, name in self.columns.items()
                },
            )

    def with_site(self, site: SiteColumn | str | None) -> Mapping:
        """Return the mapping with the site of its profile, where it has none of its own."""
        has_site = "site_id" in self.columns or "site_id" in self.constants
        if site is None or has_site or "site_id" not in TABLES[self.table].optional:
            return self
        if isinstance(site, SiteColumn):
            return self.model_copy(update={"columns": {**self.columns, "site_id": site.column}})
        return self.model_copy(update={"constants": {**self.constants, "site_id": site}})

    def reads_sheet(self, name: str) -> bool:
        """Say whether a sheet of this name is read."""
        return self.sheet == "*" or fnmatchcase(column_name(name), column_name(self.sheet))

    @property
    def makes_several(self) -> bool:
        """Whether a line may make several rows."""
        return self.repeat > 1 or bool(self.split)

    def mistakes(self) -> Iterable[tuple[Place, str]]:
        """Give what cannot be in the mapping, by its place."""
        native = TABLES[self.table]
        given = {**self.columns, **self.constants}
        lacking = [
            column for column in native.required if column not in given and column not in self.lacks
        ]
        if lacking:
            yield (
                ("columns",),
                f"{self.table} needs {', '.join(lacking)} in columns or constants",
            )
        if self.table == "patients" and not {"birth_date", "age_years"} & {*given, *self.lacks}:
            yield ("columns",), "patients needs birth_date or age_years in columns or constants"
        if self.covariates and self.table != "patients":
            yield ("covariates",), "only patients can have covariates; remove it"
        yield from self._unknown_columns()
        for column in self.constants:
            if column in self.columns:
                yield ("constants", column), "stands in columns as well; keep one"
            yield from self._outside(("constants", column), column, self.constants[column])
        for column, codes in self.codes.items():
            if column not in self.columns:
                yield ("codes", column), f"codes of {column}, which is not among the columns"
            for code, value in codes.items():
                yield from self._outside(("codes", column, code), column, value)
        for position, column in enumerate(self.requires):
            if column not in given:
                yield ("requires", position), f"{column} is neither in columns nor in constants"
        yield from self._repeated()
        yield from self._chosen()

    def _unknown_columns(self) -> Iterable[tuple[Place, str]]:
        native = TABLES[self.table]
        known = {*native.required, *native.optional, *self.covariates}
        has = f"has no column %s; it has {', '.join(sorted(known))}"
        if self.table == "patients":
            has += ", and what is listed under covariates"
        for key in ("columns", "constants"):
            for column in getattr(self, key):
                if column not in known:
                    yield (key, column), f"{self.table} {has % column}"

    def _repeated(self) -> Iterable[tuple[Place, str]]:
        counting = [column for column, name in self.columns.items() if "{n}" in name]
        if self.repeat == 1 and counting:
            yield (
                ("columns", counting[0]),
                "{n} needs repeat: how many times the columns stand in a row",
            )
        if self.repeat > 1 and not counting:
            yield ("repeat",), "no column has {n}, so nothing repeats; remove it or add {n}"
        for column, name in self.columns.items():
            if "{" in name.replace("{n}", "") or "}" in name.replace("{n}", ""):
                yield ("columns", column), "{n} is the only thing that is filled in"

    def _chosen(self) -> Iterable[tuple[Place, str]]:
        """Give what cannot be in keep, split and lacks."""
        if self.keep is not None:
            if (self.keep.first is None) == (self.keep.last is None):
                yield ("keep",), "give the column of first or of last, and not of both"
            for position, column in enumerate(self.keep.per):
                if column not in self.columns and column not in self.constants:
                    yield (
                        ("keep", "per", position),
                        f"{column} is neither in columns nor in constants",
                    )
        for column in self.split:
            if column not in self.columns:
                yield ("split", column), f"split of {column}, which is not among the columns"
        if self.split and self.repeat > 1:
            yield ("split",), "repeat and split do not go together; make two mappings"
        for position, column in enumerate(self.lacks):
            if self.table != "patients":
                yield ("lacks", position), "only patients can lack a column"
            elif column in self.columns or column in self.constants:
                yield ("lacks", position), f"{column} is given; remove one of the two"

    @staticmethod
    def _outside(place: Place, column: str, value: str) -> Iterable[tuple[Place, str]]:
        allowed = VALUES.get(column)
        if allowed and value not in allowed:
            yield place, f"{value} is no value of {column}; it can be {', '.join(allowed)}"
