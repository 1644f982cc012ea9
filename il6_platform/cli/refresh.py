"""il6 refresh: read, check, analyse, publish."""

from __future__ import annotations

import argparse
import gc
import importlib
import time
from pathlib import Path
from typing import Any

import yaml

from il6_platform import paths, workers
from il6_platform.cli.options import add_landing, add_study, day, home_of
from il6_platform.errors import DataQualityError, PlatformError, UsageError
from il6_platform.settings import set_dagster_home

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
    from il6_platform.registry.profiles import read_profiles
    from il6_platform.study import read_study

    home = home_of(asked)
    landing = Path(asked.landing or paths.default_landing(home)).resolve()
    study = (asked.study or paths.default_study()).resolve()
    if not landing.is_dir() and asked.landing:
        raise UsageError(f"landing folder {landing} does not exist; name another one")
    read_study(study)
    read_profiles(*paths.profile_folders(home), landing=landing)
    from il6_platform.publishing.publish import content_key, published_content
    from il6_platform.warehouse.home import Site

    censor = asked.as_of if asked.censor is True else asked.censor
    if asked.censor and not censor:
        raise UsageError("--censor needs a day, its own or that of --as-of")
    site = Site(
        home=str(home),
        landing=str(landing),
        study_file=str(study),
        as_of=asked.as_of,
        censor=censor,
    )
    if not asked.force and published_content(site) == content_key(site):
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
        timings = _run(site)
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


def _run(site: object) -> dict[str, float]:
    """Run the job in this process; return seconds by asset group."""
    from dagster import AssetCheckSeverity, DagsterError, DagsterInstance

    from il6_platform.definitions import build_defs
    from il6_platform.defs.jobs import fail_orphaned_run
    from il6_platform.warehouse.home import BusyError, Site

    assert isinstance(site, Site)
    dagster_home = prepare_instance(site.home_path)
    set_dagster_home(dagster_home)
    looking_back: Any = {"as_of": site.as_of, "censor": site.censor}
    defs = build_defs(Path(site.home), Path(site.landing), Path(site.study_file), **looking_back)
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        fail_orphaned_run(instance, site)
        try:
            result = defs.resolve_job_def("refresh_study").execute_in_process(
                instance=instance, raise_on_error=False, run_config=STORY_ONLY
            )
        except (BusyError, DagsterError) as error:
            raise PlatformError(f"{type(error).__name__}: {error}") from None
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
            raise DataQualityError("Blocked, the last report stays. " + " ".join(sentences))
        if not result.success:
            failures = [
                f"{event.step_key}: {_innermost(event.step_failure_data.error)}"
                for event in result.all_events
                if event.is_step_failure and event.step_failure_data.error
            ]
            why = failures[0] if failures else "see the run in the Dagster UI"
            raise PlatformError(f"The refresh failed, the last report stays: {why}")
        spent: dict[str, float] = {}
        for event in result.all_events:
            if event.is_step_success:
                stage = str(event.step_key).split("__")[0].replace("raw", "registry")
                spent[stage] = spent.get(stage, 0) + event.step_success_data.duration_ms / 1000
        return spent


def _innermost(error: Any) -> str:
    """Return the first line of the error that the others wrap."""
    while error.cause is not None:
        error = error.cause
    return str(error.message.strip().splitlines()[0])


def prepare_instance(home: Path) -> Path:
    """Make Dagster's own folder in IL6_HOME, with the shipped settings; return it."""
    folder = home / "dagster"
    # the mode is of the last folder only: one after the other
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    shipped = (paths.project_root() / "dagster.yaml").read_text(encoding="utf-8")
    # one database for all runs' events: a file a run would hold each asset event a second time
    event_log = {
        "module": "il6_platform.dagster_storage",
        "class": "EventLog",
        "config": {"base_dir": str(folder)},
    }
    settings = shipped + yaml.safe_dump({"event_log_storage": event_log})
    (folder / "dagster.yaml").touch(mode=0o600)
    (folder / "dagster.yaml").write_text(settings, encoding="utf-8")
    return folder
