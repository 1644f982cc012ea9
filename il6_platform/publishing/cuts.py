"""Cuts that are kept: in which order they came, what each rests on, what differs between two.

Belongs here: the ledger of cuts in IL6_HOME, the patients behind each (as hashes, never published),
and their comparison by `sql/cuts/`. Does not belong here: making a cut; that is `publishing`.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from il6_platform.errors import UsageError
from il6_platform.files import put_whole, read_rows, write_whole
from il6_platform.paths import sql_file
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import is_whole

MAIN = (
    "(statistic in ('hazard_ratio', 'logrank') and contrast is not null "
    "or statistic in ('auc', 'cutoff', 'ratio_of_hazard_ratios')) "
    "and analysis in ('cutoff', 'survival', 'cox', 'interaction')"
)
"""SQL condition on `report.results`: the estimates that the history follows."""


class NoSuchCutError(UsageError):
    """No cut, or more than one, is meant by a name."""


@dataclass(frozen=True)
class Kept:
    """A line of the ledger: a cut, when it was first kept, its last export, the cut before it.

    `pruned_at` says when it was taken away (`keep:` of the registry file); empty while it is there.
    """

    cut: str
    kept_at: str
    last_export: str
    after: str
    pruned_at: str = ""


@dataclass(frozen=True)
class Difference:
    """What differs between two cuts.

    Attributes
    ----------
    provenance
        kind, name, old, new: deliveries, the study file's choices, rules, code and versions.
    patients
        change, patient (pseudonym): not to be published. None where a cut's patients are not kept.
    flow
        label, old, new.
    estimates
        Every estimate of either cut by its coordinates, with `change` (new, gone, same, moved) and
        whether it is a `main` one, and whether its P `crossed` 0.05.
    """

    provenance: pd.DataFrame
    patients: pd.DataFrame | None
    flow: pd.DataFrame
    estimates: pd.DataFrame


def ledger(site: Site) -> dict[str, Kept]:
    """Return the cuts in the order in which they were first kept."""
    rows = read_rows(site.ledger_path, ("cut", "kept_at", "last_export", "after"))
    names = Kept.__dataclass_fields__
    return {row["cut"]: Kept(**{name: row.get(name, "") for name in names}) for row in rows}


def enter(site: Site, cut: str, last_export: str, after: str) -> None:
    """Add a cut to the ledger; one that is there, or was pruned, keeps its place."""
    known = ledger(site)
    if cut in known and not known[cut].pruned_at:
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    known[cut] = replace(known.get(cut, Kept(cut, now, last_export, after)), pruned_at="")
    write_ledger(site, known)


def write_ledger(site: Site, known: Mapping[str, Kept]) -> None:
    """Write the ledger of cuts."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Kept.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows([vars(line) for line in known.values()])
    write_whole(site.ledger_path, text.getvalue())


def predecessor(site: Site, cut: str, last_export: str) -> str:
    """Return the cut that was current before this one, or an empty text.

    A cut that is made again finds the same one as the first time; a cut as of an earlier day, the
    last one whose exports are no later than its own.
    """
    known = ledger(site)
    if cut in known and known[cut].after != cut:
        return known[cut].after
    current = site.published_path.resolve().name if site.published_path.exists() else ""
    for before in _and_before(known, current):
        # where the ledger is lost, the current cut may be the one that is made again
        if before != cut and (before not in known or known[before].last_export <= last_export):
            return before
    return ""


def _and_before(known: Mapping[str, Kept], cut: str) -> Iterator[str]:
    """Give a cut and those before it, the latest first; each once, whatever a ledger says."""
    seen = {""}
    while cut not in seen:
        yield cut
        seen.add(cut)
        cut = known[cut].after if cut in known else ""


def database_before(site: Site, cut: str, last_export: str) -> Path | None:
    """Return the database of the cut before one, or of an earlier one where that is damaged."""
    for before in _and_before(ledger(site), predecessor(site, cut, last_export)):
        if is_whole(site.cuts_path / before, "report.duckdb"):
            return site.cuts_path / before / "report.duckdb"
    return None


def keep_patients(warehouse: Warehouse, cut: str) -> None:
    """Keep who is in the working cut, for its owner only, so that later cuts can be compared."""
    path = warehouse.site.patients_of(cut)
    fresh = path.with_suffix(".new")
    with warehouse.connect() as connection, connection.cursor() as own:
        own.sql(_statement("patients")).write_parquet(str(fresh))
    put_whole(fresh, path)


def digest_of_tables(database: Path) -> str:
    """Return a SHA-256 of all rows of a published database in their stored order.

    The file itself is no measure: DuckDB writes a random identifier into each new one.
    """
    digest = hashlib.sha256()
    with duckdb.connect(database, read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = current_database() "
            "order by table_name"
        ).fetchall()
        for (table,) in tables:
            rows = connection.execute(f"from main.{table}").fetchall()
            digest.update(repr((table, rows)).encode())
    return digest.hexdigest()


def kept_cuts(site: Site) -> pd.DataFrame:
    """List the cuts that are kept, oldest first: what each rests on and what it found."""
    known = ledger(site)
    current = site.published_path.resolve().name if site.published_path.exists() else None
    folders = {folder.name for folder in site.cuts_path.iterdir() if folder.name[0] != "."}
    rows = []
    for cut in [*(c for c in known if c in folders), *sorted(folders - set(known))]:
        try:
            about, flow = _about(site.cuts_path / cut / "report.duckdb")
        except duckdb.Error:
            # the others can be read all the same
            about, flow = {"il6_platform": "damaged: il6 refresh --force makes it again"}, {}
        rows.append(
            {
                "cut": cut,
                "current": "*" if cut == current else "",
                "kept_at": known[cut].kept_at if cut in known else None,
                "last_export": about.get("last_export"),
                "censored_on": about.get("censored_on"),
                "arrived": flow.get("arrived"),
                "analysed": flow.get("analysed"),
                "code": about.get("il6_platform"),
            }
        )
    return pd.DataFrame(rows)


def _about(database: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Return what a cut is and rests on, and the counts of its flow."""
    with duckdb.connect(database, read_only=True) as connection:
        about = connection.execute(
            "select name, value from report.provenance where kind in ('cut', 'code')"
        ).fetchall()
        return dict(about), dict(connection.execute("select kind, n from report.flow").fetchall())


def find(site: Site, name: str) -> str:
    """Return the cut that a name means: its beginning, or `published`.

    Raises
    ------
    NoSuchCutError
        Where no cut, or more than one, is meant; the message says which there are.
    """
    if name == "published" and site.published_path.exists():
        return site.published_path.resolve().name
    every = sorted(folder.name for folder in site.cuts_path.iterdir() if folder.name[0] != ".")
    meant = [cut for cut in every if cut.startswith(name)]
    if len(meant) == 1:
        return meant[0]
    what = "no cut" if not meant else "more than one cut"
    raise NoSuchCutError(f"{what} begins with {name!r}; kept are {', '.join(every) or 'none'}")


def difference(site: Site, earlier: str, later: str) -> Difference:
    """Compare two kept cuts."""
    before, after = (site.cuts_path / cut / "report.duckdb" for cut in (earlier, later))
    return compared(before, after, site.patients_of(earlier), site.patients_of(later))


def compared(
    earlier: Path, later: Path, earlier_patients: Path, later_patients: Path
) -> Difference:
    """Compare two published databases, and the patients behind them where these are kept."""
    with duckdb.connect() as connection:
        for name, path in (("earlier", earlier), ("later", later)):
            database = str(path).replace("'", "''")
            connection.execute(f"attach '{database}' as {name} (read_only)")
        provenance = connection.execute(_statement("moved_provenance")).df()
        estimates = connection.execute(
            f"select *, {MAIN} as main from ({_statement('moved_estimates')})"
        ).df()
        flow = connection.execute(
            "select coalesce(b.label, a.label) as label, a.n as old, b.n as new "
            "from earlier.flow as a full join later.flow as b on a.step = b.step "
            "order by coalesce(b.step, a.step)"
        ).df()
    patients = None
    behind = [earlier_patients, later_patients]
    if all(path.exists() for path in behind):
        with duckdb.connect() as connection:
            for name, path in zip(("earlier", "later"), behind, strict=True):
                connection.from_parquet(str(path)).create_view(name)
            patients = connection.execute(_statement("moved_patients")).df()
    return Difference(provenance, patients, flow, estimates)


def in_words(earlier: str, later: str, found: Difference) -> list[str]:
    """Say a difference for people: counts of patients, no patient."""
    lines = [f"From cut {earlier} to cut {later}", "", "What went in:"]
    for row in found.provenance[found.provenance["kind"] != "cut"].itertuples():
        old, new = (None if pd.isna(value) else _short(value) for value in (row.old, row.new))
        what = f"left: {old}" if new is None else f"{old} -> {new}" if old else f"came: {new}"
        lines.append(f"  {row.kind} {row.name}: {what}")
    lines += ["", "Patients:"]
    if found.patients is None:
        lines.append("  who was in the cuts is not kept; il6 refresh --as-of makes a cut again")
    else:
        counted = found.patients["change"].value_counts().sort_index()
        lines += [f"  {n:>5}  {change}" for change, n in counted.items()] or ["  the same"]
    moved_flow = found.flow[found.flow["old"] != found.flow["new"]]
    lines += [f"  {row.label}: {row.old} -> {row.new}" for row in moved_flow.itertuples()]
    counts = found.estimates["change"].value_counts()
    lines += ["", "Estimates: " + ", ".join(f"{n} {change}" for change, n in counts.items())]
    moved = found.estimates[found.estimates["change"] == "moved"]
    moved = moved.sort_values("crossed", ascending=False, kind="stable")
    for title, rows in (
        ("The main ones that moved:", moved[moved["main"]]),
        ("Others that crossed P = 0.05:", moved[moved["crossed"] & ~moved["main"]]),
    ):
        if len(rows):
            lines += ["", title, *(f"  {_estimate(row)}" for row in rows.to_dict("records"))]
    return lines


def _statement(name: str) -> str:
    return sql_file(f"cuts.{name}").read_text(encoding="utf-8").strip().removesuffix(";")


def _estimate(row: Mapping[Hashable, Any]) -> str:
    where = ("endpoint", "population", "contrast", "grp", "model", "term", "statistic")
    name = ", ".join(str(row[key]) for key in where if isinstance(row[key], str))
    sides = []
    for side in ("old", "new"):
        values = {key: row[f"{side}_{key}"] for key in ("estimate", "low", "high", "p", "n")}
        text = {key: f"{value:.3g}" for key, value in values.items() if pd.notna(value)}
        said = text.get("estimate", "not estimable")
        if "low" in text or "high" in text:
            said += f" ({text.get('low', '')} to {text.get('high', '')})"
        said += "".join(f", {key.upper()}={text[key]}" for key in ("p",) if key in text)
        sides.append(said + f", n={values['n']:.0f}" if "n" in text else said)
    crossed = "  (crossed P = 0.05)" if row["crossed"] else ""
    return f"{row['analysis']}: {name}\n    {sides[0]}  ->  {sides[1]}{crossed}"


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"
