"""What need not be kept is taken away; what is published or was released stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

from il6_platform import paths
from il6_platform.publishing import cuts
from il6_platform.publishing.retention import prune
from il6_platform.publishing.verification import verify
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import open_key, write_manifest

CUTS = [f"cut{number}" for number in range(6)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home with six cuts; the third one is published, the first one was released."""
    made = Site(home=str(tmp_path / "home"), landing=str(tmp_path))
    open_key(made.home_path)
    made.landings_path.write_text("landing,file,content\n")
    made.has_study()
    study = made.of_study(paths.default_study().stem)
    for number, cut in enumerate(CUTS):
        (study.cuts_path / cut).mkdir()
        (study.cuts_path / cut / "report.html").write_text(cut)
        write_manifest(study.cuts_path / cut)
        duckdb.sql("select 'a' as patient").write_parquet(str(study.patients_of(cut)))
        cuts.enter(study, cut, f"2024-01-0{number + 1}", CUTS[number - 1] if number else "")
    study.published_path.symlink_to(Path("cuts") / CUTS[2])
    study.point_home_at()
    (study.study_folder / "releases.csv").write_text(
        f"cut,released_at,by,why,after\n{CUTS[0]},2024-01-01,A,B,\n"
    )
    released = study.study_folder / "released" / CUTS[0]
    released.mkdir(parents=True)
    write_manifest(released)
    counts = study.study_folder / "released_counts"
    counts.mkdir()
    duckdb.sql("select 1 as n").write_parquet(str(counts / f"{CUTS[0]}.parquet"))
    return study


def keep(site: Site, text: str) -> None:
    (site.home_path / "registry.yaml").write_text(f"keep: {text}\n")


def left(site: Site) -> list[str]:
    return sorted(path.name for path in site.cuts_path.iterdir())


def test_the_oldest_cuts_go_and_what_is_in_use_stays(site: Site) -> None:
    with DagsterInstance.ephemeral() as instance:
        assert prune(site, instance) == []
        keep(site, "{cuts: 2}")
        assert prune(site, instance) == [f"study {site.study.name}, cut {CUTS[n]}" for n in (1, 3)]
        assert prune(site, instance) == []
    assert left(site) == [CUTS[n] for n in (0, 2, 4, 5)]
    assert not site.patients_of(CUTS[1]).exists() and site.patients_of(CUTS[2]).exists()
    # that they are gone is no damage, and their place in the order is known
    assert not verify(site).faults
    assert list(cuts.ledger(site)) == CUTS and cuts.ledger(site)[CUTS[1]].pruned_at
    # one that is made again is there again
    cuts.enter(site, CUTS[1], "2024-01-02", "another")
    again = cuts.ledger(site)[CUTS[1]]
    assert not again.pruned_at and again.after == CUTS[0]


def test_runs_go_by_their_age_and_none_that_is_running(site: Site) -> None:
    keep(site, "{run_days: 30}")
    ended = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
    statuses = (*ended, DagsterRunStatus.STARTED)
    runs = {status: DagsterRun(job_name="refresh", status=status) for status in statuses}
    with DagsterInstance.ephemeral() as instance:
        for run in runs.values():
            instance.add_run(run)
        now = datetime.now(UTC)
        assert prune(site, instance, now + timedelta(days=29)) == []
        assert len(prune(site, instance, now + timedelta(days=31))) == 3
        assert instance.get_run_by_id(runs[DagsterRunStatus.STARTED].run_id) is not None
        assert instance.get_run_by_id(runs[DagsterRunStatus.SUCCESS].run_id) is None
