"""Refreshes on a disk that is full, then read-only, then large enough; a JSON line of each.

    unshare --mount python -m il6_platform_tests.end_to_end.disk DISK LANDING STUDY

DISK holds `home`; a file system in memory of a limited size takes its place, in this process'
view alone. Belongs here: what needs a process of its own. Does not belong here: what must come of
it (`test_disk`).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from il6_platform import cli
from il6_platform.warehouse.integrity import damages

SPARE = [int(one) for one in os.environ.get("IL6_TEST_SPARE_KB", "0,400,6000").split(",")]
"""Kilobytes that are free when a refresh begins."""


def mount(*options: str) -> None:
    subprocess.run(["mount", *options], check=True)


def main() -> None:
    """Refresh on each disk."""
    disk, landing, study = map(Path, sys.argv[1:])
    home = disk / "home"
    with tempfile.TemporaryDirectory() as aside:
        shutil.copytree(home, Path(aside, "home"), symlinks=True)
        mount("-t", "tmpfs", "-o", "size=1g,mode=0700", "none", str(disk))
        shutil.copytree(Path(aside, "home"), home, symlinks=True)

    def refresh(name: str, *how: str) -> None:
        # no size is smaller than what is there
        mount("-o", ",".join(["remount", *how]), str(disk))
        said = io.StringIO()
        options = ["--home", str(home), "--landing", str(landing), "--study", str(study)]
        with contextlib.redirect_stderr(said):
            status = cli.main(["refresh", *options])
        cut = (home / "published").resolve(strict=True)
        faults, reason = [*damages(cut)], said.getvalue().strip().splitlines()[-1]
        about = {"name": name, "status": status, "reason": reason, "cut": cut.name}
        print(json.dumps(about | {"faults": faults, "said": said.getvalue()}), flush=True)

    for spare in SPARE:
        about = os.statvfs(disk)
        used = (about.f_blocks - about.f_bfree) * about.f_frsize
        refresh(f"{spare} KB free", f"size={used + spare * 1024}")
    refresh("read-only", "ro")
    refresh("enough", "rw", "size=1g")
    print(json.dumps({"name": "verify", "status": cli.main(["verify", "--home", str(home)])}))


if __name__ == "__main__":
    main()
