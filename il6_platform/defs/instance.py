"""Dagster's own folder in a home: its storage and the settings of its instance."""

from __future__ import annotations

from pathlib import Path

import yaml

from il6_platform import paths


def prepare_instance(home: Path) -> Path:
    """Make Dagster's own folder in IL6_HOME, with the shipped settings; return it."""
    folder = home / "dagster"
    # the mode is of the last folder only: one after the other
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    shipped = (paths.project_root() / "dagster.yaml").read_text(encoding="utf-8")
    # one database for all runs' events: a file a run would hold each asset event a second time
    event_log = {
        "module": "il6_platform.dagster_storage",
        "class": "EventLog",
        "config": {"base_dir": str(folder)},
    }
    settings = shipped + yaml.safe_dump({"event_log_storage": event_log})
    (folder / "dagster.yaml").touch(mode=0o600)
    (folder / "dagster.yaml").write_text(settings, encoding="utf-8")
    return folder
