"""A home in a notebook, to be read: results, curves, cohort, figures, an analysis asked otherwise.

    from il6_platform import open_home
    study = open_home("/srv/il6").study()

Belongs here: what a statistician asks of a home in Python. Does not belong here: changing anything;
a home is refreshed by `il6 refresh`.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Literal, overload

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure
from pydantic import ValidationError

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.spec import analyses
from il6_platform.errors import UsageError
from il6_platform.report.figure_catalogue import Picture, pictures
from il6_platform.report.reader import TABLES, Cut, read_cut
from il6_platform.study import Study
from il6_platform.warehouse.home import Site, open_published

COHORT = ("adsl", "adtte", "adrs", "adtr", "flow")
"""Tables of the cohort that can be read."""

DERIVED_FROM = ("name", "marker", "arms", "design")
"""Choices that made the cohort: another one is another cohort, which only a refresh derives."""

Format = Literal["pandas", "arrow"]


class Home:
    """A home of il6, to be read.

    Parameters
    ----------
    folder
        IL6_HOME.

    Raises
    ------
    UsageError
        Where the folder is no home.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        if not (self.folder / "home.json").exists():
            raise UsageError(f"{self.folder} is no home of il6 yet: il6 refresh")
        self._site = Site(home=str(self.folder), landing=str(self.folder / "landing"))

    def __repr__(self) -> str:
        return f"Home({str(self.folder)!r}): {', '.join(self.studies()) or 'no study'}"

    def studies(self) -> list[str]:
        """Return the names of the studies."""
        return list(self._site.studies())

    def study(self, name: str | None = None) -> PublishedStudy:
        """Return a study as it is published; the only or default one where none is named.

        Raises
        ------
        UsageError
            Where there is no such study, several and none is the default, or nothing is published.
        """
        site = self._site if name is None else self._site.of_study(name)
        if name is None and len(site.default_studies()) != 1:
            raise UsageError(f"name one of the studies: {', '.join(self.studies())}")
        return PublishedStudy(site)


class PublishedStudy:
    """A study's published cut, with the cohort behind it where the site's files may be read.

    Parameters
    ----------
    site
        The installation with the study.
    """

    def __init__(self, site: Site) -> None:
        database = site.published_database()
        if database is None:
            raise UsageError(f"nothing of {site.study.name} is published yet: il6 refresh")
        self._site, self._database = site, database

    def __repr__(self) -> str:
        return f"PublishedStudy({self.name!r}), cut {self.cut}: {self.choices.title}"

    @cached_property
    def _cut(self) -> Cut:
        return read_cut(self._database)

    @property
    def name(self) -> str:
        """The study's name."""
        return self._site.study.name

    @property
    def cut(self) -> str:
        """Name of the published cut."""
        return self._cut.name

    @property
    def choices(self) -> Study:
        """The study file's choices, as they were when the cut was made."""
        return self._cut.study

    @overload
    def table(self, name: str, format: Literal["pandas"] = "pandas") -> pd.DataFrame: ...
    @overload
    def table(self, name: str, format: Literal["arrow"]) -> pa.Table: ...
    def table(self, name: str, format: Format = "pandas") -> pd.DataFrame | pa.Table:
        """Return a published table: results, curves, headline, flow, data_quality, ...

        Raises
        ------
        UsageError
            Where there is no such table; the message says which there are.
        """
        if name not in TABLES:
            raise UsageError(f"there is no table {name!r}; there are {', '.join(TABLES)}")
        return self.query(f"from report.{name}", format)

    def results(self, **where: Any) -> pd.DataFrame:
        """Return every number of the study, one estimate a row.

        Parameters
        ----------
        where
            Column -> value that is asked for; None asks for a missing one.

        Examples
        --------
        `study.results(analysis="cox", endpoint="PFS", model="multivariable")`
        """
        rows = self._cut.results
        for column, value in where.items():
            if column not in rows:
                raise UsageError(f"results have no column {column!r}: {', '.join(rows.columns)}")
            rows = rows[rows[column].isna() if value is None else rows[column].eq(value)]
        return rows.reset_index(drop=True)

    @overload
    def query(self, sql: str, format: Literal["pandas"] = "pandas") -> pd.DataFrame: ...
    @overload
    def query(self, sql: str, format: Format) -> pd.DataFrame | pa.Table: ...
    def query(self, sql: str, format: Format = "pandas") -> pd.DataFrame | pa.Table:
        """Answer a query from the published database; it can read and change nothing else."""
        with open_published(self._database) as connection:
            found = connection.sql(sql)
            return found.to_arrow_table() if format == "arrow" else found.df()

    @overload
    def cohort(self, table: str = "adsl", format: Literal["pandas"] = "pandas") -> pd.DataFrame: ...
    @overload
    def cohort(self, table: str, format: Format) -> pd.DataFrame | pa.Table: ...
    def cohort(self, table: str = "adsl", format: Format = "pandas") -> pd.DataFrame | pa.Table:
        """Return a table of the cohort, a row a patient or visit: not to be published.

        Raises
        ------
        UsageError
            Where there is no such table, a refresh is running, or the site's files are not there.
        """
        if table not in COHORT:
            raise UsageError(f"the cohort has no table {table!r}; there are {', '.join(COHORT)}")
        try:
            with duckdb.connect(self._site.working_database, read_only=True) as connection:
                found = connection.sql(f"from cohort.{table}")
                return found.to_arrow_table() if format == "arrow" else found.df()
        except duckdb.IOException:
            raise UsageError(
                "the study's working database cannot be read: a refresh is running, or it is "
                "not here"
            ) from None

    def figures(self) -> list[str]:
        """Return the names of the figures of the page."""
        return list(self._pictures)

    @cached_property
    def _pictures(self) -> dict[str, Picture]:
        return {picture.name: picture for picture in pictures(self._cut.report)}

    def figure(self, name: str) -> Figure:
        """Draw a figure of the page as a matplotlib object.

        Raises
        ------
        UsageError
            Where there is no such figure.
        """
        if name not in self._pictures:
            raise UsageError(f"there is no figure {name!r}; figures() lists them")
        return self._pictures[name].draw()

    def rerun(self, analysis: str, **changes: Any) -> pd.DataFrame:
        """Run one analysis again on a changed study; return its rows, publish nothing.

        The cut-off is found again by the changed study, and the marker's groups with it.

        Parameters
        ----------
        analysis
            Name of a module in `il6_platform.analysis`.
        changes
            Keys of the study file with their new values.

        Raises
        ------
        UsageError
            Where the change would need another cohort, or a value cannot be.

        Examples
        --------
        `study.rerun("interaction", cutoff={"method": "fixed", "value": 5})`
        """
        study = self._changed(changes)
        entry = analyses().get(analysis)
        if entry is None:
            raise UsageError(f"there is no analysis {analysis!r}: {', '.join(analyses())}")
        if entry.spec.looks_back:
            raise UsageError(f"{analysis} replays every delivery: only a refresh can run it")
        adsl, adtte, adrs, adtr = (self.cohort(one) for one in ("adsl", "adtte", "adrs", "adtr"))
        lacking = set(study.needed_endpoints) - set(adtte["PARAMCD"])
        if lacking:
            raise UsageError(
                f"the cohort has no {', '.join(sorted(lacking))}: "
                "il6 refresh --study FILE derives it"
            )
        subjects = Cohort.of(adsl, adtte, adrs, adtr, study)
        made: dict[str, pd.DataFrame] = {}

        def run(name: str, cohort: Cohort) -> pd.DataFrame:
            if name not in made:
                one = analyses()[name]
                earlier = {before: run(before, cohort) for before in one.spec.after}
                made[name] = one.run(cohort, study, earlier).frame()
            return made[name]

        cut = run("cutoff", subjects)
        value = cut.loc[cut["statistic"] == "cutoff", "estimate"].max()
        high = np.where(adsl["MARKER"] >= value, "high", "low")
        groups = pd.Series(high, index=adsl.index, dtype=object)
        adsl = adsl.assign(MARKERGR=groups.where(adsl["MARKER"].notna() & pd.notna(value), None))
        return run(analysis, Cohort.of(adsl, adtte, adrs, adtr, study)).reset_index(drop=True)

    def _changed(self, changes: dict[str, Any]) -> Study:
        made_of = [key for key in changes if key in DERIVED_FROM]
        if made_of:
            raise UsageError(
                f"{', '.join(made_of)} makes another cohort: write a study file and il6 refresh "
                "--study FILE"
            )
        try:
            return Study.model_validate(self.choices.model_dump(mode="json") | changes)
        except ValidationError as error:
            found = error.errors()[0]
            place = ".".join(map(str, found["loc"]))
            raise UsageError(f"{place}: {found['msg']}") from None
