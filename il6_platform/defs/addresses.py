"""Where the web server of the UI shows what is published: a run's metadata lead there.

Belongs here: addresses, so that a refresh need not import a web server to name one. Does not belong
here: what is sent (`pages`).
"""

from __future__ import annotations

from il6_platform.validation import quality_page

PLACE = "/published"
"""Under which all of it stands."""

QUALITY_ADDRESS = f"{PLACE}/{quality_page.NAME}"
"""Where the server shows the data quality page."""

IN_METADATA = "in=metadata"
"""What an address ends in where the figure has to fit the metadata of a run."""


def report_address(study: str) -> str:
    """Return where the server shows a study's published page."""
    return f"{PLACE}/{study}/report.html"


def figure_address(study: str, analysis: str) -> str:
    """Return where the server shows the figure of an analysis."""
    return f"{PLACE}/{study}/figures/{analysis}.svg"
