"""The web server answers its own pages alone, and changes nothing by GET."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from il6_platform.defs.web import guards

OWN = "127.0.0.1:3000"


def answer(_: Request) -> PlainTextResponse:
    return PlainTextResponse("answered")


def status(method: str, path: str, query: str = "", *, host: str = OWN, origin: str = "") -> int:
    """Ask a server that answers everything but what the guard refuses."""
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
