"""Packs and requests as files: what a site writes and keeps, what a network reads and asks.

    IL6_HOME/studies/<name>/packs/<n>-<cut>.json   what was given, in its order
    IL6_HOME/studies/<name>/packs.csv              to which request, when, by whom, why
    FOLDER/pack-<site>-<round>.json                what a network has of a site
    FOLDER/request-<round>.json                    what it asks next
    FOLDER/network.html, network_results.csv       what all sites say together

Belongs here: reading, checking and writing them. Does not belong here: how they travel; a shared
folder, SFTP or vantage6 does (docs/network.md).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from il6_platform.analysis.cohort import COLUMNS, Cohort
from il6_platform.errors import UsageError
from il6_platform.files import write_whole
from il6_platform.network import combine
from il6_platform.network.packs import FORMAT, Request, SiteData, site_pack
from il6_platform.network.page import render
from il6_platform.paths import sql_file
from il6_platform.privacy import site_packs as limits
from il6_platform.privacy.disclosure import MINIMAL_CELL
from il6_platform.study import Study
from il6_platform.warehouse.database import Warehouse

LABEL = re.compile(r"[A-Za-z0-9_]{1,40}")
"""What a site may be called in a network."""


@dataclass(frozen=True)
class Given:
    """A line of the ledger: a pack that was given."""

    file: str
    cut: str
    request: str
    given_at: str
    by: str
    why: str


def write_site_pack(
    warehouse: Warehouse, label: str, asked: Path | None, to: Path, by: str, why: str
) -> Path:
    """Write what a site gives of a study to a network; return the file.

    Parameters
    ----------
    warehouse
        The study's working database.
    label
        What the site is called in the network.
    asked
        The network's request; None for the first round.
    to
        Folder that the pack is written into.
    by, why
        Who gives it, and for what.

    Raises
    ------
    UsageError
        Where nobody or no reason is named, the request is of another study or damaged, the cut
        differs from the last one given by too few patients, or has answered often enough.
    """
    study, site = warehouse.study, warehouse.site
    if not by.strip() or not why.strip():
        raise UsageError("a pack needs who gives it (--by) and why (--why)")
    if not LABEL.fullmatch(label):
        raise UsageError(f"--site {label!r}: use up to 40 letters, digits and _")
    request = Request() if asked is None else read_request(asked, study)
    least = site.quality.minimal_cell or MINIMAL_CELL
    cohort, cut, cutoff = _cohort(warehouse)
    folder = site.study_folder / "packs"
    folder.mkdir(exist_ok=True, mode=0o700)
    key = hashlib.sha256(_text(request).encode()).hexdigest()[:16]
    ledger = _ledger(site.study_folder)
    same = [one for one in ledger if (one.cut, one.request) == (cut, key)]
    _check_history(ledger, cut, key)
    people = _people(warehouse)
    state = folder / limits.PATIENTS
    if state.exists() and not same and limits.too_alike(pd.read_parquet(state), people, least):
        raise UsageError(
            f"this cut differs from the one of the last pack by fewer than {least} patients of an "
            "arm, whom the two packs together would describe; give the next one when more changed"
        )
    pack = {
        "study": study.name,
        "study_digest": study.content_digest,
        "site": label,
        "cut": cut,
        **site_pack(SiteData.of(cohort, study, cutoff), request, least),
    }
    text = _text(pack)
    if not same:
        name = f"{len(ledger) + 1:04d}-{cut}.json"
        write_whole(folder / name, text)
        limits.keep(people, state)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        _write_ledger(
            site.study_folder, [*ledger, Given(name, cut, key, now, by.strip(), why.strip())]
        )
    to.mkdir(parents=True, exist_ok=True)
    file = to / f"pack-{label}-{request.round}.json"
    write_whole(file, text)
    return file


def _check_history(ledger: list[Given], cut: str, key: str) -> None:
    answered = {one.request for one in ledger if one.cut == cut}
    if key not in answered and len(answered) > limits.MOST_ROUNDS:
        raise UsageError(
            f"cut {cut} has answered {len(answered)} requests; more of them would describe its "
            "patients one by one. A network needs six: ask the others why it asks again"
        )


def _cohort(warehouse: Warehouse) -> tuple[Cohort, str, float | None]:
    """Return the analysed patients, the name of their cut, and the study's cut-off."""
    held = warehouse.query("select value from report.provenance where name = 'cut'")["value"]
    if held.empty:
        raise UsageError("nothing is published yet: il6 refresh")
    adsl, adtte, adrs, adtr = (
        warehouse.read(f"cohort.{table}", COLUMNS[f"cohort.{table}"])
        for table in ("adsl", "adtte", "adrs", "adtr")
    )
    cohort = Cohort.of(adsl, adtte, adrs, adtr, warehouse.study)
    cutoff = warehouse.query(
        "select estimate from analysis.cutoff where statistic = 'cutoff' and estimate is not null"
    )["estimate"]
    return cohort, str(held.iloc[0]), None if cutoff.empty else float(cutoff.iloc[0])


def _people(warehouse: Warehouse) -> pd.DataFrame:
    """Return who is analysed, with a hash of their records; it stays in the home."""
    statement = sql_file("cuts.patients").read_text("utf-8").rstrip().rstrip(";")
    return warehouse.query(
        'select md5(p.patient) as patient, a."ARMCD" as "group", '
        "md5(concat_ws('|', p.baseline, p.response, p.follow_up)) as content "
        f'from ({statement}) as p inner join cohort.adsl as a on p.patient = a."USUBJID" '
        "where a.\"ANALFL\" = 'Y' order by 1"
    )


def read_request(file: Path, study: Study) -> Request:
    """Read what a network asks.

    Raises
    ------
    UsageError
        Where the file is damaged or of another study.
    """
    found = _read(file)
    if found.get("study_digest") != study.content_digest:
        raise UsageError(
            f"{file.name} is of another study file than {study.name} here; a network needs the "
            "same study file at every site"
        )
    try:
        return Request(
            int(found["round"]),
            tuple(str(term) for term in found["terms"]),
            tuple(float(value) for value in found["cutoffs"]),
            {
                str(endpoint): {
                    str(model): [float(value) for value in values]
                    for model, values in models.items()
                }
                for endpoint, models in found["coefficients"].items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{file.name} is no request of a network: ask for it again") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{file.name} is not JSON: it was damaged on its way") from None
    if not isinstance(found, dict):
        raise UsageError(f"{file.name} is neither a pack nor a request")
    return found


def read_packs(folder: Path) -> dict[int, dict[str, dict[str, Any]]]:
    """Read the packs of a folder: round -> site -> pack.

    Raises
    ------
    UsageError
        Where there is none, one is damaged, or they are of different study files.
    """
    packs: dict[int, dict[str, dict[str, Any]]] = {}
    digests: dict[str, str] = {}
    for file in sorted(folder.glob("pack-*.json")):
        pack = _read(file)
        needed = {"format", "study", "study_digest", "site", "cut", "round", "endpoints", "marker"}
        if not needed <= set(pack) or pack["format"] != FORMAT:
            raise UsageError(f"{file.name} is no pack of this version of il6: make it again")
        if file.name != f"pack-{pack['site']}-{pack['round']}.json":
            raise UsageError(f"{file.name} says that it is of {pack['site']}: one site, one name")
        digests[file.name] = pack["study_digest"]
        packs.setdefault(int(pack["round"]), {})[pack["site"]] = pack
    if not packs.get(0):
        raise UsageError(f"{folder} holds no pack-SITE-0.json: il6 site-pack makes one at a site")
    if len(set(digests.values())) > 1:
        odd = min(digests, key=lambda name: list(digests.values()).count(digests[name]))
        raise UsageError(f"{odd} is of another study file than the others; all need the same one")
    return packs


@dataclass(frozen=True)
class State:
    """Where a network stands: the round whose packs are all there, and who is waited for."""

    round: int
    sites: tuple[str, ...]
    waiting_for: tuple[str, ...]
    is_done: bool


def combine_folder(folder: Path) -> State:
    """Combine the packs of a folder: write the next request, the results and their page.

    Raises
    ------
    UsageError
        As `read_packs`, or where one site alone has given a pack.
    """
    packs = read_packs(folder)
    sites = tuple(sorted(packs[0]))
    if len(sites) < 2:
        raise UsageError(f"{folder} holds packs of {sites[0]} alone; a network has two sites")
    current, done = 0, False
    waiting: tuple[str, ...] = ()
    while True:
        last = {site: packs[current][site] for site in sites}
        digest = last[sites[0]]["study_digest"]
        following = combine.next_request(last, _asked(folder, current))
        if following is None:
            done = True
            break
        write_whole(
            folder / f"request-{following.round}.json",
            _text({"study_digest": digest, **asdict(following)}),
        )
        missing = tuple(site for site in sites if site not in packs.get(following.round, {}))
        if missing:
            waiting = missing
            break
        current = following.round
    state = State(current, sites, waiting, done)
    results = combine.combined(last).frame()
    results.to_csv(folder / "network_results.csv", index=False, lineterminator="\n")
    write_whole(folder / "network.html", render(last, results, is_done=done))
    return state


def _asked(folder: Path, number: int) -> Request:
    if number == 0:
        return Request()
    found = _read(folder / f"request-{number}.json")
    return Request(
        found["round"], tuple(found["terms"]), tuple(found["cutoffs"]), found["coefficients"]
    )


def _text(value: Any) -> str:
    content = asdict(value) if isinstance(value, Request) else value
    return json.dumps(content, indent=1, sort_keys=False, allow_nan=False) + "\n"


def _ledger(folder: Path) -> list[Given]:
    path = folder / "packs.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [Given(**row) for row in csv.DictReader(stream)]


def _write_ledger(folder: Path, known: list[Given]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Given.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows([vars(one) for one in known])
    write_whole(folder / "packs.csv", text.getvalue())
