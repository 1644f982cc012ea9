"""A registry that has hardly begun: the refresh publishes, and says what it cannot support."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from il6_platform_tests.end_to_end import colon_registry
from il6_platform_tests.end_to_end.conftest import Installation


@pytest.mark.refreshes
@pytest.mark.parametrize("n", [0, 2, 20])
def test_a_small_registry_is_published_with_its_reasons(n: int, tmp_path: Path) -> None:
    landing, study = colon_registry.write(tmp_path, pd.read_csv(colon_registry.COLON).head(n))
    made = Installation(tmp_path / "home", landing, study)
    assert made.refresh() == 0
    results = made.ask("from report.results")
    assert len(results) > 100
    missing = results[results["estimate"].isna()]
    assert missing["note"].notna().all()
    if n < 3:
        tested = results[results["statistic"].isin(["logrank", "hazard_ratio"])]
        assert tested["estimate"].isna().all()
    flow = made.ask("from report.flow").set_index("label")["n"]
    assert flow["Arrived"] == n
