"""A home of the first edition, which held one study, becomes one of this edition.

    before                                  after
    working.duckdb (raw.deliveries)         deliveries.csv; the databases are made again of it
    cuts/  cuts.csv  patients/              studies/<name>/cuts  cuts.csv  patients/
    published -> cuts/<cut>                 published -> studies/<name>/published -> cuts/<cut>

Each step may be cut short and taken again, and a reader of `published` finds the report at any
moment. Belongs here: the steps. Does not belong here: what a home is today (`home`, `integrity`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from il6_platform.errors import PlatformError
from il6_platform.files import replace_link, sync_folder, write_whole
from il6_platform.paths import sql_file
from il6_platform.warehouse.home import Site, remove_database
from il6_platform.warehouse.integrity import MANIFEST, write_manifest


def is_first_edition(home: Path) -> bool:
    """Say whether a home has anything where the first edition had it."""
    return (home / "working.duckdb").exists() or (home / "cuts").is_dir()


def migrate(site: Site) -> bool:
    """Bring a home of the first edition to today's format; say whether it was one.

    What it published becomes the study that `site` is about.

    Raises
    ------
    PlatformError
        Where the first edition's database cannot be read: it alone knows when deliveries came.
    """
    if not is_first_edition(site.home_path):
        return False
    for step in STEPS:
        step(site)
    return True


def keep_landings(site: Site) -> None:
    """Write down which deliveries came when, as the old database knows it."""
    database = site.home_path / "working.duckdb"
    if site.landings_path.exists() or not database.exists():
        return
    # a refresh without news asks whether a home is old, and needs no database for that
    import duckdb

    try:
        with duckdb.connect(database, read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            has_source = connection.execute(
                "select count(*) from duckdb_columns() where schema_name = 'raw' "
                "and table_name = 'deliveries' and column_name = 'source'"
            ).fetchall()[0][0]
            query = sql_file("migration.landings").read_text(encoding="utf-8")
            if not has_source:
                # before profiles, a delivery was the file itself
                query = query.replace("coalesce(source, delivery)", "delivery")
            rows = connection.execute(f"select columns(*)::varchar from ({query})").df()
    except duckdb.Error as error:
        raise PlatformError(
            f"{database} of an older version cannot be read ({type(error).__name__}); restore it "
            "from a backup, or move it away and drop all exports into the landing folder again"
        ) from None
    write_whole(site.landings_path, rows.to_csv(index=False, lineterminator="\n"))


def keep_cuts(site: Site) -> None:
    """Put the cuts, as they are, into the study's folder, each with the hashes of its files."""
    old = site.home_path / "cuts"
    for cut in sorted(old.glob("[!.]*")) if old.is_dir() else []:
        place = site.cuts_path / cut.name
        if place.exists():
            continue
        beside = site.cuts_path / f".{cut.name}"
        shutil.rmtree(beside, ignore_errors=True)
        # a second name of the same file: readers of the old place keep theirs
        shutil.copytree(cut, beside, copy_function=os.link)
        if not (beside / MANIFEST).exists():
            write_manifest(beside)
        beside.rename(place)
    sync_folder(site.cuts_path)


def keep_lists(site: Site) -> None:
    """Put the ledger of cuts, and who is in each, into the study's folder."""
    for name in ("cuts.csv", "patients"):
        old, place = site.home_path / name, site.study_folder / name
        if old.exists() and not place.exists():
            os.replace(old, place)
    sync_folder(site.study_folder)
    sync_folder(site.home_path)


def point_at_the_study(site: Site) -> None:
    """Let the home's `published` lead to the study's, which leads to the cut."""
    link = site.home_path / "published"
    if not link.is_symlink() or link.readlink().parts[0] != "cuts":
        return
    replace_link(site.published_path, Path("cuts", link.readlink().name))
    replace_link(link, Path("studies", site.study.name, "published"))


def drop_what_is_made_again(site: Site) -> None:
    """Take away the old places; the databases are made again of the deliveries."""
    home = site.home_path
    # by the last two a home of the first edition is known
    for name in ("published.content*", "refresh.*"):
        for path in home.glob(name):
            path.unlink(missing_ok=True)
    # a power cut may have left a second name of what was moved
    (home / "cuts.csv").unlink(missing_ok=True)
    for name in ("patients", "cuts"):
        shutil.rmtree(home / name, ignore_errors=True)
    remove_database(home / "working.duckdb")
    sync_folder(home)


STEPS: tuple[Callable[[Site], None], ...] = (
    keep_landings,
    keep_cuts,
    keep_lists,
    point_at_the_study,
    drop_what_is_made_again,
)
"""The steps in their order: the old places go last."""
