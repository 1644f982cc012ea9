"""What a home must hold to be trusted: its version, its key, and cuts as they were published.

    IL6_HOME/home.json                          format of the home, fingerprint of its key, lines of
                                                the ledger of deliveries, where exports were dropped
    IL6_HOME/studies/<name>/cuts/<cut>/manifest.json    SHA-256 of every file of the cut, and the
                                                        fingerprint of the key that it was made with

Belongs here: making and checking these. Does not belong here: mending what is damaged; a refresh
builds it anew.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from il6_platform.errors import PlatformError, UsageError
from il6_platform.files import digest_of_file, sync_folder, write_whole
from il6_platform.registry.pseudonyms import Pseudonyms
from il6_platform.settings import read_settings

VERSION = 1
"""Format of a home that this code reads and writes."""

MANIFEST = "manifest.json"


class HomeError(PlatformError):
    """A home that must not be written: its key is gone or another one, or it is a newer one."""


def open_key(home: Path) -> Pseudonyms:
    """Return the home's pseudonyms; a new home gets its key and its `home.json`.

    Raises
    ------
    HomeError
        Where the key is missing, empty, unreadable or not the home's own, or the home was made by
        a newer version: with another key every patient would be a second one.
    """
    about, key = home / "home.json", home / "pseudonym.key"
    check_version(home)
    record = _read(about)
    if not key.exists() and (record is not None or _is_in_use(home)):
        raise HomeError(
            f"{key} is gone, so patients could not be matched to those before; restore it from "
            "your backup (il6 restore)"
        )
    try:
        pseudonyms = Pseudonyms(key)
    except (ValueError, IsADirectoryError):
        raise HomeError(
            f"{key} is empty or damaged; restore it from your backup (il6 restore)"
        ) from None
    sync_folder(home)
    ours = pseudonyms.fingerprint
    if record is not None and record["key"] != ours:
        raise HomeError(
            f"{key} is not the key of this home (fingerprint {ours}, it was {record['key']}); "
            "restore the right one from your backup (il6 restore)"
        )
    for manifest, fingerprint in _keys_of_cuts(home):
        if fingerprint != ours:
            raise HomeError(
                f"either {key} is not the key of this home or {manifest} is damaged or of another "
                f"home: the key has the fingerprint {ours}, the cut was made with {fingerprint}; "
                "restore the one that is wrong from your backup (il6 restore)"
            )
    if record is None:
        write_whole(about, json.dumps({"version": VERSION, "key": pseudonyms.fingerprint}))
    return pseudonyms


def check_version(home: Path) -> None:
    """See that a home is of no newer version; one that is damaged may still be read.

    Raises
    ------
    HomeError
        Where it is: what another version wrote could be read wrongly, or written over.
    """
    record = None
    with contextlib.suppress(HomeError):
        record = _read(home / "home.json")
    if record is not None and int(record["version"]) > VERSION:
        raise HomeError(
            f"{home} was made by a newer version of il6_platform (format {record['version']}, "
            f"this one reads {VERSION}); install that version"
        )


def check_home(home: Path) -> None:
    """See that a folder is a home.

    Raises
    ------
    UsageError
        Where nothing was ever refreshed there.
    HomeError
        Where it was, and what says so is gone; or it is of a newer version.
    """
    check_version(home)
    if (home / "home.json").exists():
        return
    if not home.is_dir() or not _is_in_use(home):
        raise UsageError(f"{home} is no home of il6 yet: il6 refresh")
    raise HomeError(
        f"{home / 'home.json'} is gone; il6 refresh makes it again where {home / 'pseudonym.key'} "
        "is the home's own"
    )


def note_landings(home: Path, lines: int, landing: Path) -> None:
    """Write down how many lines the ledger of deliveries has, and where exports were dropped.

    The ledger never has fewer lines than it had.
    """
    about = home / "home.json"
    record, noted = _read(about), {"landings": lines, "landing": str(landing.resolve())}
    if record is not None and record != record | noted:
        write_whole(about, json.dumps(record | noted))


def default_landing(home: Path) -> Path:
    """Return the landing folder that is meant where none is named.

    That is `IL6_LANDING`, else the home's own where anything lies in it, else the one from which
    exports were read last: who named it once would otherwise hear that nothing is new.
    """
    named, own = read_settings().landing, home / "landing"
    if named is not None or (own.is_dir() and os.listdir(own)):
        return (named or own).resolve()
    with contextlib.suppress(HomeError):
        record = _read(home / "home.json") or {}
        if os.path.isdir(record.get("landing", "")):
            return Path(str(record["landing"]))
    return own.resolve()


def lost_landings(home: Path, lines: int) -> str:
    """Say of a ledger of deliveries that it has fewer lines than it had; else nothing."""
    record = _read(home / "home.json")
    known = int(record["landings"]) if record is not None else 0
    return f"deliveries.csv has {lines} lines and had {known}" if lines < known else ""


def _keys_of_cuts(home: Path) -> Iterator[tuple[Path, str]]:
    """Give the fingerprints of the keys with which cuts were made, and where."""
    for manifest in sorted(home.glob(f"studies/*/cuts/*/{MANIFEST}")):
        try:
            yield manifest, str(json.loads(manifest.read_text(encoding="utf-8"))["key"])
        except (OSError, ValueError, KeyError, TypeError):
            # damaged, or of an earlier version: cuts are checked elsewhere
            continue


def _read(about: Path) -> dict[str, str | int] | None:
    if not about.exists():
        return None
    try:
        record = json.loads(about.read_text(encoding="utf-8"))
        return {
            "version": int(record["version"]),
            "key": str(record["key"]),
            # a home of before does not say it
            "landings": int(record.get("landings", 0)),
            "landing": str(record.get("landing", "")),
        }
    except (ValueError, KeyError, TypeError):
        raise HomeError(f"{about} is damaged; restore it from your backup (il6 restore)") from None


def _is_in_use(home: Path) -> bool:
    """Say whether a home holds what was made with a key."""
    kept = (
        "deliveries.csv",
        "deliveries/*",
        "studies/*/cuts/*",
        "studies/*/released/*",
        "studies/*/patients/*",
        "forgotten.csv",
        "registry.duckdb",
    )
    return any(any(home.glob(name)) for name in kept)


def write_manifest(cut: Path, key: str = "") -> None:
    """Write down the hashes of a cut's files, and the fingerprint of the home's key."""
    hashes = {
        path.relative_to(cut).as_posix(): digest_of_file(path)
        for path in sorted(cut.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    about = {"files": hashes} | ({"key": key} if key else {})
    write_whole(cut / MANIFEST, json.dumps(about, indent=1), mode=0o600)


def damages(cut: Path) -> Iterator[str]:
    """Say of a published cut which of its files are missing, foreign or not what was published."""
    try:
        files = dict(json.loads((cut / MANIFEST).read_text(encoding="utf-8"))["files"])
    except OSError:
        yield f"{cut.name}: {MANIFEST} is missing"
        return
    except (ValueError, KeyError, TypeError):
        yield f"{cut.name}: {MANIFEST} is damaged"
        return
    folders = {folder.as_posix() for name in files for folder in Path(name).parents}
    for path in sorted(cut.rglob("*")):
        name = path.relative_to(cut).as_posix()
        is_folder = path.is_dir() and not path.is_symlink()
        if name != MANIFEST and name not in (folders if is_folder else files):
            yield f"{cut.name}: {name} was not published with it"
    for name, digest in files.items():
        path = cut / name
        if not path.is_file():
            yield f"{cut.name}: {name} is missing"
        elif digest_of_file(path) != digest:
            yield f"{cut.name}: {name} is damaged"


def is_whole(cut: Path, name: str) -> bool:
    """Say whether one file of a cut is there as it was published, whatever became of the others."""
    try:
        files = dict(json.loads((cut / MANIFEST).read_text(encoding="utf-8"))["files"])
        return digest_of_file(cut / name) == files.get(name)
    except (OSError, ValueError, KeyError, TypeError):
        return False
