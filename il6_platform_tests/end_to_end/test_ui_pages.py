"""What the UI's web server shows beside Dagster's pages: published things, and no patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, DagsterInstance
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Match

from il6_platform.analysis.spec import analyses
from il6_platform.defs import addresses, pages
from il6_platform_tests.end_to_end.conftest import Installation

STUDY = "il6_bevacizumab"


@pytest.fixture
def home(demo: Installation, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IL6_HOME", str(demo.home))
    return demo.home


def asked(path: str) -> tuple[int, Headers, bytes]:
    """Return status, headers and content of what the server sends."""
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "headers": []}
    for route in pages.ROUTES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            sent = route.endpoint(Request({**scope, **found}))
            content = Path(sent.path).read_bytes() if isinstance(sent, FileResponse) else sent.body
            return sent.status_code, sent.headers, content
    return 404, Headers(), b""


def test_the_published_page_is_sent_as_it_is_and_reaches_nothing_else(home: Path) -> None:
    status, headers, content = asked(addresses.report_address(STUDY))
    assert status == 200
    assert content == (home / "published" / "report.html").read_bytes()
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox ") and "allow-same-origin" not in policy
    assert "default-src 'none'" in policy and "connect-src" not in policy


def test_the_figure_of_every_analysis_has_an_address(home: Path) -> None:
    """The metadata of a run is short enough that Dagster shows it without a click."""
    drawn = [name for name, one in analyses().items() if one.spec.figure is not None]
    assert len(drawn) > 10
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        for name in drawn:
            event = instance.get_latest_materialization_event(AssetKey(["analysis", name]))
            assert event is not None and event.asset_materialization is not None
            shown = event.asset_materialization.metadata["figure of the published cut"]
            assert len(str(shown.value)) < 1000
            assert addresses.figure_address(STUDY, name) in str(shown.value)
    for name in ("survival", "cox", "literature"):
        status, headers, content = asked(addresses.figure_address(STUDY, name))
        assert (status, headers["content-type"]) == (200, "image/svg+xml")
        assert b"<svg" in content and b"ynthetic" in content


def test_the_quality_page_is_sent_and_the_worklist_is_not(home: Path) -> None:
    status, _, content = asked(addresses.QUALITY_ADDRESS)
    assert (status, content) == (200, (home / "quality.html").read_bytes())
    status, _, content = asked(f"{addresses.PLACE}/worklist.xlsx")
    assert status == 404 and b"il6 open worklist" in content


@pytest.mark.parametrize(
    "path",
    [
        "/published/nobody/report.html",
        "/published/../report.html",
        "/published/..%2f..%2fregistry/report.html",
        f"/published/{STUDY}/figures/nothing.svg",
        f"/published/{STUDY}/figures/missing_module.svg",
        f"/published/{STUDY}/figures/..%2freport.svg",
        f"/published/{STUDY}/working.duckdb",
        "/published/pseudonym.key",
    ],
)
def test_nothing_else_is_sent(home: Path, path: str) -> None:
    status, _, content = asked(path)
    assert status == 404 and len(content) < 200


def test_runs_of_the_command_line_count_among_their_jobs(home: Path) -> None:
    with DagsterInstance.from_config(str(home / "dagster")) as instance:
        runs = instance.get_runs()
    assert runs and {run.tags[".dagster/repository"] for run in runs} == {
        "__repository__@il6_platform.definitions"
    }
    # the timeline shows runs that say so in themselves
    assert {
        (origin.repository_origin.get_label(), origin.job_name)
        for run in runs
        if (origin := run.remote_job_origin)
    } == {("__repository__@il6_platform.definitions", run.job_name) for run in runs}
