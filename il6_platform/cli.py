"""The command line: demo, refresh, status, patient, profile, query, cuts, diff, rules, forget, ui.

Exit status 0: published, or nothing new; 1: blocked by data quality; 2: wrong use; 3: a fault of
the platform. The reason is the last line on stderr.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from il6_platform import ahead, paths

if TYPE_CHECKING:
    from il6_platform.warehouse import Site

STORY_ONLY = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}
"""Run configuration: on the console, what the assets say; Dagster's own events stay in the UI."""


class CommandError(Exception):
    """A command that ends with a status and a reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    asked = _parser().parse_args(arguments)
    # whatever is written, Dagster's files and the kept cuts too, is for its owner only
    os.umask(0o077)
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    try:
        asked.run(asked)
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.status
    except BrokenPipeError:
        # whoever reads (head, less) has seen enough; the interpreter must not flush once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="il6", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, words: str, *options: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=words, description=words)
        one.set_defaults(run=run)
        one.add_argument("--home", type=Path, default=None, help="IL6_HOME: where all is kept")
        if "landing" in options:
            one.add_argument("--landing", type=Path, help="folder in which exports are dropped")
        if "study" in options:
            one.add_argument("--study", type=Path, help="study file (default data/study.yaml)")
        return one

    command("demo", _demo, "refresh the embedded, synthetic registry")
    refresh = command("refresh", _refresh, "read, check, analyse, publish", "landing", "study")
    refresh.add_argument("--as-of", type=_day, help="use only exports of that day or before")
    refresh.add_argument(
        "--censor",
        nargs="?",
        const=True,
        type=_day,
        metavar="DAY",
        help="cut follow-up at that day; at the day of --as-of where none is given",
    )
    refresh.add_argument("--force", action="store_true", help="even where nothing is new")
    command("status", _status, "what is published, and what arrived", "landing")
    profile = command("profile", _profile, "draft a registry profile of an unknown export")
    profile.add_argument("file", type=Path, help="the export; a data dictionary may lie beside it")
    profile.add_argument("--to", type=Path, help="write the draft there (default: print it)")
    query = command("query", _query, "ask the published database (read-only)")
    query.add_argument("sql", help="for example: select * from report.headline")
    command("cuts", _cuts, "list the cuts that are kept")
    diff = command("diff", _diff, "what changed from one cut to another")
    diff.add_argument("earlier", help="a cut's name or its beginning (il6 cuts)")
    diff.add_argument("later", nargs="?", default="published", help="default: the published one")
    rules = command("rules", _rules, "print the rule book")
    rules.add_argument("--docs", action="store_true", help="build its pages (IL6_HOME/data_docs)")
    forget = command("forget", _forget, "erase what is kept of a patient", "landing")
    forget.add_argument("patient", help="the registry's number, or the pseudonym; - reads it")
    one = command("patient", _patient, "all that is kept of one patient, and what became of it")
    one.add_argument(
        "number", help="the registry's number (SITE:NUMBER), or the pseudonym; -: read"
    )
    one.add_argument("--json", action="store_true", help="as one JSON object")
    pack = command("manuscript", _manuscript, "Word, Excel, figures and checklists of a cut")
    pack.add_argument("cut", nargs="?", default="published", help="default: the published one")
    pack.add_argument("--to", type=Path, help="folder (default IL6_HOME/manuscript/CUT)")
    export = command("export", _export, "ADaM datasets (Parquet, SAS transport) and results")
    export.add_argument("--to", type=Path, help="folder (default IL6_HOME/exchange/CUT)")
    ui = command("ui", _ui, "open the Dagster UI on 127.0.0.1", "landing", "study")
    ui.add_argument("--port", type=int, default=3000)
    return parser


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date written YYYY-MM-DD") from None


def _home(asked: argparse.Namespace) -> Path:
    return (asked.home or paths.default_home()).resolve()


def _demo(asked: argparse.Namespace) -> None:
    asked.landing, asked.study = paths.demo_landing(), paths.default_study()
    asked.as_of, asked.censor, asked.force = None, None, True
    _refresh(asked)
    home = _home(asked)
    print("\nPublished claim, then this cut:\n")
    _print_headline(home)
    print(f"\nReport:   {home / 'published' / 'report.html'}")
    print(f"Database: {home / 'published' / 'report.duckdb'}   (il6 query 'from report.results')")
    print("UI:       make ui, then open http://127.0.0.1:3000")


def _refresh(asked: argparse.Namespace) -> None:
    from il6_platform.registry.profiles import read_profiles
    from il6_platform.study import StudyError, read_study
    from il6_platform.typed_file import TypedFileError

    home = _home(asked)
    landing = (asked.landing or paths.default_landing(home)).resolve()
    study = (asked.study or paths.default_study()).resolve()
    if not landing.is_dir() and asked.landing:
        raise CommandError(2, f"landing folder {landing} does not exist; name another one")
    try:
        read_study(study)
        read_profiles(*paths.profile_folders(home), landing=landing)
    except (StudyError, TypedFileError) as error:
        raise CommandError(2, str(error)) from None
    from il6_platform.report.publishing import content_key, published_content
    from il6_platform.warehouse import Site

    censor = asked.as_of if asked.censor is True else asked.censor
    if asked.censor and not censor:
        raise CommandError(2, "--censor needs a day, its own or that of --as-of")
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
    ahead.prepare()
    for library in ahead.LIBRARIES:
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

    from il6_platform.automation import settle_orphan
    from il6_platform.definitions import build_defs
    from il6_platform.warehouse import BusyError, Site

    assert isinstance(site, Site)
    dagster_home = prepare_instance(site.home_path)
    os.environ["DAGSTER_HOME"] = str(dagster_home)
    looking_back: Any = {"as_of": site.as_of, "censor": site.censor}
    defs = build_defs(Path(site.home), Path(site.landing), Path(site.study_file), **looking_back)
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        settle_orphan(instance, site)
        try:
            result = defs.resolve_job_def("refresh_study").execute_in_process(
                instance=instance, raise_on_error=False, run_config=STORY_ONLY
            )
        except (BusyError, DagsterError) as error:
            raise CommandError(3, f"{type(error).__name__}: {error}") from None
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
            raise CommandError(1, "Blocked, the last report stays. " + " ".join(sentences))
        if not result.success:
            failures = [
                f"{event.step_key}: {_innermost(event.step_failure_data.error)}"
                for event in result.all_events
                if event.is_step_failure and event.step_failure_data.error
            ]
            why = failures[0] if failures else "see the run in the Dagster UI"
            raise CommandError(3, f"The refresh failed, the last report stays: {why}")
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
        "module": "il6_platform.event_log",
        "class": "EventLog",
        "config": {"base_dir": str(folder)},
    }
    settings = shipped + yaml.safe_dump({"event_log_storage": event_log})
    (folder / "dagster.yaml").touch(mode=0o600)
    (folder / "dagster.yaml").write_text(settings, encoding="utf-8")
    return folder


def _status(asked: argparse.Namespace) -> None:
    from il6_platform.registry.deliveries import landed

    home = _home(asked)
    published = home / "published"
    if published.exists():
        print(f"Published: cut {published.resolve().name} in {published}\n")
        _print_headline(home)
        print("\nLines by what became of them:")
        print(
            _published(
                home,
                "pivot (select table_name, name, n from report.data_quality where kind = 'lines') "
                "on name using sum(n) order by table_name",
            ).to_string(index=False, na_rep="", float_format="%.0f")
        )
    else:
        print("Nothing is published yet: il6 refresh")
    worklist = home / "worklist.xlsx"
    if worklist.exists():
        print(f"\nWorklist of the last refresh: {worklist}")
    landing = (asked.landing or paths.default_landing(home)).resolve()
    complete, waiting = landed(landing) if landing.is_dir() else ([], [])
    print(f"\nLanding folder {landing}: {len(complete)} files, {len(waiting)} still being written.")


def _profile(asked: argparse.Namespace) -> None:
    from il6_platform.registry.dictionaries import dictionary_beside
    from il6_platform.registry.drafting import draft
    from il6_platform.registry.exports import ExportError
    from il6_platform.registry.formats import open_sheets
    from il6_platform.registry.profiles import read_profiles
    from il6_platform.typed_file import TypedFileError

    file = asked.file
    try:
        sheets = open_sheets(file.name, file.read_bytes())
        made = draft(file.name, sheets, dictionary_beside(file))
        known = [one for one in read_profiles(*paths.profile_folders(_home(asked)))]
    except OSError as error:
        raise CommandError(2, f"{file}: cannot be read ({error.strerror})") from None
    except (ExportError, TypedFileError) as error:
        raise CommandError(2, f"{file.name}: {error}") from None
    for one in known:
        if one.fits(file.name, one.opened(sheets)[1]):
            print(f"Profile {one.name} reads this file already.", file=sys.stderr)
    if asked.to:
        asked.to.write_text(made.text, encoding="utf-8")
        print(f"Draft: {asked.to}")
    else:
        print(made.text, end="")
    for number, question in enumerate(made.questions, start=1):
        print(f"Q{number}: {question}", file=sys.stderr)


def _query(asked: argparse.Namespace) -> None:
    import duckdb

    try:
        frame = _published(_home(asked), asked.sql)
    except duckdb.Error as error:
        raise CommandError(2, str(error).splitlines()[0]) from None
    with pd.option_context(
        *("display.width", 220, "display.max_columns", None),
        *("display.max_rows", None, "display.max_colwidth", 70),
    ):
        print(frame.to_string(index=False))


def _site(asked: argparse.Namespace) -> Site:
    from il6_platform.warehouse import Site

    home = _home(asked)
    landing = paths.default_landing(home)
    return Site(home=str(home), landing=str(landing), study_file=str(paths.default_study()))


def _cuts(asked: argparse.Namespace) -> None:
    from il6_platform.report.cuts import kept_cuts

    kept = kept_cuts(_site(asked))
    if kept.empty:
        raise CommandError(2, f"nothing is published in {_home(asked)} yet: il6 refresh")
    print(kept.to_string(index=False, na_rep=""))


def _diff(asked: argparse.Namespace) -> None:
    from il6_platform.report.cuts import difference, find, in_words

    site = _site(asked)
    try:
        earlier, later = find(site, asked.earlier), find(site, asked.later)
    except LookupError as error:
        raise CommandError(2, str(error.args[0])) from None
    found = difference(site, earlier, later)
    print("\n".join(in_words(earlier, later, found)))
    if found.patients is not None and len(found.patients):
        listed = site.home_path / "patients" / f"{earlier}-{later}.csv"
        listed.touch(mode=0o600)
        found.patients.to_csv(listed, index=False, lineterminator="\n")
        print(f"\nWho they are (pseudonyms, stays here): {listed}")


def _rules(asked: argparse.Namespace) -> None:
    from il6_platform.validation.book import book

    if not asked.docs:
        found = book()
        for table, rules in found.groupby("table", sort=False):
            print(f"\n{table}")
            for row in rules.to_dict("records"):
                print(
                    f"  {row['rule']}  [{row['severity']}; {row['who puts it right']}]\n"
                    f"      {row['says']}"
                )
        print(f"\n{len(found)} rules")
        return
    import duckdb

    from il6_platform.validation.docs import FOLDER, build

    home = _home(asked)
    database = home / "working.duckdb"
    if not database.exists():
        raise CommandError(2, f"nothing was judged in {home} yet: il6 refresh")
    try:
        with duckdb.connect(database, read_only=True) as connection:
            verdicts = connection.execute("from staging.verdicts").df()
    except duckdb.IOException:
        raise CommandError(2, "a refresh is running; try again when it has ended") from None
    except duckdb.CatalogException:
        raise CommandError(2, f"nothing was judged in {home} yet: il6 refresh") from None
    print(f"Data Docs: {build(home / FOLDER, verdicts)}")


def _forget(asked: argparse.Namespace) -> None:
    from filelock import FileLock, Timeout

    from il6_platform.report.forgetting import forget
    from il6_platform.warehouse import Site, Warehouse

    home = _home(asked)
    if not (home / "working.duckdb").exists():
        raise CommandError(2, f"nothing is kept in {home}")
    landing = (asked.landing or paths.default_landing(home)).resolve()
    site = Site(home=str(home), landing=str(landing), study_file=str(paths.default_study()))
    # a number on the command line stays in the shell's history
    patient = sys.stdin.readline().strip() if asked.patient == "-" else asked.patient
    try:
        with FileLock(home / "refresh.lock", timeout=0, mode=0o600):
            done = forget(Warehouse(site=site), patient)
    except Timeout:
        raise CommandError(2, "a refresh is running; try again when it has ended") from None
    except LookupError as error:
        raise CommandError(2, str(error.args[0])) from None
    print(
        f"Erased: {done.rows} rows in {done.exports} exports, and the patient's row in "
        f"{done.cuts} earlier cuts. On record as {done.patient} in {site.forgotten_path}."
    )
    for other in done.spelt_otherwise:
        print(f"The number is also there in another spelling: il6 forget {other} erases that one.")
    for file in done.still_landed:
        print(f"Still in the landing folder: {file}; it is not read again, but delete it there.")
    print("The published report still counts the patient until the next il6 refresh.")


def _patient(asked: argparse.Namespace) -> None:
    import json

    import duckdb

    from il6_platform.registry.pseudonyms import Pseudonyms
    from il6_platform.report.one_patient import UnknownPatientError, in_words, look_up

    home = _home(asked)
    database = home / "working.duckdb"
    if not database.exists():
        raise CommandError(2, f"nothing is kept in {home} yet: il6 refresh")
    # a number on the command line stays in the shell's history
    number = sys.stdin.readline().strip() if asked.number == "-" else asked.number
    try:
        found = look_up(database, Pseudonyms(home / "pseudonym.key"), number)
    except UnknownPatientError as error:
        raise CommandError(2, str(error)) from None
    except duckdb.IOException:
        raise CommandError(2, "a refresh is running; try again when it has ended") from None
    except duckdb.CatalogException:
        raise CommandError(2, f"nothing was read in {home} yet: il6 refresh") from None
    if asked.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(in_words(found)))


def _manuscript(asked: argparse.Namespace) -> None:
    from il6_platform.report.cuts import find
    from il6_platform.report.manuscript import pack
    from il6_platform.report.published import put, read_cut

    site = _site(asked)
    try:
        name = find(site, asked.cut)
    except LookupError as error:
        raise CommandError(2, str(error.args[0])) from None
    folder = (asked.to or site.home_path / "manuscript" / name).resolve()
    written = put(pack(read_cut(site.cuts_path / name / "report.duckdb")), folder)
    print(f"{written} files of cut {name}: {folder}")


def _export(asked: argparse.Namespace) -> None:
    import duckdb

    from il6_platform.report.cuts import find
    from il6_platform.report.exchange import NotThisCutError, write_exchange
    from il6_platform.warehouse import Warehouse

    site = _site(asked)
    try:
        name = find(site, "published")
        folder = (asked.to or site.home_path / "exchange" / name).resolve()
        written = write_exchange(Warehouse(site=site), name, folder)
    except (LookupError, NotThisCutError) as error:
        raise CommandError(2, str(error.args[0])) from None
    except duckdb.IOException:
        raise CommandError(2, "a refresh is running; try again when it has ended") from None
    print(f"{len(written)} files of cut {name}: {folder}")
    print("The datasets hold a row a patient: they are for this site, not to be published.")


def _published(home: Path, sql: str) -> pd.DataFrame:
    import duckdb

    database = home / "published" / "report.duckdb"
    if not database.exists():
        raise CommandError(2, f"nothing is published in {home} yet: il6 refresh")
    with duckdb.connect(database.resolve(), read_only=True) as connection:
        return connection.execute(sql).df()


def _print_headline(home: Path) -> None:
    registry = "select value from report.provenance where kind = 'registry'"
    for said in _published(home, registry)["value"]:
        print(f"{said}\n")
    for row in _published(home, "from report.headline").itertuples():
        said = (
            f"P={row.published_p_value:g}"
            if pd.notna(row.published_p_value)
            else f"{row.published_estimate:g}"
            if pd.notna(row.published_estimate)
            else "not reported"
        )
        print(
            f"{row.claim}\n    published  {said}"
            + (f" ({row.published_n})" if row.published_n else "")
        )
        if pd.isna(row.estimate):
            print(f"    now        not estimable, n={row.n}. {row.reading or ''}")
            continue
        now = f"{row.measure.replace('_', ' ')} {row.estimate:.3g}"
        if pd.notna(row.ci_low) or pd.notna(row.ci_high):
            now += f" (95% CI {row.ci_low:.2f} to {row.ci_high:.2f})"
        if pd.notna(row.p_value):
            now += f", {row.test} P={row.p_value:.3f}"
        now += f", n={row.n}"
        if pd.notna(row.n_first):
            now += f" ({row.n_first} vs {row.n_second})"
        if pd.notna(row.events):
            now += f", {row.events} events"
        print(f"    now        {now}\n" + (f"    reading    {row.reading}" if row.reading else ""))


def _ui(asked: argparse.Namespace) -> None:
    home = _home(asked)
    environment = {
        **os.environ,
        "IL6_HOME": str(home),
        "IL6_LANDING": str((asked.landing or paths.default_landing(home)).resolve()),
        "IL6_STUDY": str((asked.study or paths.default_study()).resolve()),
        "DAGSTER_HOME": str(prepare_instance(home)),
    }
    dagster = Path(sys.executable).with_name("dagster")
    workspace = paths.project_root() / "workspace.yaml"
    command = ["dagster", "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(asked.port)]
    os.execve(dagster, command, environment)


if __name__ == "__main__":
    sys.exit(main())
