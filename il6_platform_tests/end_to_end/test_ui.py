"""`il6 ui` as it is started: to look at, for its own pages, and gone with its process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from il6_platform_tests.benchmarks.soak import descendants, free_port

PATIENCE = 600
"""Seconds: a busy machine is no fault of the server."""

LAUNCH = """mutation { launchRun(executionParams: {selector: {jobName: "refresh_registry",
    repositoryName: "__repository__", repositoryLocationName: "il6_platform.definitions"}})
    { __typename } }"""


def ask(port: int, path: str = "/", body: object = None, **headers: str) -> tuple[int, str]:
    """Return status and text of an answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server of an empty home, once it answers."""
    port, log = free_port(), tmp_path / "ui.log"
    places = ["--home", str(tmp_path / "home"), "--landing", str(tmp_path / "landing")]
    process = subprocess.Popen(
        [sys.executable, "-m", "il6_platform.cli", "ui", *places, "--port", str(port)],
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    until = time.monotonic() + PATIENCE
    try:
        while True:
            assert process.poll() is None and time.monotonic() < until, log.read_text()[-3000:]
            try:
                ask(port)
                break
            except OSError:
                time.sleep(0.3)
        yield process, port
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


@pytest.mark.refreshes
def test_it_is_there_to_look_at_and_ends_with_its_process(
    ui: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, port = ui
    status, text = ask(port, "/graphql", {"query": "{ permissions { permission value } }"})
    assert status == 200
    permissions = json.loads(text)["data"]["permissions"]
    assert len(permissions) > 10
    assert not [one["permission"] for one in permissions if one["value"]]
    _, text = ask(port, "/graphql", {"query": LAUNCH})
    assert json.loads(text)["data"]["launchRun"]["__typename"] == "UnauthorizedError"
    assert ask(port, "/runs", Host="evil.example")[0] == 400
    assert ask(port, "/graphql", {"query": "{ version }"}, Origin="http://evil.example")[0] == 403
    assert ask(port, "/graphql?query=mutation%20%7B%20x%20%7D")[0] == 405
    # more than the server: the process that holds the code
    its = descendants(process.pid)
    assert len(its) >= 2
    os.kill(process.pid, signal.SIGTERM)
    process.wait(60)
    assert not [one for one in its if Path(f"/proc/{one}").exists()]
