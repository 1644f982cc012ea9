"""Publishing: what a cut is called, what it keeps of earlier ones, and how it is put in place."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from il6_platform.paths import code_version
from il6_platform.registry.deliveries import digest_of, landed
from il6_platform.report.page import render
from il6_platform.study import Study
from il6_platform.warehouse import Site, Warehouse, copy_tables, put_in_place

HISTORY = (
    *("analysis", "endpoint", "population", "contrast", "model", "term", "statistic"),
    *("estimate", "ci_low", "ci_high", "p_value", "n", "events"),
)


@dataclass(frozen=True)
class Publication:
    """A cut in its place."""

    cut: str
    folder: Path
    is_current: bool


def cut_of(deliveries: pd.DataFrame, study: Study) -> str:
    """Name a data cut by what went in: deliveries in their order, study file, code."""
    parts = [
        *(f"{row.delivery} {str(row.delivered_on)[:10]}" for row in deliveries.itertuples()),
        study.digest,
        code_version(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def content_key(site: Site) -> str:
    """Name everything that a refresh would see, so that the same content never runs twice."""
    found, _ = landed(site.landing_path)
    digests = {digest_of(item.read()) for item in found}
    digests |= {kept.name for kept in site.kept_path.iterdir() if not kept.name.startswith(".")}
    parts = [*sorted(digests), *sorted(item.file for item in found)]
    parts += [site.study.digest, code_version(), site.as_of or ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def published_content(site: Site) -> str | None:
    """Return the content key of the published cut, or None before the first publication."""
    if not site.published_path.exists() or not site.content_path.exists():
        return None
    return site.content_path.read_text(encoding="utf-8").strip()


def history_with(warehouse: Warehouse) -> pd.DataFrame:
    """Return the main estimates of the published cuts, and of this one behind them."""
    made_of = warehouse.query("select name, value from report.provenance where kind = 'cut'")
    about = dict(zip(made_of["name"], made_of["value"], strict=True))
    main = warehouse.query(
        f"select {', '.join(HISTORY)} from report.results where "
        "statistic in ('hazard_ratio', 'logrank') and contrast is not null "
        "or statistic in ('auc', 'cutoff', 'ratio_of_hazard_ratios')"
    )
    main.insert(0, "cut", about["cut"])
    main.insert(1, "last_export", about["last_export"])
    earlier = warehouse.site.read_published("from report.history")
    if earlier is None or earlier.empty:
        return main
    return pd.concat([earlier[earlier["cut"] != about["cut"]], main], ignore_index=True)


def publish(warehouse: Warehouse) -> Publication:
    """Build the cut beside, check it, rename it into place, point `published` at it.

    A cut that is there already is kept as it is: same content, same bytes. A cut as of an earlier
    day takes the place of the current one only where there is none.

    Raises
    ------
    RuntimeError
        Where what was written is not what the working database holds.
    """
    site = warehouse.site
    cut = warehouse.query("select value from report.provenance where name = 'cut'")["value"].iloc[0]
    folder = site.cuts_path / cut
    building = site.cuts_path / ".building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    with warehouse.connect() as connection:
        copy_tables(connection, "report", building / "report.duckdb")
    (building / "report.html").write_text(render(warehouse), encoding="utf-8")
    _check(warehouse, building / "report.duckdb")
    is_current = site.as_of is None or not site.published_path.exists()
    put_in_place(building, folder, site.published_path if is_current else None)
    if is_current:
        fresh = site.content_path.with_suffix(".new")
        fresh.write_text(content_key(site), encoding="utf-8")
        os.replace(fresh, site.content_path)
    return Publication(cut, folder, is_current)


def _check(warehouse: Warehouse, database: Path) -> None:
    with duckdb.connect(database, read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'report'"
        ).fetchall()
        for (table,) in tables:
            counted = connection.execute(f"select count(*) from report.{table}").fetchone()
            if counted is None or counted[0] != warehouse.row_count(f"report.{table}"):
                raise RuntimeError(f"report.{table} was not written whole; refresh again")
