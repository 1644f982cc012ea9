"""il6 refresh: read, check, analyse, publish."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from il6_platform import paths
from il6_platform.cli import outcome
from il6_platform.cli.options import add_landing, add_study, day, home_of, landing_of
from il6_platform.cli.parsing import print_reason
from il6_platform.cli.progress import Stages
from il6_platform.errors import DataQualityError, Il6Error, PlatformError, UsageError
from il6_platform.settings import set_dagster_home
from il6_platform.warehouse.standing import LastRefresh

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, DagsterInstance, Definitions

    from il6_platform.warehouse.home import Site

EXAMPLES = """examples:
  il6 refresh --study study.yaml --landing /srv/exports     the first time
  il6 refresh                               every study of the home, where something is new
  il6 refresh --as-of 2022-12-31 --censor   what was known then, follow-up cut there
  il6 refresh --json | jq .studies          for machines
"""

LISTS = ("worklist.xlsx", "quality.html")
"""Files of the data manager, which a refresh of the registry makes."""


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
    parser.add_argument(
        "--force", action="store_true", help="even where nothing is new; make every analysis anew"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show Dagster's log")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")


def run(asked: argparse.Namespace) -> None:
    """Run the command, and leave in the home what became of it."""
    home = home_of(asked)
    _check_landing(asked)
    stages = Stages(shows=not asked.json and not asked.verbose)
    print(f"Refreshing {home}", file=sys.stderr, flush=True)
    try:
        with stages.shown():
            site = _site(asked)
            try:
                refreshed = _refreshed(asked, site, stages)
            finally:
                # a site may be silent whatever became of what the others delivered
                _tell_late_sites(site)
    except Il6Error as error:
        if error.refreshed and not asked.json:
            outcome.show(site, error.refreshed)
        if isinstance(error, DataQualityError):
            print_reason(outcome.advice(home, error.refreshed))
        if asked.json:
            done = outcome.as_json(site, error.refreshed, {})["studies"] if error.refreshed else []
            refused = {"status": error.exit_status, "reason": str(error), "studies": done}
            print(json.dumps(refused, ensure_ascii=False))
        if not isinstance(error, UsageError):
            LastRefresh.of(error.exit_status, str(error)).write(home)
        raise
    except Exception as error:
        # its text may quote a patient's value
        said = f"a fault of the platform ({type(error).__name__})"
        LastRefresh.of(PlatformError.exit_status, said).write(home)
        raise
    LastRefresh.of(0, "").write(home)
    if asked.json:
        print(json.dumps(outcome.as_json(site, refreshed, stages.seconds), ensure_ascii=False))
    else:
        outcome.show(site, refreshed)


def _refreshed(asked: argparse.Namespace, site: Site, stages: Stages) -> list[str]:
    """Refresh what is behind; return the studies that were refreshed."""
    with stages.stage("Look for news"):
        from il6_platform.publishing.content import (
            content_key,
            published_content,
            registry_content,
            registry_key,
        )
        from il6_platform.publishing.migration import is_first_edition, migrate
        from il6_platform.warehouse.integrity import open_key

    if is_first_edition(site.home_path):
        migrate(site.of_study(_studies(asked, site)[0]))
    _check_delivered(site)
    open_key(site.home_path)
    names = _studies(asked, site)
    key = registry_key(site)
    # a look back leaves none
    has_lists = asked.as_of or all((site.home_path / name).is_file() for name in LISTS)
    reads_registry = asked.force or key != registry_content(site) or not has_lists
    behind = [
        name
        for name in names
        if asked.force
        or published_content(site.of_study(name)) != content_key(site.of_study(name), key)
    ]
    if not behind and not reads_registry:
        _mend(site)
        _prune(site)
        return []
    shown = None if asked.verbose else stages
    with contextlib.ExitStack() as stack:
        with stages.stage("Load the libraries"):
            from il6_platform import workers

            _check_profiles(site)
            stack.enter_context(workers.prepared())
        try:
            _refresh(site, reads_registry, behind, shown, anew=asked.force)
        except PlatformError:
            from il6_platform.warehouse.home import damaged

            if not damaged(site):
                raise
            # what could not be read is a cache, and is made again
            reads_registry |= registry_content(site) is None
            _refresh(site, reads_registry, behind, shown, anew=asked.force)
    _prune(site)
    return behind


def read_again(site: Site) -> None:
    """Read what is kept where a home has no database, as after a restore; publish nothing.

    Raises
    ------
    UsageError
        Where nothing is kept.
    """
    if site.registry_database.exists():
        return
    if not site.landings_path.exists():
        raise UsageError(f"nothing is kept in {site.home} yet: il6 refresh")
    from il6_platform import workers

    stages = Stages(shows=True)
    # who is looked for may be there, whatever the data manager has to put right
    with workers.prepared(), stages.shown(), contextlib.suppress(DataQualityError):
        _refresh(site, True, [], stages, anew=False)


def _mend(site: Site) -> None:
    """Put right what a refresh left that was killed once it had published."""
    from il6_platform.warehouse.home import left_by_a_kill
    from il6_platform.warehouse.running import marks

    # a home that was copied by hand may have lost its link
    site.point_home_at()
    if not (left_by_a_kill(site) or marks(site.home_path)):
        return
    from dagster import DagsterInstance

    from il6_platform.defs.instance import prepare_instance
    from il6_platform.defs.jobs import mend_after_kill

    dagster_home = prepare_instance(site.home_path)
    set_dagster_home(dagster_home)
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        mend_after_kill(instance, site)


def _prune(site: Site) -> None:
    """Take away what the registry file does not keep."""
    from il6_platform.registry_file import Keep, read_registry_file

    registry = read_registry_file(site.home_path)
    if registry is not None and registry.keep != Keep():
        from dagster import DagsterInstance

        from il6_platform.defs.instance import prepare_instance
        from il6_platform.publishing.retention import prune

        dagster_home = prepare_instance(site.home_path)
        set_dagster_home(dagster_home)
        with DagsterInstance.from_config(str(dagster_home)) as instance:
            prune(site, instance)


def _tell_late_sites(site: Site) -> None:
    """Say which sites have not delivered for longer than the registry file expects."""
    from il6_platform.publishing.freshness import late_sites
    from il6_platform.publishing.notices import tell_once

    if not Path(site.home).is_dir():
        return
    late = late_sites(site, date.today())
    for sentence in late:
        print_reason(sentence)
    with _alerts_may_fail():
        tell_once(site.home_path, "late sites", "A site is late", late)


@contextlib.contextmanager
def _alerts_may_fail() -> Iterator[None]:
    """Say that an alert was not sent; what was refreshed is refreshed all the same."""
    try:
        yield
    except (OSError, ValueError) as error:
        print(f"The alert was not sent ({error}); it is tried again.", file=sys.stderr)


def _check_landing(asked: argparse.Namespace) -> None:
    """See that a landing folder that is named is one.

    Raises
    ------
    UsageError
        Where it is a file, or not there.
    """
    landing = landing_of(asked)
    if asked.landing and landing.is_file():
        raise UsageError(
            f"--landing {landing} is a file; name the folder that holds it: "
            f"--landing {landing.parent}"
        )
    if asked.landing and not landing.is_dir():
        raise UsageError(f"landing folder {landing} does not exist; name another one")


def _check_delivered(site: Site) -> None:
    """See that something was delivered, by the day that a look back is of.

    Raises
    ------
    UsageError
        Where nothing was; the message says where exports go, or when the first one came.
    """
    from il6_platform.files import read_rows
    from il6_platform.registry.landing import delivered_on, landed

    found, waiting = landed(site.landing_path)
    days = [delivered_on(item.file) or date.today() for item in found]
    known = read_rows(site.landings_path, ("delivered_on",))
    days += [date.fromisoformat(row["delivered_on"]) for row in known]
    if not days and not waiting:
        raise UsageError(
            f"the landing folder {site.landing} holds no exports, and none came before; drop "
            "patients.csv and the other tables there, or name another folder with --landing"
        )
    if site.as_of_date is not None and days and min(days) > site.as_of_date:
        raise UsageError(
            f"nothing had been delivered by {site.as_of}; the first export is of {min(days)}"
        )


def _site(asked: argparse.Namespace) -> Site:
    """Return the installation that is refreshed."""
    from il6_platform.warehouse.home import Site
    from il6_platform.warehouse.integrity import check_version

    home, landing = home_of(asked), landing_of(asked)
    check_version(home)
    censor = asked.as_of if asked.censor is True else asked.censor
    if asked.censor and not censor:
        raise UsageError("--censor needs a day, its own or that of --as-of")
    _check_days(asked.as_of, censor, date.today().isoformat())
    return Site(home=str(home), landing=str(landing), as_of=asked.as_of, censor=censor)


def _check_days(as_of: str | None, censor: str | None, today: str) -> None:
    """See that something is known of the days that a look back is of, as ISO dates.

    Raises
    ------
    UsageError
        Where one lies ahead, or follow-up is cut after the last day that is known.
    """
    for option, given in (("--as-of", as_of), ("--censor", censor)):
        if given and given > today:
            raise UsageError(f"{option} {given} lies ahead; name a day up to today, {today}")
    if as_of and censor and censor > as_of:
        raise UsageError(
            f"--censor {censor} lies after --as-of {as_of}, when nothing of it was known; "
            f"name a day up to {as_of}"
        )


def _check_profiles(site: Site) -> None:
    """See that the registry's profiles can be read, before anything is imported and run."""
    from il6_platform.registry.profiles import read_profiles

    read_profiles(*paths.profile_folders(site.home_path), landing=site.landing_path)


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


def _refresh(
    site: Site,
    reads_registry: bool,
    studies: Sequence[str],
    stages: Stages | None,
    *,
    anew: bool,
) -> None:
    """Run the registry's job, then each study's, in this process.

    A study that is blocked or fails does not keep the others from being refreshed.

    Raises
    ------
    DataQualityError, PlatformError
        Where the registry, or at least one study, was not refreshed.
    KeyboardInterrupt
        Where somebody ended it: what follows is not begun.
    """
    from dagster import DagsterInstance

    from il6_platform.definitions import build_defs
    from il6_platform.defs.instance import prepare_instance
    from il6_platform.defs.jobs import mend_after_kill
    from il6_platform.defs.resources import LISTS_LATER
    from il6_platform.defs.sensors import LOOK_BACK
    from il6_platform.defs.specs import ANEW, STUDIES
    from il6_platform.warehouse.database import Warehouse

    dagster_home = prepare_instance(site.home_path)
    set_dagster_home(dagster_home)
    defs = build_defs(Path(site.home), Path(site.landing), None, site.as_of, site.censor)
    said = {ANEW: anew, LOOK_BACK: bool(site.as_of or site.censor), LISTS_LATER: True}
    tags = {tag: "yes" for tag, is_so in said.items() if is_so}
    errors: list[Il6Error] = []
    done: list[str] = []
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        mend_after_kill(instance, site)
        with Warehouse(site).leaving_lists(logging.getLogger(__name__)):
            if reads_registry:
                _execute(defs, instance, "refresh_registry", site, stages, tags)
            instance.add_dynamic_partitions(str(STUDIES.name), list(studies))
            for name in studies:
                if site.as_of or site.censor:
                    # the working database is of another cut from here on: a refresh mends that
                    site.of_study(name).content_path.unlink(missing_ok=True)
                if stages is not None:
                    stages.of = name if len(studies) > 1 else ""
                try:
                    _execute(defs, instance, "refresh_study", site.of_study(name), stages, tags)
                    done.append(name)
                except Il6Error as error:
                    errors.append(error)
    if errors:
        worst = max(errors, key=lambda error: error.exit_status)
        raised = type(worst)(" ".join(dict.fromkeys(map(str, errors))))
        raised.refreshed = tuple(done)
        raise raised


def _logged(steps: Sequence[str], stages: Stages | None) -> dict[str, Any]:
    """Return the run configuration: who hears of its events, `stages` or Dagster's console."""
    from il6_platform.defs.progress import CHANNEL

    if stages is None:
        # what the assets say; Dagster's own events stay in the UI
        return {"loggers": {"console": {"config": {"log_level": "INFO"}}}}
    stages.expect(steps)
    logging.getLogger(CHANNEL).handlers = [stages]
    return {"loggers": {"progress": {}}}


def _execute(
    defs: Definitions,
    instance: DagsterInstance,
    name: str,
    site: Site,
    stages: Stages | None,
    tags: Mapping[str, str],
) -> None:
    """Run one job in this process; turn what kept it from succeeding into an error."""
    from dagster import AssetCheckSeverity, DagsterError

    from il6_platform.defs.jobs import AS_THE_UI, show_on_timeline
    from il6_platform.defs.sensors import tell_of_run
    from il6_platform.warehouse.running import marked_running

    study = site.study.name if name == "refresh_study" else None
    job = defs.resolve_job_def(name)
    config, run_id = _logged([node.name for node in job.nodes], stages), str(uuid4())
    try:
        with marked_running(site.home_path, run_id):
            result = job.execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_config=config,
                partition_key=study,
                run_id=run_id,
                tags={**AS_THE_UI, **tags},
            )
    except DagsterError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, Il6Error):
            cause = cause.__cause__
        if cause is not None:
            raise cause from None
        raise PlatformError(f"{type(error).__name__}: {error}") from None
    show_on_timeline(instance, run_id)
    with _alerts_may_fail():
        tell_of_run(site, instance, result.dagster_run)
    of = f" of study {study}" if study else ""
    evaluations = result.get_asset_check_evaluations()
    _tell_of_another_outcome(evaluations)
    blocking = [
        evaluation
        for evaluation in evaluations
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
        told = [(event, found) for event in result.all_events if (found := _error_of(event))]
        if any(_is_interrupted(found) for _, found in told):
            raise KeyboardInterrupt
        failures = [f"{event.step_key or 'the run'}: {_innermost(found)}" for event, found in told]
        why = failures[0] if failures else "see the run in the Dagster UI"
        kinds = [kind for _, found in told if (kind := _kind(found)) is not None]
        raise (kinds or [PlatformError])[0](f"The refresh{of} failed, the last report stays: {why}")


def _tell_of_another_outcome(evaluations: Sequence[AssetCheckEvaluation]) -> None:
    """Say that a cut was made again and is another one: what is published is the one of before."""
    from il6_platform.defs.report import SAME

    for one in evaluations:
        if one.check_name == SAME and not one.passed:
            print_reason(str(one.description))


def _error_of(event: Any) -> Any:
    """Return the error that an event says a step, or the run itself, failed by, if it does."""
    if event.is_step_failure:
        return event.step_failure_data.error
    return event.job_failure_data.error if event.is_run_failure else None


def _kind(error: Any) -> type[Il6Error] | None:
    """Return which of our errors it is, if it is one; its status is the command's."""
    kinds = [Il6Error]
    while error.cause is not None:
        error = error.cause
    for kind in kinds:
        kinds += kind.__subclasses__()
    return next((kind for kind in kinds if kind.__name__ == error.cls_name), None)


def _is_interrupted(error: Any) -> bool:
    """Say whether a step was ended from outside, as Dagster or DuckDB tell it."""
    while error is not None:
        if error.cls_name == "DagsterExecutionInterruptedError":
            return True
        if "Query interrupted" in error.message or "INTERRUPT Error" in error.message:
            return True
        error = error.cause
    return False


def _innermost(error: Any) -> str:
    """Return the first line of the error that the others wrap."""
    while error.cause is not None:
        error = error.cause
    return str(error.message.strip().splitlines()[0])
