"""Changes that matter: what somebody should hear of without having asked.

Belongs here: comparing the cut that is being published with the one before it. Does not belong
here: telling people; that is `automation`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from il6_platform.analysis.cohort import CONTRASTS
from il6_platform.figures.labels import at_unit, labels_of
from il6_platform.publishing import cuts
from il6_platform.report import formatting
from il6_platform.report.formatting import ALPHA
from il6_platform.report.sayings import Saying
from il6_platform.statistics.codes import singular
from il6_platform.study import Study
from il6_platform.warehouse.database import Warehouse

JUMP = 0.05
"""Rise of the share of rows in quarantine that is told."""

DESCRIPTIONS = {
    "conclusions_stand": "No P of the headline has crossed 0.05, and no effect that was shown has "
    "changed its direction, since the cut before; none is opposite to what was published.",
    "cutoff_stands": "The cut-off is the one of the cut before.",
    "quarantine_has_not_jumped": "The proportion of rows in quarantine has risen by no more than "
    "5 percentage points.",
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
    """What a cut says that alerts look at.

    Attributes
    ----------
    crossed
        +1 or -1 where the boundary is crossed in favour of the first or second group, else 0.
    compared
        What the monitored comparison compares.
    """

    headline: pd.DataFrame
    analysed: int
    quarantined: float
    cutoff: float | None
    crossed: int
    compared: str


def alerts(warehouse: Warehouse) -> list[Alert]:
    """Compare the working cut with the one that was current before it."""
    now = _known(warehouse.query)
    made_of = warehouse.query("select name, value from report.provenance where kind = 'cut'")
    about = dict(zip(made_of["name"], made_of["value"], strict=True))
    site = warehouse.site
    database = cuts.database_before(site, about["cut"], about["last_export"])
    if database is None:
        return [Alert(name, False, "There is no cut before this one.") for name in DESCRIPTIONS]
    earlier = database.parent.name
    with duckdb.connect(database, read_only=True) as connection:
        before = _known(lambda sql: connection.execute(sql).df())
    moved = changes(before.headline, now.headline)
    crossed = now.crossed and now.crossed != before.crossed
    return [
        Alert(
            "conclusions_stand",
            bool(moved),
            " ".join(moved)
            or f"As in cut {earlier}: no P of the headline has crossed {ALPHA}, no effect has "
            "changed its direction.",
        ),
        _cutoff_stands(warehouse, before.cutoff, now.cutoff, earlier),
        Alert(
            "quarantine_has_not_jumped",
            now.quarantined - before.quarantined > JUMP,
            f"{now.quarantined:.1%} of current rows are in quarantine, {before.quarantined:.1%} "
            f"were in cut {earlier}.",
        ),
        Alert(
            "nobody_is_lost",
            now.analysed < before.analysed,
            singular(
                f"{now.analysed} patients are analysed, {before.analysed} were in cut {earlier}."
            ),
        ),
        Alert(
            "boundary_is_not_crossed",
            bool(crossed),
            "The monitoring boundary is crossed since this cut, in favour of "
            f"{_favoured(now, warehouse.study)}."
            if crossed
            else "Nothing new of the monitoring boundary.",
        ),
    ]


def _favoured(known: _Known, study: Study) -> str:
    first, second = CONTRASTS[known.compared]
    return labels_of(study)[first if known.crossed > 0 else second]


def _cutoff_stands(
    warehouse: Warehouse, before: float | None, now: float | None, earlier: str
) -> Alert:
    """Say whether the cut-off moved, and how many of today's patients that put in another group."""
    said = [
        at_unit(formatting.plain(value), warehouse.study) if value is not None else "none"
        for value in (before, now)
    ]
    if before == now:
        return Alert("cutoff_stands", False, f"The cut-off is {said[1]}, as in cut {earlier}.")
    if before is None or now is None:
        words = f"The cut-off is {said[1]}; in cut {earlier}: {said[0]}."
        return Alert("cutoff_stands", True, words)
    low, high = sorted((before, now))
    counts = warehouse.query(
        "select count(*) filter (where MARKER >= $low and MARKER < $high) as moved, "
        "count(*) as everybody from cohort.adsl where ANALFL = 'Y'",
        {"low": low, "high": high},
    ).iloc[0]
    moved, everybody = int(counts["moved"]), int(counts["everybody"])
    least, shown = warehouse.site.quality.minimal_cell or 0, str(moved)
    if 0 < moved < least:
        shown = f"fewer than {least}"
    elif 0 < everybody - moved < least:
        # how many stayed is as telling as how many moved
        shown = f"more than {everybody - least}"
    words = (
        f"The cut-off moved from {said[0]} (cut {earlier}) to {said[1]}: {shown} of "
        f"{everybody} patients changed groups."
    )
    return Alert("cutoff_stands", True, words)


def _known(ask: Callable[[str], pd.DataFrame]) -> _Known:
    analysed = ask("select n from report.flow where kind = 'analysed'")["n"]
    rows = ask(
        "select coalesce(sum(n) filter (where name = 'in quarantine'), 0) as quarantined, "
        "coalesce(sum(n) filter (where name in ('current', 'in quarantine')), 0) as current "
        "from report.data_quality where kind = 'lines'"
    ).iloc[0]
    looks = ask(
        "select sign(z.estimate) as crossed, z.contrast as compared "
        "from report.results as b inner join report.results as z "
        "on b.analysis = z.analysis and b.statistic = 'boundary' and z.statistic = 'logrank_z' "
        "where b.analysis = 'monitoring' and abs(z.estimate) >= b.estimate"
    )
    cutoff = ask(
        "select estimate from report.results "
        "where analysis = 'cutoff' and statistic = 'cutoff' and estimate is not null"
    )["estimate"]
    share = float(rows["quarantined"]) / max(float(rows["current"]), 1.0)
    return _Known(
        ask("from report.headline"),
        int(analysed.iloc[0]),
        share,
        float(cutoff.iloc[0]) if len(cutoff) else None,
        int(looks["crossed"].iloc[0]) if len(looks) else 0,
        str(looks["compared"].iloc[0]) if len(looks) else "",
    )


def changes(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Say what of the headline is another conclusion than in the cut before.

    A P value, or the one corrected for cut-off selection, that crossed 0.05, or one below it that
    came or went because an estimate can or cannot be made; an effect whose
    direction turned, where it is or was shown; a claim that is now opposite to what was published.

    Parameters
    ----------
    before, now
        `report.headline` of both cuts; an older cut may lack columns.
    """
    # several papers may have claimed the same
    before, now = (rows.assign(nth=rows.groupby("claim").cumcount()) for rows in (before, now))
    both = before.merge(now, on=["claim", "nth"], suffixes=("_before", "_now"))
    sentences = []
    for row in both.to_dict("records"):
        p, q = (_p(row, "p_value", side) for side in ("before", "now"))
        claim, sizes = row["claim"].rstrip("."), (row["n_before"], row["n_now"])
        # a hidden count is not told
        size = "" if any(map(pd.isna, sizes)) else f" (n={sizes[0]}, now n={sizes[1]})"
        corrected = [_p(row, "corrected_p_value", side) for side in ("before", "now")]
        # what cannot be estimated any more is not shown any more
        if _is_shown(p) != _is_shown(q) or _crossed(*corrected):
            was, now_is = (
                formatting.p_text(one)
                + (f" ({formatting.p_number(two)} corrected for cut-off selection)" if two else "")
                for one, two in zip((p, q), corrected, strict=True)
            )
            sentences.append(f"{claim}: {was}, now {now_is}{size}.")
        turned = _side(row, "before") * _side(row, "now") < 0
        if turned and (_is_shown(p) or _is_shown(q)):
            write = formatting.writer(str(row["measure_now"]))
            sentences.append(
                f"{claim}: the effect has changed its direction, "
                f"{write(row['estimate_before'])}, now {write(row['estimate_now'])}."
            )
        opposite = [Saying.OPPOSITE in _codes(row, side) for side in ("before", "now")]
        if opposite == [False, True]:
            sentences.append(
                f"{claim}: {row['reading_now' if 'reading_now' in row else 'reading']}"
            )
    return sentences


def _codes(row: Mapping[Hashable, Any], side: str) -> list[str]:
    code = row.get(f"code_{side}", row.get("code") if side == "now" else None)
    return code.split() if isinstance(code, str) else []


def _p(row: Mapping[Hashable, Any], name: str, side: str) -> float | None:
    value = row.get(f"{name}_{side}", row.get(name) if side == "now" else None)
    return None if value is None or pd.isna(value) else float(value)


def _is_shown(p: float | None) -> bool:
    return p is not None and p < ALPHA


def _crossed(before: float | None, now: float | None) -> bool:
    return before is not None and now is not None and _is_shown(before) != _is_shown(now)


def _side(row: Mapping[Hashable, Any], side: str) -> int:
    """Say on which side of no difference a headline's figure lies; 0 for what compares nothing."""
    measure, value = str(row[f"measure_{side}"]), row[f"estimate_{side}"]
    if pd.isna(value):
        return 0
    if measure.endswith("difference"):
        return int(np.sign(value))
    return int(np.sign(value - 1)) if "ratio" in measure else 0
