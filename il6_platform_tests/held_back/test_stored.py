"""The job on a few stored registries gives what R gave; R itself is not needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from il6_platform_tests.held_back.compare import compared, published, refresh

STORED = Path(__file__).with_name("stored")


@pytest.mark.refreshes
@pytest.mark.parametrize("seed", sorted(path.name for path in STORED.iterdir()))
def test_the_job_gives_what_r_gives(tmp_path: Path, seed: str) -> None:
    folder = STORED / seed
    assert refresh(tmp_path, folder / "landing", folder / "study.yaml") == 0
    expected = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    assert len(expected["results"]) > 100
    assert compared(expected, published(tmp_path)) == []
