"""A living clinical-biomarker study: registry exports in, a published survival analysis out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform.settings import prepare_libraries

if TYPE_CHECKING:
    from il6_platform.notebook import Home

__all__ = ["open_home"]

# before numpy is first imported
prepare_libraries()


def open_home(folder: str | Path | None = None) -> Home:
    """Open a home to read it: results, curves, cohort, figures, an analysis asked otherwise.

    Parameters
    ----------
    folder
        IL6_HOME; the environment's by default.

    Raises
    ------
    UsageError
        Where the folder is no home.

    Examples
    --------
    `open_home("/srv/il6").study().table("headline")`
    """
    from il6_platform import paths
    from il6_platform.notebook import Home

    return Home(Path(folder) if folder is not None else paths.default_home())
