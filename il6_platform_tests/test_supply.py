"""What is installed is pinned, and what is shipped is known by the hashes of its files."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from il6_platform import paths

ROOT = paths.project_root()


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[><=~! ;]", text)[0]).lower()


def _pins(file: str) -> dict[str, str]:
    found = re.findall(
        r"^([A-Za-z0-9][\w.\-\[\]]*)==([^\s;]+)", (ROOT / file).read_text(), re.MULTILINE
    )
    return {_name(name): version for name, version in found}


def test_what_is_shipped_is_known_by_its_hashes() -> None:
    pinned, hashed = _pins("constraints.txt"), _pins("constraints-hashed.txt")
    assert hashed == {name: pinned.get(name) for name in hashed}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shipped = project["project"]["dependencies"] + project["build-system"]["requires"]
    shipped += project["project"]["optional-dependencies"]["postgres"]
    assert not {_name(one) for one in shipped} - set(hashed)
    blocks = re.split(
        r"^(?=[A-Za-z0-9])", (ROOT / "constraints-hashed.txt").read_text(), flags=re.M
    )
    assert all("--hash=sha256:" in block for block in blocks[1:])
    # where packages come from is the installing machine's business
    assert not re.search(r"https?:|--(index|find|extra|trusted)", "".join(blocks))


def test_the_image_installs_by_hashes() -> None:
    steps = (ROOT / "Containerfile").read_text()
    assert "--require-hashes --requirement constraints-hashed.txt" in steps
    assert "USER il6" in steps and "VOLUME" in steps
    # what is copied is there
    copied = re.findall(r"^COPY (.+) \S+$", steps, re.MULTILINE)
    assert copied and all((ROOT / name).exists() for line in copied for name in line.split())


def test_the_image_can_be_built() -> None:
    builder = next(filter(None, map(shutil.which, ("podman", "buildah", "docker"))), None)
    if builder is None:
        pytest.skip("neither podman nor buildah nor docker is installed")
    base = [builder, "inspect", "--type", "image", "python:3.11-slim"]
    if subprocess.run(base, capture_output=True, check=False).returncode:
        pytest.skip("the image that it is built on, python:3.11-slim, is not on this machine")
    subprocess.run([builder, "build", "-t", "il6-test", str(ROOT)], check=True)


def test_the_units_of_systemd_are_whole(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    text = (ROOT / "il6_platform" / "docs" / "operations.md").read_text("utf-8")
    daemon, ui = re.findall(r"```ini\n(.+?)```", text, re.DOTALL)
    (start,) = re.findall(r"^ExecStart=.*$", ui, re.MULTILINE)
    units = {"il6-daemon": daemon, "il6-ui": re.sub(r"(?m)^ExecStart=.*$", start, daemon)}
    files = []
    for name, unit in units.items():
        # what is called is installed on the machine of the service, not on this one
        files.append(tmp_path / f"{name}.service")
        files[-1].write_text(re.sub(r"(?m)^(ExecStart=)\S+", r"\1/bin/true", unit))
        assert "ReadWritePaths=/srv/il6" in unit
    found = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not [line for line in found.stderr.splitlines() if "il6-" in line], found.stderr
