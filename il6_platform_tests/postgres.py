"""A PostgreSQL server for as long as a test lasts, of the machine's own package."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ACCOUNT = "postgres"
"""Who runs the server where the tests are run by root, which PostgreSQL refuses."""


def program(name: str) -> str | None:
    """Return where a program of the server is; Debian keeps them out of the path."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(there[-1]) if there else shutil.which(name)


@contextmanager
def server() -> Iterator[str]:
    """Start a server that listens on a socket of its own; give its address.

    Where there is none the test is skipped.
    """
    initdb, control = program("initdb"), program("pg_ctl")
    if initdb is None or control is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    is_root = os.getuid() == 0
    account = ACCOUNT if is_root else getpass.getuser()
    who = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []} if is_root else {}
    # the account of the server cannot enter the folder of a test
    folder = Path(tempfile.mkdtemp(prefix="il6-postgres-"))
    if is_root:
        shutil.chown(folder, ACCOUNT, ACCOUNT)
    data = str(folder / "data")

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, **who)  # type: ignore[call-overload]

    try:
        run(initdb, "-D", data, "-A", "trust", "-U", account, "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses= -c fsync=off -k {folder}"
        run(control, "-D", data, "-l", str(folder / "log"), "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg2://{account}@/postgres?host={folder}"
        finally:
            run(control, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
