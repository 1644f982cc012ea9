"""A backup of what cannot be made again: key, deliveries, files of choices, ledgers, cuts.

    TO/objects/<sha256>        every file once, by the SHA-256 of its bytes
    TO/snapshots/<time>.json   the files of the home at that time: path -> SHA-256, mode, links

Databases and Dagster's storage are caches and history of runs: a refresh makes them again. A second
backup into the same folder adds only what is new. Belongs here: copying there and back, and
checking what is copied. Does not belong here: which of it is damaged (`integrity`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from il6_platform.errors import PlatformError, UsageError
from il6_platform.files import make_folder, sync_folder, sync_tree, write_whole
from il6_platform.publishing.verification import verify
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import open_key

KEPT = (
    *("home.json", "pseudonym.key", "registry.yaml", "merged_patients.csv", "forgotten.csv"),
    *("deliveries.csv", "answers.csv", "struck_patients.csv", "erased_deliveries.csv"),
    *("worklist.xlsx", "quality.html", "last_refresh.json", "profiles"),
    # what a ledger says must be in what it is about, which may have grown meanwhile
    *("log.head", "log"),
    *("deliveries", "studies", "published"),
)
"""What of a home is kept; what lies in `deliveries` never changes but by erasure."""


def backup(home: Path, to: Path) -> Path:
    """Back a home up; return the snapshot.

    A refresh may run meanwhile: cuts and deliveries are never changed once they are there, and the
    ledgers, which name them, are read first.

    Raises
    ------
    HomeError
        Where the home's key is not its own.
    PlatformError
        Where a kept delivery, a cut or a release is damaged or gone: such a home must not replace
        a good backup.
    """
    faults = verify(Site(home=str(home), landing=str(home)), reads_databases=False).faults
    if faults:
        raise PlatformError(
            f"not backed up, since the home is damaged: {faults[0]}; il6 verify lists all, "
            "il6 refresh --force builds what is published anew"
        )
    objects, snapshots = to / "objects", to / "snapshots"
    for folder in (objects, snapshots):
        make_folder(folder)
    files: dict[str, dict[str, str | int]] = {}
    for path in _kept(home):
        name = path.relative_to(home).as_posix()
        if path.is_symlink():
            files[name] = {"link": os.readlink(path)}
            continue
        try:
            content, mode = path.read_bytes(), path.stat().st_mode
        except FileNotFoundError:
            # a file that was being replaced
            continue
        digest = hashlib.sha256(content).hexdigest()
        place = objects / digest
        if not place.exists() or place.stat().st_size != len(content):
            write_whole(place, content)
        files[name] = {"sha256": digest, "mode": mode & 0o777}
    sync_folder(objects)
    snapshot = snapshots / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.json"
    write_whole(snapshot, json.dumps({"files": files}, indent=1))
    return snapshot


def restore(home: Path, source: Path) -> int:
    """Write the last snapshot of a backup into a home that is empty; return the files written.

    Raises
    ------
    UsageError
        Where there is no backup, or the home holds something.
    PlatformError
        Where the backup is damaged; nothing was written.
    """
    snapshots = sorted((source / "snapshots").glob("*.json"))
    if not snapshots:
        raise UsageError(f"{source} holds no backup (il6 backup --to makes one)")
    if home.exists() and any(home.iterdir()):
        raise UsageError(f"{home} is not empty; name a new folder with --home")
    files = json.loads(snapshots[-1].read_text(encoding="utf-8"))["files"]
    wrong = [
        name
        for name, about in files.items()
        if "sha256" in about and not _is_whole(source / "objects" / about["sha256"])
    ]
    if wrong:
        raise PlatformError(f"the backup is damaged: {', '.join(wrong[:3])}; use another one")
    # beside, then renamed: a home is there as a whole or not at all
    beside = home.with_name(f".{home.name}.restoring")
    shutil.rmtree(beside, ignore_errors=True)
    make_folder(beside)
    for name, about in files.items():
        place = beside / name
        make_folder(place.parent)
        if "link" in about:
            place.symlink_to(about["link"])
        else:
            content = (source / "objects" / about["sha256"]).read_bytes()
            write_whole(place, content, mode=int(about["mode"]))
    open_key(beside)
    sync_tree(beside)
    if home.exists():
        home.rmdir()
    os.replace(beside, home)
    sync_folder(home.parent)
    return len(files)


def _is_whole(path: Path) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def _kept(home: Path) -> Iterator[Path]:
    """Give the files that are kept, ledgers before what they name."""
    for name in KEPT:
        top = home / name
        if top.is_file() or top.is_symlink():
            yield top
        elif top.is_dir():
            for folder, folders, files in os.walk(top):
                here = Path(folder)
                links = [one for one in folders if (here / one).is_symlink()]
                folders[:] = sorted(one for one in folders if one[0] != "." and one not in links)
                for file in sorted([*files, *links]):
                    is_cache = file.startswith(("working.", "refresh.", "release.lock", "."))
                    if not is_cache:
                        yield here / file
