"""Changes that matter: what somebody should hear of without having asked.

Belongs here: comparing the cut that is being published with the one before it. Does not belong
here: telling people; that is `automation`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import pandas as pd

from il6_platform.publishing import cuts
from il6_platform.warehouse.database import Warehouse

ALPHA = 0.05
JUMP = 0.05
"""Rise of the share of rows in quarantine that is told."""

DESCRIPTIONS = {
    "conclusions_stand": "No P of the headline has crossed 0.05 since the cut before.",
    "quarantine_has_not_jumped": "The share of rows in quarantine has risen by no more than 5%.",
    "nobody_is_lost": "No fewer patients are analysed than in the cut before.",
    "boundary_is_not_crossed": "The monitoring boundary was not crossed since the cut before.",
}
"""The alerts, each an asset check of `report.history` that warns."""


@dataclass(frozen=True)
class Alert:
    """One alert: raised or not, and the sentence that says why; it holds no patient."""

    name: str
    is_raised: bool
    sentence: str


@dataclass(frozen=True)
class _Known:
    """What a cut says that alerts look at."""

    headline: pd.DataFrame
    analysed: int
    quarantined: float
    crossed: bool


def alerts(warehouse: Warehouse) -> list[Alert]:
    """Compare the working cut with the one that was current before it."""
    now = _known(warehouse.query)
    made_of = warehouse.query("select name, value from report.provenance where kind = 'cut'")
    about = dict(zip(made_of["name"], made_of["value"], strict=True))
    site = warehouse.site
    earlier = cuts.predecessor(site, about["cut"], about["last_export"])
    database = site.cuts_path / earlier / "report.duckdb"
    if not earlier or not database.exists():
        return [Alert(name, False, "There is no cut before this one.") for name in DESCRIPTIONS]
    with duckdb.connect(database, read_only=True) as connection:
        before = _known(lambda sql: connection.execute(sql).df())
    flips = _flips(before.headline, now.headline)
    return [
        Alert(
            "conclusions_stand",
            bool(flips),
            " ".join(flips) or f"As in cut {earlier}: no P of the headline has crossed {ALPHA}.",
        ),
        Alert(
            "quarantine_has_not_jumped",
            now.quarantined - before.quarantined > JUMP,
            f"{now.quarantined:.1%} of current rows are in quarantine, {before.quarantined:.1%} "
            f"were in cut {earlier}.",
        ),
        Alert(
            "nobody_is_lost",
            now.analysed < before.analysed,
            f"{now.analysed} patients are analysed, {before.analysed} were in cut {earlier}.",
        ),
        Alert(
            "boundary_is_not_crossed",
            now.crossed and not before.crossed,
            "The monitoring boundary is crossed since this cut: the planned comparison is shown."
            if now.crossed and not before.crossed
            else "Nothing new of the monitoring boundary.",
        ),
    ]


def _known(ask: Callable[[str], pd.DataFrame]) -> _Known:
    analysed = ask("select n from report.flow where kind = 'analysed'")["n"]
    rows = ask(
        "select coalesce(sum(n) filter (where name = 'in quarantine'), 0) as quarantined, "
        "coalesce(sum(n) filter (where name in ('current', 'in quarantine')), 0) as current "
        "from report.data_quality where kind = 'lines'"
    ).iloc[0]
    crossed = ask(
        "select count(*) as n from report.results as b inner join report.results as z "
        "on b.analysis = z.analysis and b.statistic = 'boundary' and z.statistic = 'logrank_z' "
        "where b.analysis = 'monitoring' and abs(z.estimate) >= b.estimate"
    )["n"]
    headline = ask("select claim, endpoint, estimate, p_value, n from report.headline")
    share = float(rows["quarantined"]) / max(float(rows["current"]), 1.0)
    return _Known(headline, int(analysed.iloc[0]), share, bool(crossed.iloc[0]))


def _flips(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Say which P of the headline crossed 0.05."""
    both = before.merge(now, on="claim", suffixes=("_before", "_now"))
    sentences = []
    for row in both.itertuples():
        p, q = row.p_value_before, row.p_value_now
        if pd.isna(p) or pd.isna(q) or (p < ALPHA) == (q < ALPHA):
            continue
        sentences.append(
            f"{row.claim}: P was {p:.3g} (n={row.n_before}), now {q:.3g} (n={row.n_now})."
        )
    return sentences
