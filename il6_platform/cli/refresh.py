"""il6 refresh: read, check, analyse, publish."""

from __future__ import annotations

import argparse
import gc
import importlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from il6_platform import paths, workers
from il6_platform.cli.options import add_landing, add_study, day, home_of, landing_of
from il6_platform.errors import DataQualityError, Il6Error, PlatformError, UsageError
from il6_platform.settings import set_dagster_home

if TYPE_CHECKING:
    from dagster import DagsterInstance, Definitions

    from il6_platform.warehouse.home import Site

STORY_ONLY = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}
"""Run configuration: the console shows what the assets say; Dagster's events stay in the UI."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_landing(parser)
    add_study(parser)
    parser.add_argument("--as-of", type=day, help="use only exports of that day or before")
    parser.add_argument(
        "--censor",
        nargs="?",
        const=True,
        type=day,
        metavar="DAY",
        help="cut follow-up at that day, by default that of --as-of",
    )
    parser.add_argument("--force", action="store_true", help="even where nothing is new")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.publishing.publish import (
        content_key,
        published_content,
        registry_content,
        registry_key,
    )
    from il6_platform.warehouse.integrity import open_key

    site = _site(asked)
    open_key(site.home_path)
    names = _studies(asked, site)
    key = registry_key(site)
    reads_registry = asked.force or key != registry_content(site)
    behind = [
        name
        for name in names
        if asked.force
        or published_content(site.of_study(name)) != content_key(site.of_study(name), key)
    ]
    if not behind and not reads_registry:
        print("Nothing new: what is there is published.")
        return
    started = time.perf_counter()
    workers.prepare()
    for library in workers.LIBRARIES:
        importlib.import_module(library)
    # what the libraries hold for ever need not be searched for garbage again and again
    gc.freeze()
    imported = time.perf_counter()
    try:
        timings = _refresh(site, reads_registry, behind)
    finally:
        # frozen to the end, DuckDB's binding would call its own types leaked
        gc.unfreeze()
    print("\nStage timings (seconds):")
    for stage, seconds in timings.items():
        print(f"  {stage:<10}{seconds:6.2f}")
    print(
        f"  {'refresh':<10}{time.perf_counter() - imported:6.2f}   (all stages and the run itself)"
    )
    print(f"  {'imports':<10}{imported - started:6.2f}   (of the libraries, before it)")
    for name in behind:
        said = _left_out(site.of_study(name))
        if said:
            print(f"Study {name}: {said}")


def _left_out(site: Site) -> str:
    """Say how many patients a study lacks because a decisive record is in quarantine."""
    import duckdb

    try:
        with duckdb.connect(site.working_database, read_only=True) as connection:
            rows = connection.execute("select count(*) from cohort.set_aside").fetchall()
    except duckdb.Error:
        return ""
    left = int(rows[0][0])
    if not left:
        return ""
    return (
        f"{left} patients are not analysed because a record that could decide is in quarantine: "
        f"{site.home_path / 'worklist.xlsx'} names the records and what they cost."
    )


def _site(asked: argparse.Namespace) -> Site:
    """Return the installation that is refreshed; its profiles can be read."""
    from il6_platform.registry.profiles import read_profiles
    from il6_platform.warehouse.home import Site

    home, landing = home_of(asked), landing_of(asked)
    if asked.landing and landing.exists() and not landing.is_dir():
        raise UsageError(f"{landing} is a file, not a folder; name the folder that holds it")
    if asked.landing and not landing.is_dir():
        raise UsageError(f"landing folder {landing} does not exist; name another one")
    censor = asked.as_of if asked.censor is True else asked.censor
    if asked.censor and not censor:
        raise UsageError("--censor needs a day, its own or that of --as-of")
    read_profiles(*paths.profile_folders(home), landing=landing)
    return Site(home=str(home), landing=str(landing), as_of=asked.as_of, censor=censor)


def _studies(asked: argparse.Namespace, site: Site) -> list[str]:
    """Return the studies that are refreshed: the one that is named, else all of the home."""
    from il6_platform.study import read_study

    if asked.study is None:
        site.has_study()
        names = list(site.studies())
    elif Path(asked.study).suffix in (".yaml", ".yml"):
        names = [read_study(site.add_study(Path(asked.study).resolve())).name]
    else:
        names = [site.of_study(str(asked.study)).study.name]
    for name in names:
        _ = site.of_study(name).quality
    return names


def _refresh(site: Site, reads_registry: bool, studies: Sequence[str]) -> dict[str, float]:
    """Run the registry's job, then each study's, in this process; return seconds by asset group.

    A study that is blocked or fails does not keep the others from being refreshed.

    Raises
    ------
    DataQualityError, PlatformError
        Where the registry, or at least one study, was not refreshed.
    """
    from dagster import DagsterInstance

    from il6_platform.definitions import build_defs
    from il6_platform.defs.instance import prepare_instance
    from il6_platform.defs.jobs import fail_orphaned_run
    from il6_platform.defs.specs import STUDIES

    dagster_home = prepare_instance(site.home_path)
    set_dagster_home(dagster_home)
    defs = build_defs(Path(site.home), Path(site.landing), None, site.as_of, site.censor)
    spent: dict[str, float] = {}
    errors: list[Il6Error] = []
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        fail_orphaned_run(instance, site)
        if reads_registry:
            _execute(defs, instance, "refresh_registry", None, spent)
        instance.add_dynamic_partitions(str(STUDIES.name), list(studies))
        for name in studies:
            try:
                _execute(defs, instance, "refresh_study", name, spent)
            except Il6Error as error:
                errors.append(error)
    if errors:
        worst = max(errors, key=lambda error: error.exit_status)
        raise type(worst)(" ".join(dict.fromkeys(map(str, errors))))
    return spent


def _execute(
    defs: Definitions,
    instance: DagsterInstance,
    job: str,
    study: str | None,
    spent: dict[str, float],
) -> None:
    """Run one job in this process; add its seconds by asset group."""
    from dagster import AssetCheckSeverity, DagsterError

    try:
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance, raise_on_error=False, run_config=STORY_ONLY, partition_key=study
        )
    except DagsterError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, Il6Error):
            cause = cause.__cause__
        if cause is not None:
            raise cause from None
        raise PlatformError(f"{type(error).__name__}: {error}") from None
    of = f" of study {study}" if study else ""
    blocking = [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed
        and evaluation.blocking
        and evaluation.severity == AssetCheckSeverity.ERROR
    ]
    if blocking:
        sentences = [
            f"{'.'.join(one.asset_key.path)}, rule {one.check_name}: {one.description}"
            for one in blocking
        ]
        raise DataQualityError(f"Blocked, the last report{of} stays. " + " ".join(sentences))
    if not result.success:
        failures = [
            f"{event.step_key}: {_innermost(event.step_failure_data.error)}"
            for event in result.all_events
            if event.is_step_failure and event.step_failure_data.error
        ]
        why = failures[0] if failures else "see the run in the Dagster UI"
        raise PlatformError(f"The refresh{of} failed, the last report stays: {why}")
    for event in result.all_events:
        if event.is_step_success:
            stage = str(event.step_key).split("__")[0].replace("raw", "registry")
            spent[stage] = spent.get(stage, 0) + event.step_success_data.duration_ms / 1000


def _innermost(error: Any) -> str:
    """Return the first line of the error that the others wrap."""
    while error.cause is not None:
        error = error.cause
    return str(error.message.strip().splitlines()[0])
