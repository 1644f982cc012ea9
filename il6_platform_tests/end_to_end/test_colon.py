"""The colon cancer trial through the whole job, against R."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from il6_platform import cli
from il6_platform_tests.end_to_end import colon_registry

EXPECTED = json.loads(
    (Path(__file__).parents[1] / "reference" / "colon_study.json").read_text(encoding="utf-8")
)["results"]
TERMS = {"armE": "ARM[experimental]", "highhigh": "MARKERGR[high]", "sexM": "sex[M]"}
KEYS = ("endpoint", "population", "contrast", "grp", "model", "term")
# what R's script leaves out because there is one of it only
ANALYSIS = {"auc": "cutoff", "cutoff": "cutoff", "sensitivity": "cutoff", "specificity": "cutoff"}
ANALYSIS |= {"median": "survival", "logrank": "survival", "hazard_ratio": "cox"}
ANALYSIS |= {"ratio_of_hazard_ratios": "interaction"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("colon")
    landing, study = colon_registry.write(folder)
    home = folder / "home"
    asked = ["--home", str(home), "--landing", str(landing), "--study", str(study)]
    assert cli.main(["refresh", *asked]) == 0
    with duckdb.connect(home / "published" / "report.duckdb", read_only=True) as connection:
        return connection.execute("from report.results").df()


@pytest.mark.refreshes
def test_every_estimate_of_r_is_published(results: pd.DataFrame) -> None:
    wrong = []
    for row in EXPECTED:
        where = {key: row.get(key) for key in KEYS}
        where["term"] = TERMS.get(where["term"], where["term"])
        where["population"] = where["population"] or "all"
        chosen = (results["statistic"] == row["statistic"]) & (
            results["analysis"] == ANALYSIS[row["statistic"]]
        )
        for key, value in where.items():
            chosen &= results[key].isna() if value is None else results[key] == value
        found = results[chosen]
        if len(found) != 1:
            wrong.append((len(found), where))
            continue
        ours = found.iloc[0]
        for column in ("estimate", "ci_low", "ci_high", "df", "p_value", "n", "events"):
            if column not in row:
                continue
            value = row[column]
            if value is None:
                same = pd.isna(ours[column])
            else:
                same = ours[column] == pytest.approx(value, rel=1e-6, abs=1e-6)
            if not same:
                wrong.append((column, ours[column], value, where))
    assert not wrong
    assert len(EXPECTED) >= 60
