"""Files that survive a power cut: written beside, synchronised, then renamed into place.

Belongs here: writing, linking and hashing files. Does not belong here: what is in them.
"""

from __future__ import annotations

import contextlib
import csv
import fcntl
import fnmatch
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from il6_platform.errors import PlatformError, UsageError


def write_whole(path: Path, content: bytes | str, mode: int = 0o600) -> None:
    """Write a file so that a reader sees the old content or the new, also after a power cut.

    Of several processes that write it at once the last one's content stays.
    """
    fresh = path.with_name(f".{path.name}.new")
    with open_alone(fresh, mode) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)
        stream.flush()
        os.fsync(stream.fileno())
        os.replace(fresh, path)
    sync_folder(path.parent)


def open_alone(path: Path, mode: int = 0o600, *, waits: bool = True) -> BinaryIO:
    """Open a file that no other process has opened so, empty; made where there is none.

    Raises
    ------
    BlockingIOError
        Where another process has, and `waits` is false.
    """
    how = fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB)
    while True:
        stream = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, mode), "wb")
        try:
            fcntl.flock(stream, how)
            with contextlib.suppress(FileNotFoundError):
                # the process that was waited for may have renamed or removed it meanwhile
                if os.path.samestat(os.fstat(stream.fileno()), os.stat(path)):
                    stream.truncate(0)
                    return stream
        except BaseException:
            stream.close()
            raise
        stream.close()


def listed(folder: Path, pattern: str = "*") -> list[Path]:
    """Return what a folder holds, by name; nothing where there is no such folder.

    Raises
    ------
    UsageError
        Where it may not be read: `Path.glob` would say that it holds nothing.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UsageError(
            f"the folder {folder} cannot be read ({error.strerror}); give the platform's account "
            "the right to read it"
        ) from None
    return sorted(folder / name for name in fnmatch.filter(names, pattern))


def read_rows(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Read a ledger of the home (CSV), or nothing where there is none.

    Raises
    ------
    PlatformError
        Where it is no table or lacks one of the columns.
    """
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows, known = list(reader), set(reader.fieldnames or ())
    except (UnicodeDecodeError, csv.Error):
        rows, known = [], set()
    # of a line that was cut short fields are missing
    is_whole = all(None not in row and None not in row.values() for row in rows)
    if not known.issuperset(columns) or not is_whole:
        raise PlatformError(f"{path} is damaged; restore it from your backup (il6 restore)")
    return rows


def put_whole(fresh: Path, path: Path, mode: int = 0o600) -> None:
    """Put a file that a library wrote beside into its place, as `write_whole` does."""
    fresh.chmod(mode)
    sync_file(fresh)
    os.replace(fresh, path)
    sync_folder(path.parent)


def make_folder(folder: Path, mode: int = 0o700) -> Path:
    """Make a folder, and those above it, so that they are there after a power cut; return it."""
    if not folder.is_dir():
        make_folder(folder.parent, mode)
        folder.mkdir(mode=mode, exist_ok=True)
        sync_folder(folder.parent)
    return folder


def replace_link(link: Path, target: Path) -> None:
    """Point a symbolic link at another folder in one step."""
    fresh, copy = (link.with_name(f".{link.name}.{what}") for what in ("new", "copy"))
    link.parent.stat()
    while True:
        # another process may do the same at this moment
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(target, target_is_directory=True)
            if link.is_dir() and not link.is_symlink():
                # a copy of a home by a tool that follows links has a folder in its place
                shutil.rmtree(copy, ignore_errors=True)
                os.replace(link, copy)
            os.replace(fresh, link)
            break
    sync_folder(link.parent)
    shutil.rmtree(copy, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Have a folder's entries written; a file system that cannot do it is left alone."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sync_tree(folder: Path) -> None:
    """Have all files of a folder written, then the folders."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            sync_folder(path)
        elif not path.is_symlink():
            sync_file(path)
    sync_folder(folder)


def sync_file(path: Path) -> None:
    """Have a file's content written."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
