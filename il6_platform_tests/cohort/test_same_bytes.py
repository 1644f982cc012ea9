"""The same bytes twice: of one site once, of two sites twice; a later day brings them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from il6_platform.registry import landings, raw
from il6_platform.registry.kept import Kept
from il6_platform.registry.landings import write_landings
from il6_platform.registry.profiles import read_profiles
from il6_platform_tests.small_registry import HEADERS, SmallRegistry, base

NORTH = base()
SOUTH = base(patients=[f"T0{n},{'FM'[n % 2]},194{n}-07-01,2" for n in range(1, 9)])
"""Other people than in the north; all that is known of them is, byte by byte, the same."""


def arms_and_markers(made: SmallRegistry, *sites: str) -> dict[str, tuple[str, float]]:
    made.derive()
    subjects = made.warehouse.query("from cohort.subjects").set_index("USUBJID")
    assert len(subjects) == 8 * max(len(sites), 1) and subjects["EXCLREAS"].isna().all()
    of = made.warehouse.pseudonyms.of
    return {
        f"{site}:{number}": tuple(subjects.loc[of(number, site), ["ARMCD", "MARKER"]])
        for site in sites or ("",)
        for number in ("T01", "T02")
    }


@pytest.mark.parametrize("layout", ["{site}", "{site}/{day}", "{day}/{site}", "data/{site}_{day}"])
def test_sites_whose_files_are_the_same_are_both_in(layout: str, tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    for site, rows in {"north": NORTH, "south": SOUTH}.items():
        made.deliver(layout.format(site=site, day="2024-01-31"), rows)
    expected = {"T01": ("E", 1.5), "T02": ("C", 2.5)}
    found = arms_and_markers(made, "north", "south")
    assert found == {f"{s}:{n}": v for s in ("north", "south") for n, v in expected.items()}
    # the south corrects what it said; what it said before is the north's still
    later = layout.format(site="south", day="2024-02-29")
    made.deliver(later, {"labs": base(labs=["T02,il6,22.5,pg/mL,2023-01-20"])["labs"]})
    found = arms_and_markers(made, "north", "south")
    assert (found["north:T02"], found["south:T02"]) == (("C", 2.5), ("C", 22.5))
    if "{day}" in layout:
        # and takes the correction back
        back = layout.format(site="south", day="2024-03-31")
        made.deliver(back, {"labs": NORTH["labs"]})
        assert arms_and_markers(made, "north", "south")["south:T02"] == ("C", 2.5)
    bytes_of_both = made.warehouse.query(
        "select count(*) as n, count(distinct sha256) as different from raw.landings"
    )
    assert bytes_of_both["n"].item() > bytes_of_both["different"].item()
    kept_as_it_was(made)


def kept_as_it_was(made: SmallRegistry) -> None:
    """Read every kept delivery again: each is whole, and is what it was."""
    site = made.warehouse.site
    with made.warehouse.connect() as connection:
        site.landings_path.write_text(write_landings(connection))
        settled = raw.settled(connection, {})
        assert settled and settled == {
            content
            for _, content in landings.contents(connection).values()
            if raw.arrived(connection, content)[0]
        } | {one for one in settled if raw.arrived(connection, one)[0]}
    profiles = read_profiles(site.home_path / "profiles")
    known = made.warehouse.query(
        "select *, coalesce(source, delivery) as content from raw.deliveries"
    )
    kept = Kept(site.home_path, profiles=profiles)
    assert kept.missed() == {}
    for content, of in known.groupby("content"):
        opened, _ = kept.opened(of["file"].iloc[0].partition(" (")[0], str(content))
        assert opened is not None
        assert {(one.digest, one.table) for one in opened.deliveries} == {
            *of[["delivery", "table_name"]].itertuples(index=False, name=None)
        }


def test_a_copy_of_a_folder_is_no_site_and_no_news(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver("", NORTH)
    arms_and_markers(made)
    made.deliver("", {"labs": base(labs=["T02,il6,22.5,pg/mL,2023-01-20"])["labs"]})
    arms_and_markers(made)
    # what the registry said first is kept beside, with a file of its own
    made.deliver("old", {**NORTH, "assessments": NORTH["assessments"][::-1]})
    made.deliver("copy", NORTH)
    assert arms_and_markers(made) == {":T01": ("E", 1.5), ":T02": ("C", 22.5)}


def test_two_profiles_read_the_same_bytes_as_two_sites(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    profiles = tmp_path / "home" / "profiles"
    profiles.mkdir(parents=True)
    for site, rows in {"north": NORTH, "south": SOUTH}.items():
        known = [f"  - {{file: '{site}_*', columns: [{HEADERS[table]}]}}" for table in rows]
        tables = [
            f"  - table: {table}\n    requires: [{HEADERS[table].split(',')[-2]}]\n    columns: {{"
            f"{', '.join(f'{name}: {name}' for name in HEADERS[table].split(','))}}}"
            for table in rows
        ]
        head = [f"name: {site}", f"title: {site}", f"site: {site}"]
        text = "\n".join([*head, "recognise:", *known, "tables:", *tables, ""])
        (profiles / f"{site}.yaml").write_text(text)
        for table, lines in rows.items():
            file = tmp_path / "landing" / "2024-01-31" / f"{site}_{table}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            # a tab between cells: no native CSV
            text = "\n".join([HEADERS[table], *lines, ""]).replace(",", "\t")
            file.write_text(text)
    assert len(arms_and_markers(made, "north", "south")) == 4
    kept_as_it_was(made)


def test_a_file_that_is_named_after_another_table_is_refused(tmp_path: Path) -> None:
    made = SmallRegistry(tmp_path)
    made.deliver("2024-01-31", {one: rows for one, rows in NORTH.items() if one != "follow_up"})
    folder = tmp_path / "landing" / "2024-01-31"
    (folder / "follow_up.csv").write_bytes((folder / "labs.csv").read_bytes())
    made.derive()
    found: pd.DataFrame = made.warehouse.query("from raw.deliveries").set_index("file")
    status: dict[str, Any] = found["status"].to_dict()
    assert status["2024-01-31/labs.csv"] == "accepted"
    assert status["2024-01-31/follow_up.csv"] == "rejected"
