"""A site gives its pack by the command line, twice the same, and only with a name and a reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from il6_platform import cli


@pytest.fixture
def home(refreshed_demo: Path, tmp_path: Path) -> Path:
    shutil.copytree(refreshed_demo, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def test_a_site_gives_sums_and_a_network_asks_for_more(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packs = tmp_path / "packs"
    give = ["site-pack", "--home", str(home), "--site", "A", "--to", str(packs)]
    reason = ["--by", "a test", "--why", "to see what leaves"]
    assert cli.main([*give, "--by", " ", "--why", "x"]) == 2
    assert cli.main([*give, *reason]) == 0
    text = (packs / "pack-A-0.json").read_text()
    pack = json.loads(text)
    assert pack["n"] == 53 and pack["endpoints"]["PFS"]["models"]["arm"]["score"]
    assert cli.main([*give, *reason]) == 0
    assert (packs / "pack-A-0.json").read_text() == text
    ledger = pd.read_csv(next(home.glob("studies/*/packs.csv")))
    assert len(ledger) == 1 and ledger["why"].tolist() == ["to see what leaves"]
    # a second site with the same numbers stands in for another one
    (packs / "pack-B-0.json").write_text(text.replace('"site": "A"', '"site": "B"'))
    assert cli.main(["network", str(packs)]) == 0
    assert "Waiting for A, B." in capsys.readouterr().out
    request = ["--request", str(packs / "request-1.json")]
    assert cli.main([*give, *reason, *request]) == 0
    answered = json.loads((packs / "pack-A-1.json").read_text())
    assert answered["endpoints"]["PFS"]["models"]["arm"]["at"] != [0.0]
    assert answered["endpoints"]["PFS"]["cutoffs"]["at"]
    assert cli.main([*give, *reason, "--request", str(packs / "pack-A-0.json")]) == 2
    # a few patients more, and the two packs would describe them
    state = next(home.glob("studies/*/packs/patients.parquet"))
    people = pd.read_parquet(state)
    people.iloc[2:].to_parquet(state)
    ledger_file = next(home.glob("studies/*/packs.csv"))
    ledger_file.write_text(ledger_file.read_text().replace(pack["cut"], "earlier"))
    assert cli.main([*give, *reason]) == 2
    assert "fewer than 5 patients" in capsys.readouterr().err
