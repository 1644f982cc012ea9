"""Refreshing for years: blocked, killed, read meanwhile, grown."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from il6_platform import cli, workers
from il6_platform.analysis.spec import analyses
from il6_platform.cli import refresh
from il6_platform.publishing import content, cuts
from il6_platform.report.outcome import analyse
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform.workers import Task, WorkerPool
from il6_platform_tests.computed_once import computing_once
from il6_platform_tests.end_to_end.conftest import Installation, forkserver

DAYS = ("2019-12-31", "2021-12-31", "2022-12-31", "2023-12-31")


def analysed(installation: Installation) -> int:
    return int(installation.ask("select n from report.flow where kind = 'analysed'")["n"].iloc[0])


def arriving(installation: Installation, day: str) -> Callable[[Warehouse, str], None]:
    def keep_patients(warehouse: Warehouse, cut: str) -> None:
        installation.deliver(day)
        kept(warehouse, cut)

    kept = cuts.keep_patients
    return keep_patients


@pytest.mark.computes_anew
def test_the_study_grows_and_a_broken_export_leaves_the_report_in_place(
    begun: Installation,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installation = begun
    first, first_cut = analysed(installation), (installation.home / "published").resolve()
    broken = installation.landing / DAYS[1]
    broken.mkdir()
    (broken / "patients.csv").write_text("patient_id,birth_date\nA,1950-01-01\n")
    capfd.readouterr()
    assert installation.refresh() == 1
    last_line = capfd.readouterr().err.strip().splitlines()[-1]
    assert "patients.csv" in last_line and "lacks the column sex" in last_line
    assert (installation.home / "published").resolve() == first_cut
    (broken / "patients.csv").unlink()
    broken.rmdir()
    installation.deliver(DAYS[1])
    with monkeypatch.context() as patched, computing_once():
        # a third delivery comes in while the second one's report is being made
        patched.setattr(cuts, "keep_patients", arriving(installation, DAYS[2]))
        assert installation.refresh() == 0
    assert analysed(installation) > first
    site = Site(
        home=str(installation.home),
        landing=str(installation.landing),
        study_file=str(installation.study),
    )
    assert content.content_key(site, content.registry_key(site)) != content.published_content(site)
    shutil.rmtree(installation.landing / DAYS[2])
    assert first_cut.is_dir()
    history = installation.ask("select distinct cut from report.history")
    assert len(history) == 2
    # what was known then is the same when it is asked for now, on a machine of more cores
    capfd.readouterr()
    submitted: list[str] = []
    with monkeypatch.context() as patched:
        submit = WorkerPool.submit

        def noted(pool: WorkerPool, function: Any, *given: Any, **more: Any) -> Task:
            submitted.append(given[0] if function is analyse else function.__name__)
            return submit(pool, function, *given, **more)

        patched.setattr(WorkerPool, "submit", noted)
        patched.setattr(workers, "spare_cores", lambda: 1)
        assert installation.refresh("-v", "--as-of", DAYS[0]) == 0
    assert "made again, the same" in capfd.readouterr().err
    # what makes the groups comes first, what reads other analyses last; a panel divides itself
    specs = {name: one.spec for name, one in analyses().items()}
    alone = {name for name, one in specs.items() if not (one.after or one.shares_its_work)}
    assert set(submitted) == {"judge", "judge_once", "shown", *alone} and len(alone) > 20
    assert (installation.home / "published").resolve() != first_cut
    assert len(list((installation.study_folder / "cuts").iterdir())) == 2


def test_a_delivery_that_leaves_an_arm_without_a_patient_is_blocked(
    begun: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    published = (begun.home / "published").resolve()
    begun.deliver(DAYS[1])
    treatments = begun.landing / DAYS[1] / "treatments.csv"
    treatments.write_text(treatments.read_text().replace("bevacizumab", "irinotecan"))
    assert begun.refresh() == 1
    last_line = capfd.readouterr().err.strip().splitlines()[-1]
    assert "study_keeps_its_patients" in last_line
    assert "Nobody is in Chemotherapy + bevacizumab any more" in last_line
    assert (begun.home / "published").resolve() == published


def test_a_registry_that_another_refresh_left_half_read_is_said_in_a_sentence(
    begun: Installation, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published, execute = (begun.home / "published").resolve(), refresh._execute

    def killed_meanwhile(defs: Any, instance: Any, name: str, site: Site, *others: Any) -> None:
        execute(defs, instance, name, site, *others)
        if name == "refresh_registry":
            # another refresh began to read, and was killed
            site.registry_content_path.unlink()

    begun.deliver(DAYS[1])
    with monkeypatch.context() as patched:
        patched.setattr(refresh, "_execute", killed_meanwhile)
        assert begun.refresh() == 1
    said = capfd.readouterr().err.splitlines()[-1]
    assert "the registry's last refresh was blocked or has not ended" in said
    assert "see the run" not in said
    assert (begun.home / "published").resolve() == published
    assert begun.refresh() == 0
    assert (begun.home / "published").resolve() != published


def test_a_batch_with_too_many_wrong_rows_is_blocked(
    installation: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    installation.deliver(DAYS[0])
    labs = installation.landing / DAYS[0] / "labs.csv"
    labs.write_text(labs.read_text().replace("pg/mL", "pmol/L"))
    assert installation.refresh() == 1
    last_line = capfd.readouterr().err.strip().splitlines()[-1]
    assert "quarantine_is_small" in last_line and "labs.csv" in last_line
    assert not (installation.home / "published").exists()


def reader_without(forbidden: Path) -> Callable[[Path], bytes]:
    """Return what reads every file but one: whoever runs the tests may be allowed to read all."""
    read = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path == forbidden:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    return read_bytes


def test_a_file_that_may_not_be_read_blocks_and_says_so(
    installation: Installation, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.deliver(DAYS[0])
    with monkeypatch.context() as patched:
        patched.setattr(
            Path, "read_bytes", reader_without(installation.landing / DAYS[0] / "labs.csv")
        )
        assert installation.refresh() == 1
    last_line = capfd.readouterr().err.strip().splitlines()[-1]
    assert "exports_can_be_read" in last_line and "labs.csv: may not be read" in last_line


def test_a_new_file_that_may_not_be_read_is_not_nothing_new(
    begun: Installation, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    forbidden = begun.landing / "labs_2020-01-31.csv"
    forbidden.touch()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", reader_without(forbidden))
        assert begun.refresh() == 1
    last_line = capfd.readouterr().err.strip().splitlines()[-1]
    assert "labs_2020-01-31.csv: may not be read" in last_line
    forbidden.unlink()
    assert begun.refresh() == 0


def test_wrong_use_is_said_in_the_last_line(
    installation: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    installation.deliver("2019-12-31")
    installation.study = installation.home.parent / "study.yaml"
    installation.study.write_text("marker: {analyte: il6, unit: pg/mL}\nmarkre: 1\n")
    assert installation.refresh() == 2
    last_line = capfd.readouterr().err.strip().splitlines()[-1]
    assert "line 2" in last_line and "markre" in last_line


def start(installation: Installation, log: Path) -> BaseProcess:
    """Start a refresh in another process, which need not import the libraries once more."""
    process = forkserver().Process(target=refresh_into, args=(log, installation.options))
    log.touch()
    process.start()
    return process


def refresh_into(log: Path, options: list[str]) -> None:
    with log.open("wb") as stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
    with computing_once():
        status = cli.main(["refresh", "-v", *options])
    sys.exit(status)


def test_a_reader_keeps_what_it_opened_and_the_next_one_sees_the_new(
    begun: Installation, tmp_path: Path
) -> None:
    installation = begun
    reading = (
        "import duckdb, sys, time\n"
        "con = duckdb.connect(sys.argv[1], read_only=True)\n"
        "sql = \"select n from report.flow where kind = 'analysed'\"\n"
        "ask = lambda: con.execute(sql).fetchone()[0]\n"
        "seen = {ask()}\n"
        "print('open', flush=True)\n"
        "for line in sys.stdin: break\n"
        "seen.add(ask()); print(sorted(seen), flush=True)\n"
    )
    database = installation.home / "published" / "report.duckdb"
    reader = subprocess.Popen(
        [sys.executable, "-c", reading, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout and reader.stdout.readline().strip() == "open"
    n = analysed(installation)
    installation.deliver(DAYS[1])
    process = start(installation, tmp_path / "log")
    # a second refresh meanwhile waits for the first
    assert installation.refresh() == 0
    process.join()
    assert process.exitcode == 0
    said, _ = reader.communicate("\n")
    assert said.strip() == str([n])
    assert analysed(installation) > n
