"""Publishing: what a cut is called, what it keeps of earlier ones, and how it is put in place."""

from __future__ import annotations

import difflib
import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import duckdb
import pandas as pd

from il6_platform.cohort.looks import Look, keep_look, read_looks
from il6_platform.files import write_whole
from il6_platform.paths import code_version, sql_file
from il6_platform.publishing import cuts
from il6_platform.publishing.changes import in_brief
from il6_platform.publishing.content import content_key, versions
from il6_platform.registry import merged, struck
from il6_platform.registry.cells.drugs import read_drug
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.report.formatting import count_of
from il6_platform.report.page import forget_figures, render
from il6_platform.report.sentences import answer
from il6_platform.report.synthetic_flag import SYNTHETIC, said_synthetic
from il6_platform.report.translation import translator_of
from il6_platform.study import Study
from il6_platform.validation import answers
from il6_platform.warehouse.database import Warehouse, copy_tables
from il6_platform.warehouse.home import Site, put_in_place
from il6_platform.warehouse.integrity import damages, write_manifest
from il6_platform.warehouse.standing import Standing

HISTORY = (
    *("analysis", "endpoint", "population", "contrast", "model", "term", "statistic"),
    *("estimate", "ci_low", "ci_high", "p_value", "n", "events"),
)


@dataclass(frozen=True)
class Publication:
    """A cut in its place; `same` says of one that was there before whether it came out the same."""

    cut: str
    folder: Path
    is_current: bool
    same: bool | None


def cut_of(
    deliveries: pd.DataFrame,
    study: Study,
    censored_on: date | None = None,
    *,
    synthetic: bool = False,
    looks: Sequence[Look] = (),
    choices: Sequence[str] = (),
) -> str:
    """Name a data cut by what went in.

    Deliveries, study file, code, versions, censoring, looks, and what the registry's tables rest on
    besides (`choices_behind`).
    """
    parts = [
        *(
            f"{row.delivery} {str(row.delivered_on)[:10]}"
            + (f" without {row.erased} rows" if row.erased else "")
            for row in deliveries.itertuples()
        ),
        study.digest,
        code_version(),
        *versions().values(),
        *([censored_on.isoformat()] if censored_on else []),
        *(["synthetic"] if synthetic else []),
        *choices,
        *(f"look {look.events} of {look.planned}" for look in looks),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


class Choice(StrEnum):
    """What a home chose for its registry: the first word of each of its choices."""

    ACCEPTED = "accepted"
    STRUCK = "struck"
    JOINED = "joined"
    NAMED = "named"


def choices_behind(site: Site, pseudonyms: Pseudonyms) -> list[str]:
    """Name what the registry's tables rest on besides deliveries, code and a study's own file.

    Values accepted as they are, patients struck out, numbers joined, how sites export, and the
    drugs that no dictionary holds and a study of the home names.

    Raises
    ------
    UsageError
        Where the list of joined numbers cannot be read.
    """
    home, as_of = site.home_path, site.as_of_date
    values, joined = answers.accepted(home, as_of), merged.read_merged(home, pseudonyms, as_of)
    unknown = [text for text in site.named_drugs() if read_drug(text).certainty != "known"]
    return [
        *([f"{Choice.ACCEPTED} {values}"] if values else []),
        *(f"{Choice.STRUCK} {row['patient']}" for row in struck.read_struck(home, as_of)),
        *(f"{Choice.JOINED} {row[:-1]}" for row in sorted(joined)),
        *site.exports_said(),
        *(f"{Choice.NAMED} {text}" for text in unknown),
    ]


def note_content(warehouse: Warehouse, key: str) -> None:
    """Note what the registry's tables are made of from here on, before they are."""
    said = choices_behind(warehouse.site, warehouse.pseudonyms)
    warehouse.query(
        "create or replace table study.content as "
        "select $key as key, $choices::varchar[] as choices",
        {"key": key, "choices": said},
    )


def choices_of(warehouse: Warehouse) -> list[str]:
    """Return the choices that a study's copy of the registry rests on; none of an older version."""
    noted = warehouse.query("from study.content").iloc[0]
    return [*noted.get("choices", ())]


def chosen(choices: Sequence[str], kind: Choice) -> list[str]:
    """Return what was chosen of one kind."""
    head = f"{kind} "
    return [said.removeprefix(head) for said in choices if said.startswith(head)]


def mark_registry_whole(warehouse: Warehouse) -> None:
    """Say on which content the registry's tables rest, now that all of them are made."""
    key = str(warehouse.query("select key from study.content")["key"].iloc[0])
    write_whole(warehouse.site.registry_content_path, key)


def history_with(warehouse: Warehouse) -> pd.DataFrame:
    """Return the main estimates of the cuts that were current before this one, and its own."""
    made_of = warehouse.query("select name, value from report.provenance where kind = 'cut'")
    about = dict(zip(made_of["name"], made_of["value"], strict=True))
    main = warehouse.query(f"select {', '.join(HISTORY)} from report.results where {cuts.MAIN}")
    main.insert(0, "cut", about["cut"])
    main.insert(1, "last_export", about["last_export"])
    database = cuts.database_before(warehouse.site, about["cut"], about["last_export"])
    if database is None:
        return main
    with duckdb.connect(database, read_only=True) as connection:
        earlier = connection.execute("from report.history").df()
    return pd.concat([earlier[earlier["cut"] != about["cut"]], main], ignore_index=True)


def earlier_looks(warehouse: Warehouse) -> tuple[Look, ...]:
    """Return the looks taken at cuts that rest on earlier deliveries only."""
    last = warehouse.query(
        "select max(delivered_on) as day from raw.deliveries where position is not null"
    )["day"].iloc[0]
    return read_looks(warehouse.site.looks_path, str(last)[:10])


def _keep_look(warehouse: Warehouse, last_export: str) -> None:
    """Keep the look at the monitored comparison that a published cut is."""
    rows = warehouse.query(
        "select endpoint, population, contrast, events, estimate from analysis.monitoring "
        "where statistic = 'planned_events'"
    )
    for row in rows.itertuples():
        where = (row.endpoint, row.population, row.contrast)
        keep_look(
            warehouse.site.looks_path,
            Look(last_export, *where, int(row.events), round(row.estimate)),
        )


def publish(warehouse: Warehouse, *, anew: bool = False) -> Publication:
    """Build the cut beside, check it, rename it into place, point `published` at it.

    Where it is made `anew`, so is each figure. A cut that is there already is kept as it is: same
    content, same bytes; that is judged. A cut as of an earlier day takes the place of the current
    one only where there is none.

    Raises
    ------
    RuntimeError
        Where what was written is not what the working database holds.
    """
    site = warehouse.site
    made_of = warehouse.query("select name, value from report.provenance where kind = 'cut'")
    about = dict(zip(made_of["name"], made_of["value"], strict=True))
    cut = about["cut"]
    folder = site.cuts_path / cut
    building = site.cuts_path / ".building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    with warehouse.connect() as connection:
        copy_tables(connection, "report", building / "report.duckdb")
    after = cuts.predecessor(site, cut, about["last_export"])
    cuts.keep_patients(warehouse, cut)
    changed = _changes(warehouse, building / "report.duckdb", cut, after)
    if anew:
        forget_figures(warehouse)
    page = render(warehouse, changed, " ".join([code_version(), *versions().values()]))
    (building / "report.html").write_text(page, encoding="utf-8")
    _check(warehouse, building / "report.duckdb")
    write_manifest(building, warehouse.pseudonyms.fingerprint)
    is_whole = folder.exists() and not any(damages(folder))
    same = _same(building, folder) if is_whole else None
    cuts.enter(site, cut, about["last_export"], after)
    looks_back = site.as_of or site.censor
    is_current = not looks_back or not site.published_path.exists()
    put_in_place(building, folder, site.published_path if is_current else None)
    if not looks_back:
        _keep_look(warehouse, about["last_export"])
    if is_current:
        _standing(warehouse, about, after, changed).write(site.study_folder)
        site.point_home_at()
        # last: a publication that is killed before this is done again. What came in while this cut
        # was made is not in it: the next refresh shall see it
        seen = warehouse.query("select key from study.content")["key"].iloc[0]
        write_whole(site.content_path, f"{content_key(site, str(seen))}\n{cut}")
    return Publication(cut, folder, is_current, same)


def _changes(warehouse: Warehouse, database: Path, cut: str, after: str) -> list[str]:
    """Say what changed since the cut before; nothing where there was none or it is gone."""
    site = warehouse.site
    before = site.cuts_path / after / "report.duckdb"
    if not after or after == cut or not before.exists():
        return []
    behind = site.patients_of(after), site.patients_of(cut)
    try:
        return in_brief(cuts.compared(before, database, *behind), warehouse.study)
    except duckdb.Error:
        return ["The cut before was made by another version, and cannot be compared."]


def _standing(
    warehouse: Warehouse, about: Mapping[str, str], after: str, changed: list[str]
) -> Standing:
    """Return what the published cut says, in short."""
    study, flow = warehouse.study, warehouse.read("report.flow")

    def count(column: str, value: str) -> str:
        rows = flow[flow[column] == value]
        return count_of(rows.iloc[0].to_dict(), "n") if len(rows) else "0"

    translator = translator_of(study)
    say = str if translator is None else translator.say
    return Standing(
        study=study.name,
        title=study.title,
        registry=say(SYNTHETIC) if said_synthetic(warehouse.read("report.provenance")) else "",
        cut=about["cut"],
        last_export=about["last_export"],
        arrived=count("kind", "arrived"),
        analysed=count("kind", "analysed"),
        set_aside=count("label", "Decisive record in quarantine"),
        answer=[say(sentence) for sentence in answer(warehouse.read("report.results"), study)],
        after=after,
        changes=[say(sentence) for sentence in changed],
        not_given=_not_given(warehouse),
    )


def _not_given(warehouse: Warehouse) -> list[str]:
    """Say what the study file names and no patient has: most often it is spelt otherwise."""
    said = []
    for row in warehouse.query(sql_file("validation.not_given").read_text("utf-8")).itertuples():
        is_drug = pd.isna(row.covariate)
        what = f"experimental drug {row.name}" if is_drug else f"covariate {row.covariate}"
        # of no patient anything is known
        listed = row.known if isinstance(row.known, Iterable) else ()
        known = sorted(name for name in listed if name != row.name)
        near = difflib.get_close_matches(str(row.name), known, 1)
        advice = f"is {near[0]} meant?" if near else "the exports may call it otherwise"
        said.append(f"No patient has the {what}; {advice}")
    return said


def _same(built: Path, kept: Path) -> bool:
    page, database = "report.html", "report.duckdb"
    return (built / page).read_bytes() == (kept / page).read_bytes() and (
        cuts.digest_of_tables(built / database) == cuts.digest_of_tables(kept / database)
    )


def _check(warehouse: Warehouse, database: Path) -> None:
    with duckdb.connect(database, read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'report'"
        ).fetchall()
        for (table,) in tables:
            counted = connection.execute(f"select count(*) from report.{table}").fetchone()
            if counted is None or counted[0] != warehouse.row_count(f"report.{table}"):
                raise RuntimeError(f"report.{table} was not written whole; refresh again")
