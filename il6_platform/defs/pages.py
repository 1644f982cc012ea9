"""What the web server of the UI shows beside Dagster's own pages: reports, figures, data quality.

    /published/<study>/report.html              the page of the published cut
    /published/<study>/figures/<analysis>.svg   the figure of an analysis, drawn from that cut
    /published/quality.html                     the data manager's page

Dagster shows a picture without a click only where it has an address of its own: Markdown is folded
from 1,000 characters on (`MetadataEntry.tsx`), and a picture in it is longer.

Belongs here: what is sent, and with which headers. Does not belong here: who may ask (`web`), where
it stands (`addresses`). The worklist is not sent: it names patients.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from il6_platform import paths
from il6_platform.analysis.spec import analyses
from il6_platform.defs.addresses import IN_METADATA, PLACE, QUALITY_ADDRESS
from il6_platform.errors import UsageError
from il6_platform.validation import quality_page
from il6_platform.warehouse.home import Site
from il6_platform.warehouse.integrity import default_landing

HEADERS = {
    # the page's own script runs, for itself alone: it reaches neither Dagster nor any other host
    "Content-Security-Policy": "sandbox allow-scripts allow-downloads allow-popups; "
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

WIDTH = 520
"""Of a figure that has to fit the metadata of a window of 1,440 pixels."""

_drawing = threading.Lock()


def _site() -> Site:
    home = paths.default_home()
    return Site(home=str(home), landing=str(default_landing(home)))


def _study(request: Request) -> Site | None:
    """Return the installation with the study that is asked for, if something of it is published."""
    try:
        found = _site().of_study(request.path_params["study"])
    except UsageError:
        return None
    return found if found.published_database() is not None else None


def _nothing(words: str) -> Response:
    return PlainTextResponse(words, status_code=404, headers=HEADERS)


def report(request: Request) -> Response:
    """Send the published page of a study."""
    study = _study(request)
    if study is None:
        return _nothing("Nothing of such a study is published: see il6 studies")
    return FileResponse(study.published_path.resolve() / "report.html", headers=HEADERS)


def figure(request: Request) -> Response:
    """Send the figure of an analysis of the published cut."""
    study, name = _study(request), request.path_params["analysis"]
    if study is None or name not in analyses() or analyses()[name].spec.figure is None:
        return _nothing("There is no such figure.")
    database = study.published_database()
    assert database is not None
    with _drawing:
        drawn = _drawn(database, name)
    if request.url.query == IN_METADATA:
        drawn = re.sub(r' width="[^"]*" height="[^"]*"', f' width="{WIDTH}"', drawn, count=1)
    return Response(drawn, media_type="image/svg+xml", headers=HEADERS)


@lru_cache(maxsize=64)
def _drawn(database: Path, name: str) -> str:
    """Draw an analysis' figure from the rows that a cut publishes; a cut is never written again."""
    from il6_platform.figures import of_study
    from il6_platform.figures.style import marked, svg
    from il6_platform.report.reader import read_cut
    from il6_platform.report.synthetic_flag import SYNTHETIC

    cut = read_cut(database)
    rows, curves = (
        table[table["analysis"] == name] for table in (cut.results, cut.tables["curves"])
    )
    drawn = getattr(of_study, str(analyses()[name].spec.figure))(rows, curves, cut.study)
    return svg(marked(drawn, SYNTHETIC) if cut.is_synthetic else drawn, name)


def quality(_: Request) -> Response:
    """Send the data quality page: counts, no rows of patients."""
    page = _site().home_path / quality_page.NAME
    if not page.exists():
        return _nothing("Nothing was judged yet: il6 refresh")
    return FileResponse(page, headers=HEADERS)


def worklist(_: Request) -> Response:
    """Say where the worklist is."""
    return _nothing("The worklist names patients and stays in the home: il6 open worklist")


ROUTES = [
    Route(QUALITY_ADDRESS, quality),
    Route(f"{PLACE}/worklist.xlsx", worklist),
    Route(f"{PLACE}/{{study}}/report.html", report),
    Route(f"{PLACE}/{{study}}/figures/{{analysis}}.svg", figure),
]
"""To be put before the server's own: these take every address."""
