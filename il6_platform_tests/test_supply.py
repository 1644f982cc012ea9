"""What is installed is pinned, and what is shipped is known by the hashes of its files."""

from __future__ import annotations

import re
import tomllib

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
