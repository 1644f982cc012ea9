"""Registry: exports in the landing folder -> raw rows, as text, append-only."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    Failure,
    MaterializeResult,
    MetadataValue,
    ResourceParam,
    asset,
)

from il6_platform.defs.lineage import sources
from il6_platform.defs.metadata import preview, table_metadata
from il6_platform.defs.specs import OWNERS, POOL, check, described, key_of, spec
from il6_platform.errors import PlatformError
from il6_platform.files import write_whole
from il6_platform.paths import code_version, profile_folders
from il6_platform.privacy.erasure import erase_on_record
from il6_platform.publishing.content import registry_key
from il6_platform.publishing.publish import note_content
from il6_platform.registry import landings, raw
from il6_platform.registry.deliveries import Opened, is_worklist, open_deliveries
from il6_platform.registry.formats.not_tables import is_clutter
from il6_platform.registry.kept import Kept
from il6_platform.registry.landing import UNREADABLE, Found, digest_of, landed
from il6_platform.registry.native import TABLES
from il6_platform.registry.profiles import Profile, read_profiles
from il6_platform.registry.told import named, told
from il6_platform.validation import answers
from il6_platform.validation.rulebook import CODES_ARE_KNOWN, COLUMNS_ARE_READ, COLUMNS_ARE_THERE
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import lost_landings, note_landings
from il6_platform.yaml_config import YamlConfigError

COLUMN_RULES = {
    "vanished": COLUMNS_ARE_THERE,
    "recoded": CODES_ARE_KNOWN,
    "new": COLUMNS_ARE_READ,
}
"""Change of a column -> the rule that speaks of it."""

MOST_SAID = 5
"""Sentences that a check says; the rest is in the worklist."""


@asset(
    key=key_of("raw.deliveries"),
    group_name="registry",
    kinds={"file", "duckdb"},
    owners=OWNERS["registry"],
    code_version=code_version(),
    pool=POOL,
    check_specs=[
        AssetCheckSpec(
            "exports_can_be_read",
            asset=key_of("raw.deliveries"),
            blocking=True,
            description="Every export is whole, has its columns, and its day is not in doubt.",
        ),
        AssetCheckSpec(
            "something_was_delivered",
            asset=key_of("raw.deliveries"),
            blocking=True,
            description="There is at least one patients export.",
        ),
        AssetCheckSpec(
            "exports_are_recognised",
            asset=key_of("raw.deliveries"),
            description="Every file in the landing folder is one of the registry's tables.",
        ),
    ],
)
def deliveries(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Every export file that arrived, known by the SHA-256 of its bytes.

    The landing folder is looked through, new files are kept as they are in IL6_HOME, and the order
    of the cut is set: by the export's date, then by arrival. The same bytes twice change nothing,
    unless they lie in two sites' folders or are read as two tables.
    """
    site = warehouse.site
    # studies must not rest on tables that are being made
    site.registry_content_path.unlink(missing_ok=True)
    found, waiting = landed(site.landing_path, watch_seconds=0.3)
    if waiting:
        context.log.info(f"{len(waiting)} files are still being written; they are left for now.")
    try:
        profiles = read_profiles(*profile_folders(site.home_path), landing=site.landing_path)
    except YamlConfigError as error:
        raise Failure(str(error), allow_retries=False) from None
    _read_kept(context, warehouse, profiles, found)
    reading = _Reading(context, warehouse, profiles, waiting, found)
    for item in found:
        reading.take(item)
    with warehouse.connect() as connection:
        answers.fill_answers(connection, site.home_path, site.as_of_date)
    note_content(warehouse, registry_key(site, reading.present))
    with warehouse.connect() as connection:
        raw.order(connection, site.as_of_date)
        in_doubt = landings.in_doubt(connection)
        if not site.as_of:
            write_whole(site.landings_path, landings.write_landings(connection))
            lines = warehouse.row_count("raw.landings")
            note_landings(site.home_path, lines, site.landing_path)
    known = warehouse.query("from raw.deliveries order by sequence")
    here = known[known["source"].fillna(known["delivery"]).isin(reading.contents)]
    used = known[known["position"].notna()]
    context.log.info(f"{len(used)} exports are in this cut.")
    return MaterializeResult(
        metadata={
            **table_metadata(warehouse, "raw.deliveries"),
            "preview": preview(
                named(used)[["file", "table_name", "delivered_on", "lines", "bytes"]], 50
            ),
            "still_being_written": MetadataValue.json([told(str(one)) for one in waiting]),
            "passed_over": MetadataValue.json(
                named(here[here["status"] == "passed over"])["file"].tolist()
            ),
        },
        check_results=_judged(site, here, used, [*map(_unreadable, reading.unreadable), *in_doubt]),
    )


class _Reading:
    """The landing folder's files, taken in one by one.

    Attributes
    ----------
    present
        File that lies there -> SHA-256 of its bytes.
    contents
        As what the bytes of these files are known.
    unreadable
        Files and folders that the platform's account may not read.
    waiting
        Files that are still being written.
    """

    def __init__(
        self,
        context: AssetExecutionContext,
        warehouse: Warehouse,
        profiles: Sequence[Profile],
        waiting: list[str],
        found: Sequence[Found],
    ) -> None:
        self.context, self.warehouse, self.profiles = context, warehouse, profiles
        self.waiting = waiting
        self.versions = {profile.name: profile.version for profile in profiles}
        self.dictionaries = {profile.dictionary for profile in profiles}
        self.arrived_at = datetime.now(UTC)
        digests = {item.file: item.digest() for item in found}
        self.here = {file: digest for file, digest in digests.items() if digest is not None}
        self.present: dict[str, str] = {}
        self.contents: set[str] = set()
        self.unreadable: list[str] = []
        # asked once: most files of a landing folder are known
        with warehouse.connect() as connection:
            self.known = landings.contents(connection)
            self.settled = raw.settled(connection, self.versions)
            wrong = landings.clock_went_back(connection, self.arrived_at)
        if wrong:
            context.log.warning(wrong)
        self.lost = Kept(warehouse.site.home_path).to_keep_again()

    def take(self, item: Found) -> None:
        """Keep a file and record it, unless it is known; a worklist's answers are kept."""
        digest = item.digest()
        if digest is None:
            # one that was taken away meanwhile is none any more
            if item.is_there():
                self.present[item.file] = UNREADABLE
                self.unreadable += [] if is_clutter(item.file) else [item.file]
            return
        self.present[item.file] = digest
        if item.path.name in self.dictionaries:
            return
        if is_worklist(item.file) and self._keeps_answers(item, digest):
            return
        held, known = self.known.get(item.file, (None, None))
        name = known if held == digest else None
        if name in self.settled:
            self.contents.add(name)
            if name in self.lost:
                self._keep_again(item, digest, name)
            return
        with self.warehouse.connect() as connection:
            content = item.read()
            if content is None or digest_of(content) != digest:
                # it is being changed at this moment
                del self.present[item.file]
                self.waiting.append(item.file)
                return
            opened = open_deliveries(item.file, content, self.profiles)
            if name is None:
                name, unused = landings.land(
                    connection, item.file, digest, opened, self.arrived_at, self.here
                )
                if unused:
                    self.context.log.warning(unused)
            self.contents.add(name)
            is_known, since = raw.arrived(connection, name, self.versions)
            if not is_known:
                opened = opened.known_as(name)
                _keep(self.warehouse.site, name, content, opened)
                raw.record(connection, name, item.file, opened, since or self.arrived_at)
                for words in _became(item.file, digest, opened):
                    self.context.log.info(words)

    def _keep_again(self, item: Found, digest: str, name: str) -> None:
        """Keep a known file whose kept copy is gone or damaged."""
        content = item.read()
        if content is not None and digest_of(content) == digest:
            opened = open_deliveries(item.file, content, self.profiles).known_as(name)
            _keep(self.warehouse.site, name, content, opened)
            self.context.log.warning(f"{told(item.file, digest)}: it was lost, and is kept again.")

    def _keeps_answers(self, item: Found, digest: str) -> bool:
        """Keep a worklist's answers; say whether it is one."""
        site = self.warehouse.site
        content = item.read()
        if not site.as_of and content is not None:
            try:
                read = answers.keep_answers(site.home_path, content, date.today())
            except answers.NoAnswersError:
                return False
            self.context.log.info(f"{told(item.file, digest)}: {read} new answers to the worklist.")
        return True


def _judged(
    site: Site, here: pd.DataFrame, used: pd.DataFrame, refused: Sequence[str]
) -> list[AssetCheckResult]:
    """Judge the deliveries of the landing folder, and those that are used in this cut."""
    rejected = here[here["status"] == "rejected"]
    strange = here[here["status"] == "unrecognised"]
    beside = here[here["status"] == "passed over"]
    patients = int((used["table_name"] == "patients").sum())
    return [
        check(
            "exports_can_be_read",
            rejected.empty and not refused,
            " ".join([*refused, _sentences(rejected)]).strip() or "Every export is whole.",
            blocking=True,
        ),
        check(
            "something_was_delivered",
            patients > 0,
            f"{patients} patients export{'s are' if patients > 1 else ' is'} in this cut."
            if patients
            else f"No patients export is in {site.landing}; drop patients.csv there.",
            blocking=True,
        ),
        check(
            "exports_are_recognised",
            strange.empty,
            _sentences(strange)
            or _sentences(beside)
            or "Every file is one of the registry's tables.",
        ),
    ]


def _keep(site: Site, digest: str, content: bytes | None, opened: Opened) -> None:
    """Keep a file as it arrived (None: it is kept), and the native tables that were made of it."""
    for delivery in opened.deliveries:
        if delivery.native is not None:
            site.keep(delivery.digest, delivery.native)
    # a letter may say anything of anybody: it is not kept
    if content is not None and any(one.status != "passed over" for one in opened.deliveries):
        site.keep(digest, content)


def _became(file: str, digest: str, opened: Opened) -> Iterator[str]:
    """Say what a file turned out to be, and of its sheets how many lines are in no table, why."""
    for one in opened.deliveries:
        note = f" ({one.problem})" if one.status == "passed over" and not opened.sources else ""
        yield f"{told(one.file, one.digest, one.table)}: {one.status}{note}"
    for number, source in enumerate(opened.sources, start=1):
        # a sheet may be named after a patient too
        place = told(file, digest) + (f", sheet {number}" if source.name else "")
        for reason, lines in Counter(source.passed_over.values()).items():
            yield f"{place}: passed over ({lines}): {reason}"


def _read_kept(
    context: AssetExecutionContext,
    warehouse: Warehouse,
    profiles: Sequence[Profile],
    found: Sequence[Found],
) -> None:
    """Read the kept deliveries again where the database is a new one, in their old order.

    Raises
    ------
    PlatformError
        Where one is lost or is not what arrived, and does not lie in the landing folder either, or
        lines of the ledger are lost: patients would be gone without a word.
    """
    site = warehouse.site
    with warehouse.connect() as connection:
        again = landings.restore_landings(connection, site.landings_path)
        lost_lines = lost_landings(site.home_path, warehouse.row_count("raw.landings"))
        if lost_lines:
            connection.execute("delete from raw.landings")
            raise PlatformError(
                f"{lost_lines}, so that the registry cannot be made again of what is kept: restore "
                "it from your backup (il6 restore); without one, drop all exports into the landing "
                "folder again and remove home.json"
            )
        if not again:
            return
        context.log.info(f"The database is made again from {len(again)} kept deliveries.")
        kept = Kept(site.home_path, found, profiles)
        missed, lost = kept.missed(), []
        for file, digest, arrived_at in again:
            opened, content = kept.opened(file, digest)
            if opened is not None:
                _keep(site, digest, content, opened)
                raw.record(connection, digest, file, opened, arrived_at)
            elif digest in missed:
                lost.append(told(file, digest))
        if lost:
            # the next refresh begins with it again
            connection.execute("delete from raw.landings; delete from raw.deliveries")
            raise PlatformError(
                f"{len(lost)} kept deliveries are lost or damaged ({', '.join(lost[:MOST_SAID])}), "
                "so that the registry cannot be made again of them: restore them from your backup "
                "(il6 restore), or drop the same files into the landing folder again"
            )


def _unreadable(file: str) -> str:
    name = "the landing folder" if file == "." else told(file)
    return f"{name}: may not be read; give the platform's account the right to read it."


def raw_table(table: str) -> AssetsDefinition:
    """Return the asset of one raw table: rows of its exports, appended once."""

    @asset(
        key=key_of(f"raw.{table}"),
        group_name="registry",
        kinds={"csv", "duckdb"},
        owners=OWNERS["registry"],
        code_version=code_version(),
        pool=POOL,
        deps=[key_of("raw.deliveries")],
        description=(
            f"Every line of every {table} export, as text, append-only: whatever arrived can be "
            "shown again. The registry's patient number is replaced by a keyed pseudonym here."
        ),
    )
    def rows(
        context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
    ) -> MaterializeResult:
        covariates = warehouse.site.covariates()
        kept = Kept(warehouse.site.home_path)
        with warehouse.connect() as connection:
            fresh = raw.load(connection, table, covariates, kept.read, warehouse.pseudonyms)
        context.log.info(f"raw.{table}: {fresh} new exports.")
        return MaterializeResult(
            metadata={
                **table_metadata(warehouse, f"raw.{table}"),
                "new_exports": fresh,
                "preview": preview(
                    named(
                        warehouse.query(
                            "select delivery, file, count(*) as lines, count(problem) as odd_lines "
                            f"from raw.{table} group by all order by file"
                        ).assign(table_name=table)
                    )[["file", "lines", "odd_lines"]]
                ),
            }
        )

    return rows


@asset(
    key=key_of("raw.erased"),
    group_name="registry",
    kinds={"python", "duckdb"},
    owners=OWNERS["registry"],
    code_version=code_version(),
    pool=POOL,
    deps=[key_of(f"raw.{table}") for table in TABLES],
    description=(
        f"{described('raw.erased')}\n\nWho is to be forgotten stays forgotten: what a new export "
        "says of them is erased here, before anything reads it."
    ),
)
def erased(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Erase what new exports say of forgotten patients (`il6_platform/privacy/erasure.py`)."""
    rows, exports = erase_on_record(warehouse)
    if rows:
        context.log.info(f"{rows} rows of forgotten patients were erased from {exports} exports.")
    return MaterializeResult(
        metadata={**table_metadata(warehouse, "raw.erased"), "rows": rows, "exports": exports}
    )


@asset(
    key=key_of("raw.column_changes"),
    group_name="registry",
    kinds={"sql", "duckdb"},
    owners=OWNERS["registry"],
    code_version=code_version(),
    pool=POOL,
    deps=[key_of(source) for source in (*sources("raw.column_changes"), "raw.erased")],
    description=described("raw.column_changes"),
    check_specs=[spec(rule, "raw.column_changes") for rule in COLUMN_RULES.values()],
)
def column_changes(
    context: AssetExecutionContext, warehouse: ResourceParam[Warehouse]
) -> MaterializeResult:
    """Run sql/raw/column_changes.sql."""
    warehouse.run_sql("raw.column_changes")
    found = named(warehouse.read("raw.column_changes"))
    results = []
    for change, rule in COLUMN_RULES.items():
        of = found[found["change"] == change]
        said = [f"{row.file}: {row.sentence}." for row in of.itertuples()]
        more = (
            [f"{len(said) - MOST_SAID} more are in the worklist."] if len(said) > MOST_SAID else []
        )
        blocking = rule.severity == "block"
        if change == "new" and said:
            # a header may hold anything: its words are for the worklist
            said = [f"{file}: {len(of_file)} columns." for file, of_file in of.groupby("file")]
        results.append(
            check(
                rule.id,
                of.empty,
                " ".join([*said[:MOST_SAID], *more]) or f"{rule.sentence}.",
                blocking=blocking,
            )
        )
    context.log.info(f"{len(found)} columns are other ones than before.")
    return MaterializeResult(
        metadata=table_metadata(warehouse, "raw.column_changes"), check_results=results
    )


def _sentences(deliveries: pd.DataFrame) -> str:
    # a sheet may be named after a patient; the worklist has its name
    problems = (
        deliveries["problem"].astype(str).str.replace(r"\bsheet [^:]*:", "a sheet:", regex=True)
    )
    said = named(deliveries).assign(problem=problems)
    return " ".join(f"{row.file}: {row.problem}." for row in said.itertuples())


ASSETS = [deliveries, *(raw_table(table) for table in TABLES), erased, column_changes]
