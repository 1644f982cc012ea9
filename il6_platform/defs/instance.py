"""Dagster's own folder in a home, and where Dagster keeps what it knows of runs.

Belongs here: the settings of its instance. Does not belong here: which address a database has; the
environment says it (`settings`), and no file of the home holds it.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from il6_platform import paths
from il6_platform.errors import UsageError
from il6_platform.files import write_whole
from il6_platform.settings import read_settings


def prepare_instance(home: Path) -> Path:
    """Make Dagster's own folder in IL6_HOME, with the shipped settings; return it.

    Raises
    ------
    UsageError
        Where `IL6_DAGSTER_DATABASE` names a database and the package that speaks to it is missing.
    """
    folder = home / "dagster"
    # the mode is of the last folder only: one after the other
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    shipped = (paths.project_root() / "dagster.yaml").read_text(encoding="utf-8")
    write_whole(folder / "dagster.yaml", shipped + yaml.safe_dump(_storage(folder)))
    return folder


def _storage(folder: Path) -> dict[str, Any]:
    if read_settings().dagster_database is not None:
        if find_spec("dagster_postgres") is None:
            raise UsageError(
                "IL6_DAGSTER_DATABASE is set, but the package for PostgreSQL is missing: "
                "pip install 'il6-platform[postgres]'"
            )
        # by name: it may hold a password
        return {"storage": {"postgres": {"postgres_url": {"env": "IL6_DAGSTER_DATABASE"}}}}
    # one database for all runs' events: a file a run would hold each asset event a second time
    event_log = {
        "module": "il6_platform.dagster_storage",
        "class": "EventLog",
        "config": {"base_dir": str(folder)},
    }
    return {"event_log_storage": event_log}
