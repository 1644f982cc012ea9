"""Who withdraws consent leaves every table; who is to be forgotten leaves the home folder."""

from __future__ import annotations

import logging
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from il6_platform import cli, paths
from il6_platform.cohort import steps
from il6_platform.errors import DataQualityError, UsageError
from il6_platform.privacy.erasure import erase_on_record, forget, say_another
from il6_platform.publishing.backup import backup, restore
from il6_platform.publishing.verification import verify
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.warehouse import touched
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform_tests.crashes import EVERY, every_crash
from il6_platform_tests.derivation import share_key, stage
from il6_platform_tests.end_to_end.conftest import (
    Installation,
    begun,
    refreshed_once,
)
from il6_platform_tests.small_registry import HEADERS, SmallRegistry, base
from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["begun", "made", "refreshed_once"]

PEOPLE = ["A,F,1950-01-01,", "B,M,1960-01-01,", "C,M,1961-01-01,", "D,M,1962-01-01,"]
LABS = [f"{name},il6,2,pg/mL,2020-01-0{day}" for name in "ABCD" for day in (1, 2)]


def test_consent_withdrawn_takes_every_line_of_the_patient_out(made: Registry) -> None:
    made.deliver("2024-01-01", patients=PEOPLE, labs=[*LABS, "B,il6,x,pg/mL,2020-01-03"])
    assert made.stage()
    assert len(made.ask("from staging.quarantine")) == 1
    made.deliver("2024-02-01", patients=[PEOPLE[0], f"{PEOPLE[1]}2024-01-15", *PEOPLE[2:]])
    assert made.stage()
    gone = made.warehouse.pseudonyms.of("B")
    for table in ("patients", "labs", "quarantine", "problems"):
        assert made.ask(f"from staging.{table} where patient_id = $p", {"p": gone}).empty
    statuses = made.ask(
        "select table_name, status from staging.lines where patient = $p", {"p": gone}
    )
    assert set(statuses["status"]) == {"withdrawn"} and len(statuses) == 5
    balance = made.ask("from staging.balance").set_index("table_name")
    assert balance.loc["labs", "withdrawn"] == 3 and balance["unaccounted"].sum() == 0
    # consent that is given again brings the patient back
    made.deliver("2024-03-01", patients=[*PEOPLE, "E,M,1962-01-01,"])
    assert made.stage()
    assert len(made.ask("from staging.patients")) == 5


def staged(made: SmallRegistry) -> None:
    """Read and stage what is in the landing folder; no record is judged."""
    warehouse = made.warehouse
    share_key(warehouse.site.home_path)
    with warehouse.connect():
        steps.read_landing(warehouse)
        stage(warehouse, judge=False)


def everything_kept(home: Path) -> dict[str, str]:
    """Return what every file says: as its bytes are, and opened where it is packed."""
    said = {}
    for path in home.rglob("*"):
        if not path.is_file() or path.name in ("forgotten.csv", "pseudonym.key"):
            continue
        texts = [path.read_bytes().decode("latin-1")]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as parts:
                texts += [parts.read(name).decode("latin-1") for name in parts.namelist()]
        elif path.suffix == ".duckdb":
            with duckdb.connect(path, read_only=True) as database:
                tables = database.execute(
                    "select schema_name || '.' || table_name from duckdb_tables()"
                ).fetchall()
                texts += [str(database.execute(f"from {t}").fetchall()) for (t,) in tables]
        elif path.suffix == ".parquet":
            texts.append(str(duckdb.from_parquet(str(path)).fetchall()))
        said[path.relative_to(home).as_posix()] = "\n".join(texts)
    return said


def test_who_is_forgotten_is_found_nowhere_in_the_home_folder(
    begun: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation = begun
    number, home = "CRLM-0002", installation.home
    pseudonym = Pseudonyms(home / "pseudonym.key").of(number)
    holding = [name for name, text in everything_kept(home).items() if number in text]
    assert len([name for name in holding if name.startswith("deliveries/")]) == 5
    first = (home / "published").resolve().name
    arrived = _arrived(installation)
    # of queries that were killed
    for database in ("registry.duckdb", f"studies/{paths.default_study().stem}/working.duckdb"):
        assert (home / database).exists()
        (home / f"{database}.tmp").mkdir()
        (home / f"{database}.tmp" / "written.tmp").write_text(f"{number}, {pseudonym}")
    command = ["forget", number, "--home", str(home), "--landing", str(installation.landing)]
    capsys.readouterr()
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert "in 5 exports" in said and "1 earlier cuts" in said
    assert "Still in the landing folder: 2019-12-31/labs.csv" in said
    for name, content in everything_kept(home).items():
        assert number not in content and pseudonym not in content, name
    record = (home / "forgotten.csv").read_text().splitlines()
    assert len(record) == 2 and record[1].split(",")[1] == pseudonym
    assert stat.S_IMODE((home / "forgotten.csv").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "registry.duckdb").stat().st_mode) == 0o600
    # a second time there is nobody
    assert cli.main(command) == 2
    # the kept exports hold all other lines as they were
    labs = next(c for n, c in everything_kept(home).items() if "analyte" in c and "del" in n)
    landed = (installation.landing / "2019-12-31" / "labs.csv").read_text().splitlines()
    assert labs.splitlines() == ["" if number in line else line for line in landed]
    # the same files are not read again, and a later export is cleared as it comes in
    installation.deliver("2021-12-31")
    assert installation.refresh() == 0
    for name, content in everything_kept(home).items():
        assert number not in content, name
    assert (home / "published").resolve().name != first
    with duckdb.connect(home / "registry.duckdb", read_only=True) as working:
        balance = working.execute(
            "select sum(forgotten), sum(unaccounted), sum(received) from staging.balance"
        ).fetchone()
        comments = working.execute(
            "select count(*) from duckdb_columns() where schema_name = 'raw' "
            "and table_name = 'deliveries' and comment is null"
        ).fetchone()
        kept = working.execute(
            "select count(*) from staging.lines where patient = ?", [pseudonym]
        ).fetchone()
    files = list(installation.landing.rglob("*.csv"))
    assert balance is not None and balance[0] > 10 and balance[1] == 0
    assert balance[2] == sum(len(file.read_text().splitlines()) - 1 for file in files)
    assert comments == (0,) and kept == (0,)
    everyone = (paths.demo_landing() / "2021-12-31" / "patients.csv").read_text().splitlines()
    assert _arrived(installation) == len(everyone) - 2 > arrived


def _arrived(installation: Installation) -> int:
    return int(installation.ask("select n from report.flow where kind = 'arrived'")["n"].iloc[0])


def test_foreign_broken_and_shifted_exports_are_cleared_and_nobody_else_is_lost(
    made: Registry,
) -> None:
    number, value = "CRLM-0002", "7.7731"
    samples = paths.project_root() / "data" / "profiles" / "samples"
    sample = samples / "redcap_flat" / "redcap_flat_2023-12-31.csv"
    day = made.folder / "landing" / "2024-01-01"
    day.mkdir(parents=True)
    shutil.copy(sample, day)
    made.deliver(
        "2024-01-02",
        patients=[f"{number},M,1943-02-06,", "A,F,1950-01-01,", f"A,{number},F,1950-01-01,,"],
        labs=[f"{number},il6,{value},pg/mL,2017-06-06", f"A,cea,1,{number},2017-06-06"],
    )
    broken = made.folder / "landing" / "2024-01-02" / "treatments.csv"
    broken.write_text(f'patient_id,"line\n{number},1,folfox,2017-06-05\n')
    strange = made.folder / "landing" / "2024-01-02" / "notes.csv"
    strange.write_text(f"who,what\nA,is well\nB,see {number}; ask again\n")
    made.stage()
    broken.unlink()
    assert made.stage()
    home = made.folder / "home"
    pseudonym = made.warehouse.pseudonyms.of(number)
    before = made.ask("select table_name, count(*) n from staging.lines group by all order by 1")
    theirs = made.ask(
        "select table_name, count(*) n from staging.lines where patient = $p group by all",
        {"p": pseudonym},
    ).set_index("table_name")["n"]
    assert len(theirs) == 5 and theirs["labs"] > 3
    done = forget(made.warehouse.site, number)
    assert done.still_landed == [
        "2024-01-01/redcap_flat_2023-12-31.csv",
        "2024-01-02/labs.csv",
        "2024-01-02/notes.csv",
        "2024-01-02/patients.csv",
    ]

    def is_clear() -> None:
        for name, content in everything_kept(home).items():
            for trace in (number, pseudonym, value):
                assert trace not in content, (name, trace)

    is_clear()
    # nothing is read anew, and all that is known of the others is still there
    assert made.stage()
    is_clear()
    after = made.ask("select table_name, count(*) n from staging.lines group by all order by 1")
    # with the patient went the lines in which the number had slipped into another column
    slipped = {"patients": 1, "labs": 1}
    assert list(after["n"]) == [
        n - theirs[table] - slipped.get(table, 0)
        for table, n in before.itertuples(index=False, name=None)
    ]
    assert made.ask("select sum(unaccounted) as n from staging.balance")["n"].iloc[0] == 0
    # a later export of the same registry is cleared as it comes in
    later = made.folder / "landing" / "2024-03-01"
    later.mkdir()
    shutil.copy(sample, later)
    file = next(later.iterdir())
    file.write_bytes(file.read_bytes().replace(b"SITE-3", b"SITE-4"))
    assert made.stage()
    is_clear()
    assert (
        made.ask("select count(*) as n from staging.balance where unaccounted > 0").n.iloc[0] == 0
    )
    assert made.ask("select sum(forgotten) as n from staging.balance").n.iloc[0] > theirs.sum()


@pytest.mark.parametrize("number", ["1", "M", "2023", "SD", "folfox", "C787", "1951-01-01"])
def test_a_number_that_may_be_a_value_is_looked_for_where_numbers_stand(
    tmp_path: Path, number: str
) -> None:
    """Forgetting patient 1 must not take along everybody of ECOG 1."""
    made = SmallRegistry(tmp_path)
    rows = {
        table: [re.sub("^T01", number, line) for line in lines] for table, lines in base().items()
    }
    rows["follow_up"][-1] += "C787"
    rows["treatments"].append("T08,1,folfox,2023-02-08,")
    made.deliver("2024-01-31", rows)
    staged(made)
    everybody = "from staging.lines order by all"
    before = made.warehouse.query(everybody)
    others = before[before["patient"] != made.warehouse.pseudonyms.of(number)]
    done = forget(made.warehouse.site, number)
    assert done.rows == len(before) - len(others) == 7
    kept = sorted((made.warehouse.site.kept_path).iterdir())
    said = sorted(line for file in kept for line in file.read_text().splitlines() if line)
    headers = [HEADERS[table] for table in rows if rows[table]]
    left = [line for lines in rows.values() for line in lines if not line.startswith(f"{number},")]
    assert said == sorted([*headers, *left])
    staged(made)
    after = made.warehouse.query(everybody)
    assert after["content"].tolist() == others["content"].tolist()


def test_a_short_number_that_has_slipped_is_erased_where_the_line_is_nobodys(
    made: Registry,
) -> None:
    lines = ["7,F,1950-01-01,", ",7,F,1950-01-01,,", "A,7,F,1950-01-01,,", ",F,1950-01-01,7"]
    made.deliver("2024-01-01", patients=[*PEOPLE, *lines])
    made.stage()
    assert forget(made.warehouse.site, "7").rows == 2
    left = made.ask("select line from raw.patients order by line")["line"]
    assert left.tolist() == [2, 3, 4, 5, 8, 9]


def test_nobody_else_is_lost_where_the_database_is_made_again_after_a_forgetting(
    made: Registry,
) -> None:
    """A file that a profile reads is taken away as a whole: its native tables are what is left."""
    number = "CRLM-0002"
    samples = paths.project_root() / "data" / "profiles" / "samples"
    day = made.folder / "landing" / "2024-01-01"
    day.mkdir(parents=True)
    shutil.copy(samples / "redcap_flat" / "redcap_flat_2023-12-31.csv", day)
    made.deliver("2024-01-02", patients=PEOPLE, labs=LABS)
    assert made.stage()
    forget(made.warehouse.site, number)
    assert made.stage()
    lines = "select table_name, patient, count(*) as n from staging.lines group by all order by all"
    before = made.ask(lines)
    home = made.folder / "home"
    assert not verify(made.warehouse.site).faults
    # a backup that is restored has neither databases nor exports in its landing folder
    backup(home, made.folder / "to")
    shutil.rmtree(home)
    shutil.rmtree(made.folder / "landing")
    restore(home, made.folder / "to")
    assert made.stage()
    assert made.ask(lines).equals(before)
    assert not verify(made.warehouse.site).faults
    # a damage is seen all the same, of native tables too
    for victim in sorted((home / "deliveries").iterdir()):
        content = victim.read_bytes()
        victim.write_bytes(content + b"x")
        assert len(verify(made.warehouse.site).faults) == 1, victim.name
        victim.write_bytes(content)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("patient_id\n")])
def test_a_lost_delivery_is_said_and_never_left_out(
    made: Registry, damage: Callable[[Path], object]
) -> None:
    made.deliver("2024-01-01", patients=PEOPLE, labs=LABS)
    assert made.stage()
    site, landing = made.warehouse.site, made.folder / "landing"
    (labs,) = made.ask("select delivery from raw.deliveries where table_name = 'labs'")["delivery"]
    damage(site.kept_path / labs)
    assert [fault for fault in verify(site).faults if "2024-01-01/labs.csv" in fault]
    landing.rename(made.folder / "elsewhere")
    # what was read is there
    assert made.stage()
    site.registry_database.unlink()
    for _ in range(2):
        assert not made.stage()
    # the same file in the landing folder mends it
    shutil.rmtree(landing, ignore_errors=True)
    (made.folder / "elsewhere").rename(landing)
    assert made.stage()
    assert len(made.ask("from staging.labs")) == len(LABS)
    assert not verify(site).faults
    # while the database is whole too
    damage(site.kept_path / labs)
    assert made.stage()
    assert not verify(site).faults


def test_whoever_forgets_hears_of_other_spellings_of_the_number(made: Registry) -> None:
    made.deliver("2024-01-01", patients=PEOPLE, labs=[*LABS, "b,il6,3,pg/mL,2020-02-01"])
    assert made.stage()
    other = made.warehouse.pseudonyms.of("b")
    assert forget(made.warehouse.site, "B").spelt_otherwise == [other]
    assert forget(made.warehouse.site, other).spelt_otherwise == []
    assert forget(made.warehouse.site, "A").spelt_otherwise == []


def test_of_a_large_registry_all_lines_are_staged_anew_once_somebody_is_forgotten(
    made: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(touched, "LEAST", 0)
    made.deliver("2024-01-01", patients=PEOPLE, labs=LABS)
    assert made.stage()
    assert not made.ask("from touched.basis").empty
    gone, others = made.warehouse.pseudonyms.of("A"), "from staging.lines where patient != $gone"
    before = made.ask(others, {"gone": gone})
    forget(made.warehouse.site, "A")
    assert made.ask("from duckdb_schemas() where schema_name = 'touched'").empty
    assert made.stage()
    pd.testing.assert_frame_equal(made.ask(others, {"gone": gone}), before)
    assert made.ask("from staging.lines where patient = $gone", {"gone": gone}).empty


def test_of_two_sites_patients_of_one_number_the_one_who_is_named_is_forgotten(
    tmp_path: Path,
) -> None:
    made = SmallRegistry(tmp_path)
    other = {
        table: [line.replace("19", "18", 1) for line in lines] for table, lines in base().items()
    }
    made.deliver("north/2024-01-31", base())
    made.deliver(
        "south/2024-01-31", other | {"patients": [f"T0{n},F,197{n}-03-01,1" for n in range(1, 9)]}
    )
    staged(made)
    warehouse = made.warehouse
    with pytest.raises(UsageError, match=r"several sites have the number \(north, south\)"):
        forget(warehouse.site, "T02")
    gone, stays = (warehouse.pseudonyms.of("T02", site) for site in ("north", "south"))
    count = "select patient, count(*) as n from staging.lines group by patient"
    before = warehouse.query(count).set_index("patient")["n"]
    done = forget(warehouse.site, "north:T02")
    assert done.patient == gone and done.rows == before[gone] and done.exports == 5
    staged(made)
    after = made.warehouse.query(count).set_index("patient")["n"]
    assert gone not in after and after.to_dict() == before.drop(gone).to_dict()
    assert stays in after
    # a site is one in capital and small letters
    made.deliver("NORTH/2024-02-29", {"labs": ["T02,il6,4,pg/mL,2023-01-21"]})
    staged(made)
    spellings = {warehouse.pseudonyms.of("T02", name) for name in ("north", "NORTH")}
    later = made.warehouse.query(count).set_index("patient")["n"]
    assert not spellings & set(later.index) and later.sum() == after.sum()


@pytest.mark.parametrize(
    ("by_folder", "number"), [(True, "T02"), (False, "CRLM-0002")], ids=["folders", "a column"]
)
def test_who_was_forgotten_before_sites_were_known_is_asked_for_and_nobody_else_is_erased(
    tmp_path: Path, by_folder: bool, number: str
) -> None:
    made = SmallRegistry(tmp_path)
    rows = {
        table: [re.sub("^T02", number, line) for line in lines] for table, lines in base().items()
    }
    headers = {} if by_folder else {table: f"{text},site_id" for table, text in HEADERS.items()}

    def of_site(day: str, name: str, year: str) -> None:
        said = {
            table: [re.sub(r"\b19(?=\d\d-)", year, line, count=1) for line in lines[:-1]]
            for table, lines in rows.items()
        }
        if not by_folder:
            width = {table: text.count(",") for table, text in HEADERS.items()}
            said = {
                table: [f"{line}{',' * (width[table] - line.count(','))},{name}" for line in lines]
                for table, lines in said.items()
            }
        made.deliver(f"{name}/{day}" if by_folder else day, said, **headers)

    def counts() -> pd.Series[int]:
        staged(made)
        counted = "select patient, count(*) as n from staging.lines group by patient"
        return made.warehouse.query(counted).set_index("patient")["n"]

    made.deliver("2024-01-31", rows)
    warehouse, site = made.warehouse, made.warehouse.site
    staged(made)
    forget(site, number)
    assert warehouse.pseudonyms.of(number) not in counts()
    of_site("2024-02-29", "north", "19")
    of_site("2024-03-31", "south", "18")
    kept = {path.name: path.read_bytes() for path in site.kept_path.iterdir()}
    with pytest.raises(
        DataQualityError, match=r"site north has a number that was forgotten .*2 such"
    ):
        staged(made)
    assert all((site.kept_path / name).read_bytes() == said for name, said in kept.items())
    with pytest.raises(UsageError, match="waits for that answer"):
        say_another(site, "east", number)
    assert forget(site, f"north:{number}").rows == 6
    with pytest.raises(
        DataQualityError, match=r"site south has a number that was forgotten on [-\d]+, "
    ):
        staged(made)
    say_another(site, "South", number)
    there = counts()
    assert warehouse.pseudonyms.of(number, "south") in there
    assert not {warehouse.pseudonyms.of(number, name) for name in ("", "north")} & set(there.index)
    # who is forgotten later takes no line of theirs along, and all is there when it is made again
    later = forget(site, "south:T03").rows
    site.registry_database.unlink()
    again = counts()
    of_south = warehouse.pseudonyms.of(number, "south")
    assert again.sum() == there.sum() - later and again[of_south] == there[of_south] == 6


def test_lines_without_a_site_and_of_a_merged_number_are_forgotten_with_their_patient(
    tmp_path: Path,
) -> None:
    made = SmallRegistry(tmp_path)
    header = HEADERS["labs"] + ",site_id"
    rows = base()
    # a site in any spelling; most tables name none; T03 is T01
    rows["patients"] = [
        f"{line},{'north' if line.startswith('T02') else 'North'}" for line in rows["patients"]
    ]
    rows["labs"] = [f"{line},NORTH" for line in rows["labs"]]
    made.deliver(
        "2024-01-31",
        {**rows, "labs": [*rows["labs"], "T01,il6,8.25,pg/mL,2022-11-11,"]},
        patients=HEADERS["patients"] + ",site_id",
        labs=header,
    )
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "merged_patients.csv").write_text("from,to,on\nT03,T01,2024-01-01\n")
    staged(made)
    site = made.warehouse.site
    count = "select patient, count(*) as n from staging.lines group by patient"
    before = made.warehouse.query(count).set_index("patient")["n"]
    done = forget(site, "north:T03")
    assert done.rows == before[done.patient] == 15
    of = made.warehouse.pseudonyms.of
    for name, text in everything_kept(tmp_path / "home").items():
        for trace in ("8.25", done.patient, of("T01"), of("T03")):
            assert trace not in text, (name, trace)
    assert (tmp_path / "home" / "merged_patients.csv").read_text() == "from,to,on\n"
    # a later export of theirs is cleared as it comes in, whatever it names
    made.deliver(
        "2024-02-29", {"labs": ["T01,il6,8.25,pg/mL,2022-11-12", "T02,il6,4,pg/mL,2023-01-21"]}
    )
    staged(made)
    after = made.warehouse.query(count).set_index("patient")["n"]
    more = of("T02", "NORTH")
    assert (after - before.drop(done.patient)).to_dict() == {
        patient: patient == more for patient in after.index
    }
    assert "8.25" not in "".join(everything_kept(tmp_path / "home").values())
    # another site's patient of the number is another one: it says so, or its folder does
    made.deliver(
        "2024-03-31",
        {"patients": ["T01,F,1930-01-01,1,south"], "labs": ["T01,il6,4,pg/mL,2023-01-22,south"]},
        patients=HEADERS["patients"] + ",site_id",
        labs=header,
    )
    staged(made)
    found = made.warehouse.query(count).set_index("patient")["n"]
    assert found[of("T01", "south")] == 2 and found.sum() == after.sum() + 2
    made.deliver("east/2024-04-30", {"labs": ["T01,il6,4,pg/mL,2023-01-23"]})
    with pytest.raises(DataQualityError, match="site east has a number that was forgotten"):
        staged(made)


@pytest.mark.parametrize("loses", [False, True], ids=["killed", "without power"])
def test_a_forgetting_that_is_killed_anywhere_is_finished_by_the_next_refresh(
    made: Registry, tmp_path: Path, loses: bool
) -> None:
    number, value = "CRLM-0002", "7.7731"
    made.deliver(
        "2024-01-01",
        patients=[f"{number},M,1943-02-06,", *PEOPLE],
        labs=[f"{number},il6,{value},pg/mL,2017-06-06", *LABS],
        treatments=[f"{number},1,folfox,2017-06-05,", "A,1,folfox,2020-01-03,"],
    )
    (made.folder / "landing" / "2024-01-01" / "notes.csv").write_text(f"who,what\nB,see {number}\n")
    assert made.stage()
    pseudonym = made.warehouse.pseudonyms.of(number)
    counter = iter(range(1000))

    def prepare() -> Path:
        folder = tmp_path / f"home{next(counter)}"
        shutil.copytree(made.folder / "home", folder, symlinks=True)
        return folder

    def of(folder: Path) -> Site:
        landing, study = str(made.folder / "landing"), str(made.study)
        return Site(home=str(folder), landing=landing, study_file=study)

    killed = 0
    forgotten = every_crash(
        prepare, lambda folder: forget(of(folder), number), 2 * EVERY - 1, loses=loses
    )
    for folder in forgotten:
        registry = Warehouse(site=of(folder))
        with registry.held(logging.getLogger(__name__)):
            erase_on_record(registry)
        is_on_record = of(folder).forgotten_path.exists()
        for name, content in everything_kept(folder).items():
            traces = [trace for trace in (number, pseudonym, value) if trace in content]
            # before it was on record, nothing had been taken away
            assert bool(traces) <= (not is_on_record), (name, traces)
        with duckdb.connect(folder / "registry.duckdb", read_only=True) as connection:
            left = connection.execute("select count(*) from raw.labs").fetchall()[0][0]
        assert left == len(LABS) + (not is_on_record)
        killed += 1
    assert killed > 4
