"""Dagster's web server behind a guard: for its own hosts alone, and nothing is changed by GET.

Dagster's server answers any Host header and runs mutations that come by GET or from a foreign page.
A page that somebody reads in the same browser could launch runs by that.

Belongs here: the guard, and starting the server with it (`python -m il6_platform.defs.web`). Does
not belong here: what it shows beside Dagster's pages (`pages`); who may log in: that is a reverse
proxy's (`docs/operations.md`).
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from il6_platform.defs import pages
from il6_platform.settings import read_settings

OWN_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class SameOrigin:
    """Refuse what a foreign page asks for, and queries in the address of a page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 or 405, or hand on."""
        if scope["type"] in ("http", "websocket"):
            refused = refusal(
                str(scope.get("method", "GET")),
                str(scope["path"]),
                scope.get("query_string", b"").decode("latin-1"),
                {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]},
            )
            if refused is not None:
                status, words = refused
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008, "reason": words})
                    return
                await PlainTextResponse(words, status_code=status)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def refusal(method: str, path: str, query: str, headers: dict[str, str]) -> tuple[int, str] | None:
    """Return status and reason where a request is refused.

    Examples
    --------
    >>> refusal("GET", "/graphql", "query=mutation{x}", {"host": "localhost:3000"})
    (405, 'Queries are sent by POST.')
    >>> refusal("POST", "/graphql", "", {"host": "localhost:3000", "origin": "http://a.org"})
    (403, 'The request comes from another page.')
    >>> refusal("GET", "/runs", "", {"host": "localhost:3000"}) is None
    True
    """
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return 403, "The request comes from another page."
    asks = parse_qs(query).keys() & {"query", "mutation", "id", "documentId", "extensions"}
    if method != "POST" and path.rstrip("/").endswith("/graphql") and asks:
        return 405, "Queries are sent by POST."
    return None


def guards() -> list[Middleware]:
    """Return the middleware: hosts are this machine's own and those of IL6_UI_HOSTS."""
    hosts = [*OWN_HOSTS, *read_settings().ui_hosts]
    return [Middleware(TrustedHostMiddleware, allowed_hosts=hosts), Middleware(SameOrigin)]


class GuardedWebserver(DagsterWebserver):
    """The web server with the guard before all else."""

    def build_middleware(self) -> list[Middleware]:
        """Return the guard's middleware, then Dagster's own."""
        return [*guards(), *super().build_middleware()]

    def build_routes(self) -> list[BaseRoute]:
        """Return the pages of what is published, then Dagster's own."""
        return [*pages.ROUTES, *super().build_routes()]  # type: ignore[no-untyped-call]


def main() -> None:
    """Run `dagster-webserver` with the guard; its arguments are Dagster's."""
    from dagster_webserver import app, cli

    setattr(app, "DagsterWebserver", GuardedWebserver)  # noqa: B010
    cli.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
