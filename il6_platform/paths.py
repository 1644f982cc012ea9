"""Where the files beside the package are: SQL, data, the instance's settings.

They lie at the top of a checkout and inside the package once it is installed from a wheel; this is
the one place that knows.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from il6_platform.settings import read_settings

PACKAGE = Path(__file__).resolve().parent


def project_root() -> Path:
    """Return the folder that holds `sql/`, `data/` and `workspace.yaml`."""
    packaged = PACKAGE / "_project"
    return packaged if packaged.is_dir() else PACKAGE.parent


def sql_file(table: str) -> Path:
    """Return the SQL file of a table: `staging.labs` is made by `sql/staging/labs.sql`."""
    return project_root().joinpath("sql", *table.split(".")).with_suffix(".sql")


def demo_landing() -> Path:
    """Return the landing folder of the embedded (synthetic) registry."""
    return project_root() / "data" / "demo"


def default_study() -> Path:
    """Return the study file of a home that holds none (`IL6_STUDY`, else the shipped one)."""
    shipped = project_root() / "data" / "studies" / "il6_bevacizumab.yaml"
    return (read_settings().study or shipped).resolve()


def default_home() -> Path:
    """Return the folder of working database, published cuts and Dagster's storage (`IL6_HOME`)."""
    return (read_settings().home or project_root() / ".il6").resolve()


def profile_folders(home: Path) -> tuple[Path, Path]:
    """Return the folders of registry profiles: a site's own, then the shipped ones."""
    return home / "profiles", project_root() / "data" / "profiles"


COMPUTES = (
    *("registry", "validation", "warehouse", "cohort", "statistics", "analysis", "figures"),
    *("report", "publishing", "privacy", "study.py", "endpoints.py", "registry_file.py"),
    *("expressions.py", "time_units.py", "translation.py"),
)
"""What of the package can move a number, a figure or a sentence of a published cut."""

DICTIONARIES = (
    *("literature.csv", "units.csv", "names.csv", "drugs.csv"),
    *("vocabulary.yaml", "endpoints.yaml"),
)
"""Files of `data/` that can move a number."""


@cache
def code_version() -> str:
    """Return a short hash of all code, SQL and dictionaries that compute what is published.

    The command line, Dagster's wiring and the documentation change no cut.
    """
    digest = hashlib.sha256()
    sources = [
        path
        for name in COMPUTES
        for path in ([PACKAGE / name] if name.endswith(".py") else (PACKAGE / name).rglob("*.*"))
        if path.suffix in (".py", ".j2", ".css", ".js")
    ]
    sources += (project_root() / "sql").rglob("*.sql")
    sources += [project_root() / "data" / name for name in DICTIONARIES]
    sources += (project_root() / "data" / "locale").glob("*.po")
    sources = [path for path in sources if path.exists()]
    for path in sorted(sources, key=lambda source: (source.suffix, source.parts[-3:])):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
