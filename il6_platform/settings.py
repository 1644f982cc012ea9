"""The environment: every IL6_* variable, typed. No other module reads or sets variables.

Belongs here: names, types and defaults of the variables, and what other libraries must find in the
environment before they are imported. Does not belong here: what a study or a registry chooses;
these are files.

Only the standard library is imported, so that `il6 --help` need not wait.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from il6_platform.errors import UsageError

POSTGRESQL = "postgresql+psycopg2://"


@dataclass(frozen=True, slots=True)
class Settings:
    """The installation's settings.

    Attributes
    ----------
    home, landing, study
        IL6_HOME, IL6_LANDING, IL6_STUDY: folder of the installation, folder in which exports are
        dropped, study file. None: the default of `paths`.
    schedule
        IL6_SCHEDULE: cron line of the nightly refresh instead of the study file's.
    sensor_seconds
        IL6_SENSOR_SECONDS: seconds between two looks at the landing folder.
    alert_webhook, alert_email, alert_from, smtp
        IL6_ALERT_WEBHOOK, IL6_ALERT_EMAIL, IL6_ALERT_FROM, IL6_SMTP (host:port): where alerts go.
    dagster_database
        IL6_DAGSTER_DATABASE: address of a PostgreSQL database for Dagster's storage
        (postgresql+psycopg2://user@host/name); None: files in the home.
    ui_hosts
        IL6_UI_HOSTS: names under which a reverse proxy hands requests on to `il6 ui`, by commas.
    workers
        IL6_WORKERS: other processes that a refresh works with, three at most; None: one a spare
        core.
    cluster, cluster_ca, cluster_cert, cluster_key
        IL6_CLUSTER: address of a Dask scheduler (tls://host:8786) whose workers take the place of
        other processes; IL6_CLUSTER_CA, IL6_CLUSTER_CERT, IL6_CLUSTER_KEY: its certificates.
    debug
        IL6_DEBUG: 1 shows the traceback of an unforeseen error.
    """

    home: Path | None = None
    landing: Path | None = None
    study: Path | None = None
    schedule: str | None = None
    sensor_seconds: int = 15
    alert_webhook: str | None = None
    alert_email: str | None = None
    alert_from: str | None = None
    smtp: str = "localhost:25"
    dagster_database: str | None = None
    ui_hosts: tuple[str, ...] = ()
    workers: int | None = None
    cluster: str | None = None
    cluster_ca: Path | None = None
    cluster_cert: Path | None = None
    cluster_key: Path | None = None
    debug: bool = False


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    UsageError
        Where a variable has a value that cannot be; the message names it.

    Examples
    --------
    >>> read_settings({"IL6_SENSOR_SECONDS": "60"}).sensor_seconds
    60
    """
    given = os.environ if environment is None else environment

    def text(name: str) -> str | None:
        return given.get(f"IL6_{name}") or None

    def path(name: str) -> Path | None:
        value = text(name)
        return Path(value) if value else None

    seconds = text("SENSOR_SECONDS") or "15"
    if not seconds.isdecimal() or int(seconds) == 0:
        raise UsageError(f"IL6_SENSOR_SECONDS is {seconds!r}; write a whole number of seconds")
    workers = text("WORKERS")
    if workers is not None and not workers.isdecimal():
        raise UsageError(f"IL6_WORKERS is {workers!r}; write a whole number, 0 for none")
    database = text("DAGSTER_DATABASE")
    # without its driver another one is taken, by which Dagster's storage fails at its first event
    if database is not None and not database.startswith(POSTGRESQL):
        raise UsageError(f"IL6_DAGSTER_DATABASE does not begin with {POSTGRESQL}")
    return Settings(
        home=path("HOME"),
        landing=path("LANDING"),
        study=path("STUDY"),
        schedule=text("SCHEDULE"),
        sensor_seconds=int(seconds),
        alert_webhook=text("ALERT_WEBHOOK"),
        alert_email=text("ALERT_EMAIL"),
        alert_from=text("ALERT_FROM"),
        smtp=text("SMTP") or "localhost:25",
        dagster_database=database,
        ui_hosts=tuple(one.strip() for one in (text("UI_HOSTS") or "").split(",") if one.strip()),
        workers=None if workers is None else int(workers),
        cluster=text("CLUSTER"),
        cluster_ca=path("CLUSTER_CA"),
        cluster_cert=path("CLUSTER_CERT"),
        cluster_key=path("CLUSTER_KEY"),
        debug=text("DEBUG") == "1",
    )


def is_debugging() -> bool:
    """Say whether tracebacks are wanted, whatever else the environment says."""
    return os.environ.get("IL6_DEBUG") == "1"


def secret(name: str) -> str | None:
    """Return a secret that a connector's settings name by its environment variable."""
    return os.environ.get(name) or None


def child_environment(**values: str) -> dict[str, str]:
    """Return the environment for a child process: this one's, and the given variables."""
    return {**os.environ, **values}


def set_dagster_home(folder: Path) -> None:
    """Tell Dagster where its storage is."""
    os.environ["DAGSTER_HOME"] = str(folder)


def prepare_libraries() -> None:
    """Set what libraries read while they are imported: one thread, nothing reported elsewhere.

    Matrices are small here: more threads would only wait for each other, and would sum in another
    order on a machine with more cores.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # to look for plugins, it would read what every installed package says of itself
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
