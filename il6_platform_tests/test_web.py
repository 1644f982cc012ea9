"""The web server answers its own pages alone, and changes nothing by GET."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from il6_platform.cli import ui
from il6_platform.defs.instance import prepare_instance

OWN = "127.0.0.1:3000"


def answer(_: Request) -> PlainTextResponse:
    return PlainTextResponse("answered")


def status(method: str, path: str, query: str = "", *, host: str = OWN, origin: str = "") -> int:
    """Ask a server that answers everything but what the guard refuses."""
    # here, not at the top: Dagster's web server is a second of imports in each process of tests
    from il6_platform.defs.web import guards

    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=guards())
    headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin else [])
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    scope |= {"query_string": query.encode(), "scheme": "http", "server": ("127.0.0.1", 3000)}
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(app(scope, receive, send))
    return int(said[0]["status"])


def test_what_its_own_pages_ask_is_answered() -> None:
    assert status("GET", "/runs") == 200
    assert status("GET", "/graphql") == 200
    assert status("POST", "/graphql", origin=f"http://{OWN}") == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "169.254.1.1:3000"])
def test_a_foreign_host_is_refused(host: str) -> None:
    assert status("GET", "/runs", host=host) == 400


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:4000"])
def test_a_foreign_page_is_refused(origin: str) -> None:
    assert status("POST", "/graphql", origin=origin) == 403


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "/prefix/graphql"])
def test_nothing_is_asked_in_an_address(path: str) -> None:
    assert status("GET", path, "query=mutation%20%7B%20launch%20%7D") == 405


def test_a_proxy_has_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IL6_UI_HOSTS", "il6.hospital.example")
    assert status("GET", "/runs", host="il6.hospital.example") == 200


def test_the_processes_of_the_ui_end_with_it_willing_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ui, "GRACE_TENTHS", 3)
    # a server that does not listen, and a child that it left behind
    server = subprocess.Popen(
        ["sh", "-c", "trap '' TERM; (trap '' TERM; while :; do sleep 0.1; done) & wait; sleep 60"],
        start_new_session=True,
    )
    time.sleep(0.3)
    assert len(running(server.pid)) > 1
    ui._end(server)
    time.sleep(0.2)
    assert not running(server.pid)


@pytest.mark.parametrize("of_sigterm", ["SIG_DFL", "SIG_IGN"])
def test_the_processes_of_the_ui_end_where_it_is_killed(of_sigterm: str) -> None:
    begin = (
        "import signal, subprocess, time\n"
        f"signal.signal(signal.SIGTERM, signal.{of_sigterm})\n"
        "from il6_platform.cli.ui import _end_with_parent\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True, "
        "preexec_fn=_end_with_parent)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", begin], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    group = int(parent.stdout.readline())
    assert running(group) == [f"{group} (sleep"]
    parent.kill()
    parent.wait()
    until = time.monotonic() + 60
    while running(group) and time.monotonic() < until:
        time.sleep(0.1)
    assert not running(group)


def running(group: int) -> list[str]:
    """Return the processes of a group that do anything; who is dead may wait to be buried."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(") ")
        except OSError:
            continue
        state, _, its_group, *_ = rest.split()
        if int(its_group) == group and state != "Z":
            found.append(name)
    return found


def test_a_first_start_makes_dagsters_databases_before_its_processes_do(tmp_path: Path) -> None:
    folder = prepare_instance(tmp_path / "home")
    ui._make_storage(folder)
    made = {path.name: path.stat().st_ino for path in folder.rglob("*.db")}
    assert made.keys() == {"runs.db", "schedules.db", "event_log.db"}
    ui._make_storage(folder)
    assert made == {path.name: path.stat().st_ino for path in folder.rglob("*.db")}
