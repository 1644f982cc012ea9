"""The folders of a home: the registry's and, for each study, its own.

IL6_HOME/registry.duckdb         raw, staging: as of the last refresh of the registry
IL6_HOME/deliveries/<sha256>     every export as it arrived, but for patients who are forgotten
IL6_HOME/worklist.xlsx           what the data manager has to put right, as of the last refresh
IL6_HOME/answers.csv             what was answered to the worklist
IL6_HOME/quality.html            the same in counts, by site, table, rule and delivery
IL6_HOME/forgotten.csv           who was forgotten (pseudonyms), when, and how much was erased
IL6_HOME/published               the link to the published cut of the only or default study
IL6_HOME/studies/<name>/
    study.yaml                   the study file
    working.duckdb               cohort, analysis, report: as of the study's last refresh
    cuts/<cut>/                  report.duckdb, report.html: a folder a cut, never changed
    published -> cuts/...        the current cut: a link that is replaced in one step
    cuts.csv                     when each cut was first kept, and after which one
    patients/<cut>               who is in a cut, as hashes: for `il6 diff`, never published
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform import paths
from il6_platform.errors import PlatformError, UsageError
from il6_platform.files import (
    listed,
    make_folder,
    replace_link,
    sync_folder,
    sync_tree,
    write_whole,
)
from il6_platform.registry_file import Exports, quality_of, read_registry_file
from il6_platform.study import Quality, Study, StudyError, read_study
from il6_platform.warehouse.integrity import damages

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


class BusyError(PlatformError):
    """Another refresh holds a database; the message says what to do."""


@dataclass(frozen=True)
class Site:
    """An installation, and the study that a command is about.

    Attributes
    ----------
    home, landing
        The folder of the installation, and the one in which exports are dropped.
    study_file
        The study; the home's default, or its first one, where none is named.
    as_of
        ISO date: only what had been exported by then.
    censor
        ISO date: follow-up is cut there.
    wait_seconds
        How long to wait for another refresh to end.
    """

    home: str
    landing: str
    study_file: str | None = None
    as_of: str | None = None
    censor: str | None = None
    wait_seconds: float = 600

    @cached_property
    def study(self) -> Study:
        """The study (read once a process); a derived marker's analytes are known."""
        study = read_study(self.study_path)
        if not study.marker.is_derived:
            return study
        # the dictionaries take a library's time to load
        from il6_platform.registry.units import marker_units

        try:
            marker_units(study.marker)
        except StudyError as error:
            raise StudyError(f"study file {self.study_path}, {error}") from None
        return study

    @property
    def study_path(self) -> Path:
        """The study file: the one that is named, the home's default or first, or the shipped."""
        named = self.study_file or self.default_study() or next(iter(self.studies().values()), None)
        return Path(named or paths.default_study())

    @property
    def home_path(self) -> Path:
        """IL6_HOME, made on first use, for its owner only."""
        return make_folder(Path(self.home))

    @property
    def landing_path(self) -> Path:
        """The folder in which exports are dropped, made on first use."""
        path = Path(self.landing)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def kept_path(self) -> Path:
        """The folder that keeps every delivery as it arrived."""
        return make_folder(self.home_path / "deliveries")

    def keep(self, name: str, content: bytes) -> None:
        """Keep a delivery's bytes under its name, for their owner only."""
        write_whole(self.kept_path / name, content)

    @property
    def registry_database(self) -> Path:
        """The registry's database; a look back has one of its own, so as not to disturb it."""
        return self.home_path / ("lookback.duckdb" if self.as_of else "registry.duckdb")

    def begin_look_back(self) -> None:
        """Make the database of a look back: the registry's as it stands."""
        at_rest = self.home_path / "registry.duckdb"
        self.registry_database.unlink(missing_ok=True)
        if at_rest.exists():
            shutil.copyfile(at_rest, self.registry_database)

    @property
    def registry_content_path(self) -> Path:
        """The file that says on which content the registry's tables rest."""
        return self.registry_database.with_suffix(".content")

    @property
    def landings_path(self) -> Path:
        """The ledger of deliveries: which bytes were dropped under which name, and when."""
        return self.home_path / "deliveries.csv"

    @property
    def forgotten_path(self) -> Path:
        """The record of who was forgotten, by pseudonym; it is not published."""
        return self.home_path / "forgotten.csv"

    @property
    def answers_path(self) -> Path:
        """Every answer to the worklist, oldest first; it is not published."""
        return self.home_path / "answers.csv"

    @property
    def studies_path(self) -> Path:
        """The folder of the studies."""
        return make_folder(self.home_path / "studies")

    def studies(self) -> dict[str, Path]:
        """Return the study files of the home by the study's name.

        A study is `studies/<name>/study.yaml`, or any YAML file in `studies/` itself.

        Raises
        ------
        UsageError
            Where two files of the user's are one name's, of which one would not be read; or where a
            study's cuts lie in the folder of another name, so that it would begin anew.
        """
        own = self.studies_path
        files = [*listed(own, "*.y*ml"), *own.glob("*/study.yaml")]
        found: dict[str, Path] = {}
        # a file in `studies/` itself is the user's: it comes before the copy in the study's folder
        for file in sorted(files, key=lambda path: (len(path.parts), path)):
            name, folder = name_in(file), file.parent
            if folder == own and name in found:
                raise UsageError(
                    f"{found[name]} and {file} are both called {name}; give one a `name:` of its "
                    "own, or take it away"
                )
            if folder not in (own, own / name) and (folder / "cuts.csv").exists():
                raise UsageError(
                    f"{file} is called {name}, and its cuts lie in the folder {folder.name}; give "
                    "both one name, or the study would begin anew without them"
                )
            found.setdefault(name, file)
        return found

    def has_study(self) -> None:
        """Add the shipped study (or IL6_STUDY) to a home that has none."""
        if not self.studies():
            self.add_study(paths.default_study())

    def of_study(self, name: str) -> Site:
        """Return this installation with another study.

        Raises
        ------
        UsageError
            Where the home has no study of the name; the message says which it has.
        """
        studies = self.studies()
        if self.study_file is not None and self.study.name == name:
            return self
        if name not in studies:
            if os.path.isfile(name):
                raise UsageError(f"{name} is no study file; name one that ends in .yaml")
            known = ", ".join(studies) or "none yet"
            raise UsageError(f"there is no study {name!r} in {self.home}; there are {known}")
        return replace(self, study_file=str(studies[name]))

    def default_study(self) -> Path | None:
        """Return the study file that is meant where none is named, if one can be."""
        return next(iter(self.default_studies()), None)

    def default_studies(self) -> list[Path]:
        """Return the home's only study, or those with `default: true`: there should be one."""
        files = [*self.studies().values()]
        return files if len(files) < 2 else [file for file in files if read_study(file).default]

    @property
    def quality(self) -> Quality:
        """The thresholds of the registry."""
        return quality_of(self.home_path, self.study)

    @property
    def exports_meant(self) -> dict[str, Exports]:
        """What the registry says of its exports, by site in lower case.

        Under the empty name stand exports that name no site, under `*` those of every other one.
        """
        registry = read_registry_file(self.home_path)
        sites = registry.sites if registry else {}
        said = {name.lower(): one.exports for name, one in sites.items() if one.says_exports}
        # where one site delivers, its exports need not name it
        alone = said if len(sites) == 1 else {}
        exports = self.quality.exports
        return {"": next(iter(alone.values()), exports), "*": exports, **said}

    def exports_said(self) -> list[str]:
        """Return what is said of exports, site by site."""
        return [f"{kind} exports of {site!r}" for site, kind in sorted(self.exports_meant.items())]

    def covariates(self) -> list[str]:
        """Return what all studies describe of patients: columns that enter the registry."""
        files = {*self.studies().values(), self.study_path}
        every = (one for file in files for one in read_study(file).described)
        return sorted({one.name for one in every if one.analyte is None})

    def named_drugs(self) -> list[str]:
        """Return the texts of treatments that studies name, in lower case; `*` where all do any."""
        files = {*self.studies().values(), self.study_path}
        arms = [read_study(file).arms for file in files]
        named = {
            text.lower() for one in arms for text in (one.experimental_drug, *one.control_drugs)
        }
        everywhere = all("*" in one.control_drugs for one in arms)
        return sorted({text.lower() for text in named} - (set() if everywhere else {"*"}))

    @property
    def study_folder(self) -> Path:
        """The study's own folder in the home."""
        return make_folder(self.studies_path / self.study.name)

    @property
    def working_database(self) -> Path:
        """The study's working database."""
        return self.study_folder / "working.duckdb"

    @property
    def cuts_path(self) -> Path:
        """The folder of the study's published cuts."""
        return make_folder(self.study_folder / "cuts")

    @property
    def published_path(self) -> Path:
        """The link to the study's current cut; it is there once something was published."""
        return self.study_folder / "published"

    @property
    def content_path(self) -> Path:
        """The file that says which content is published: its key, and the cut that it gave."""
        return self.study_folder / "published.content"

    @property
    def ledger_path(self) -> Path:
        """The file that says in which order the cuts came; it is not published."""
        return self.study_folder / "cuts.csv"

    @property
    def looks_path(self) -> Path:
        """The file that lists the looks taken at growing data; it is not published."""
        return self.study_folder / "looks.csv"

    def patients_of(self, cut: str) -> Path:
        """Return the file that says, by hashes, who is in a cut; it is not published."""
        return make_folder(self.study_folder / "patients") / f"{cut}.parquet"

    @property
    def as_of_date(self) -> date | None:
        """The day whose knowledge is asked for, or None for all."""
        return date.fromisoformat(self.as_of) if self.as_of else None

    @property
    def censored_on(self) -> date | None:
        """The day at which follow-up is cut, or None where it is not."""
        return date.fromisoformat(self.censor) if self.censor else None

    def published_database(self) -> Path | None:
        """Return the current cut's own `report.duckdb`, or None before the first publication.

        The path is the cut's, not the link's: DuckDB keeps one instance a path in a process, so a
        reader that opened the link would go on reading the cut that it pointed to then.
        """
        path = self.published_path / "report.duckdb"
        return path.resolve() if path.exists() else None

    def read_published(self, query: str) -> pd.DataFrame | None:
        """Answer a query from the current cut, or None before the first publication."""
        path = self.published_database()
        if path is None:
            return None
        with open_published(path) as connection:
            if not connection.extract_statements(query):
                raise UsageError("the query holds nothing but a comment; ask something")
            return connection.execute(query).df()

    def add_study(self, file: Path) -> Path:
        """Add a study file to the home, or replace its copy there; return the home's file.

        A file that lies in the home's `studies` folder is used where it is.

        Raises
        ------
        UsageError
            Where the home has another study of that name, which this one would overwrite.
        """
        made = read_study(file)
        if self.studies_path.resolve() in file.resolve().parents:
            return file
        known = self.studies().get(made.name)
        if known is not None:
            other = read_study(known)
            asked, before = ((one.marker.term, one.arms.experimental_drug) for one in (made, other))
            if asked != before:
                was, is_now = (
                    f"{one.marker.analyte or one.marker.expression} and "
                    f"{one.arms.experimental_drug}"
                    for one in (other, made)
                )
                raise UsageError(
                    f"study file {file}: the home has another study called {made.name} (of {was}, "
                    f"not of {is_now}); give this one a `name:` of its own"
                )
        place = self.studies_path / made.name / "study.yaml"
        make_folder(place.parent)
        content = file.read_bytes()
        if not place.exists() or place.read_bytes() != content:
            write_whole(place, content)
        return place

    def point_home_at(self) -> None:
        """Let `IL6_HOME/published` lead to the published cut of the only or default study."""
        target = self._home_target
        if target is not None and not self.is_pointed_at():
            replace_link(self._home_link, target)

    def is_pointed_at(self) -> bool:
        """Say whether `IL6_HOME/published` leads there; nothing is asked before there is one."""
        link, target = self._home_link, self._home_target
        if target is None or not (self.home_path / target).exists():
            return True
        return link.is_symlink() and link.readlink() == target

    @property
    def _home_link(self) -> Path:
        return self.home_path / "published"

    @property
    def _home_target(self) -> Path | None:
        """Where the home's link leads, from there; None where no study is the default."""
        default = self.default_study()
        return None if default is None else Path("studies", name_in(default), "published")


def left_by_a_kill(site: Site) -> list[Path]:
    """Return the files that say what is being written, or was when that was killed."""
    names = ("registry.holder", "registry.lists")
    named = [
        *(site.home_path / name for name in names),
        *site.studies_path.glob("*/refresh.holder"),
    ]
    return [holder for holder in named if holder.exists()]


def damage_mark(database: Path) -> Path:
    """Return the file that is there where a database was found to be damaged."""
    return database.with_suffix(".damaged")


def damaged(site: Site) -> list[Path]:
    """Return the marks of databases that were found to be damaged."""
    marks = [damage_mark(site.registry_database), *site.studies_path.glob("*/working.damaged")]
    return [mark for mark in marks if mark.exists()]


def written_out(database: Path) -> Path:
    """Return the folder for what a query of a database finds no room for in memory."""
    return database.with_name(f"{database.name}.tmp")


def remove_database(database: Path) -> None:
    """Take a database away, with all that DuckDB has laid beside it."""
    shutil.rmtree(written_out(database), ignore_errors=True)
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()


def name_in(file: Path) -> str:
    """Return the name of the study of a file, as `read_study` would."""
    return read_study(file).name


def open_published(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a published database to read it and nothing else: no other file, no extension."""
    import duckdb

    connection = duckdb.connect(path, read_only=True)
    # what does not fit into memory would be laid beside the published files
    connection.execute(
        "set temp_directory = ''; set enable_external_access = false; set lock_configuration = true"
    )
    return connection


def put_in_place(built: Path, cut_folder: Path, link: Path | None) -> None:
    """Rename a finished cut's folder into place, then point the link at it, each in one step.

    A cut that is there and whole stays; one that is damaged is replaced.
    """
    sync_tree(built)
    if cut_folder.exists() and not [*damages(cut_folder)]:
        shutil.rmtree(built)
    else:
        aside = cut_folder.with_name(f".damaged-{cut_folder.name}")
        shutil.rmtree(aside, ignore_errors=True)
        if cut_folder.exists():
            os.replace(cut_folder, aside)
        os.replace(built, cut_folder)
        sync_folder(cut_folder.parent)
        shutil.rmtree(aside, ignore_errors=True)
    if link is not None:
        replace_link(link, Path(os.path.relpath(cut_folder, link.parent)))
