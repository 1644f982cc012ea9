"""Drift: whether the marker's results of this cut are still like those of the last accepted one.

A laboratory that switches units, assay or calibration does not say so in the file; its results
shift as a whole. On the log scale a change of unit is a shift, whatever the spread, so medians are
compared as a ratio, and Mann and Whitney's test (1947) tells a shift from chance.

Belongs here: the comparison of two sets of results. Does not belong here: which results are new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]

NOTABLE = 1.5
"""Fold change of the median below which a shift is not reported, however sure it is."""

CHANCE = 0.001


@dataclass(frozen=True, slots=True)
class Shift:
    """How two sets of results differ.

    Attributes
    ----------
    n, n_before
        Results compared.
    ratio
        Median now divided by the median before (of pairs: median of the ratios).
    p_value
        Mann-Whitney, two-sided; of pairs the sign test.
    """

    n: int
    n_before: int
    ratio: float
    p_value: float

    @property
    def fold(self) -> float:
        """The ratio, or one divided by it: 1 is no shift, in either direction."""
        return max(self.ratio, 1 / self.ratio)

    @property
    def is_notable(self) -> bool:
        """Whether the shift is large enough to matter and unlikely to be chance."""
        return self.p_value < CHANCE and self.fold >= NOTABLE


def sentence(label: str, news: Shift | None, amended: Shift | None) -> str:
    """Say how the marker's results differ from those of the last accepted cut."""
    said = []
    if news is not None:
        said.append(
            f"{news.n} new {label} results have {news.ratio:.3g} times the median of the "
            f"{news.n_before} accepted before (Mann-Whitney P={news.p_value:.2g})."
        )
    if amended is not None:
        said.append(
            f"{amended.n} of {amended.n_before} accepted {label} results are now "
            f"{amended.ratio:.3g} times what they were (sign test P={amended.p_value:.2g})."
        )
    return " ".join(said) or f"No {label} result is new or changed since the last accepted cut."


def shift(now: Numbers, before: Numbers) -> Shift | None:
    """Compare results with other ones, each a positive number; None where one set is empty."""
    from scipy.stats import mannwhitneyu

    if not len(now) or not len(before):
        return None
    ratio = float(np.exp(np.median(np.log(now)) - np.median(np.log(before))))
    p_value = float(mannwhitneyu(now, before).pvalue)
    return Shift(len(now), len(before), ratio, p_value)


def shift_of_pairs(now: Numbers, before: Numbers) -> Shift | None:
    """Compare results with what the same results were before; None where none has changed.

    Results that say what they said count for no shift in the ratio: one that was corrected among
    many that were not moves it little.
    """
    from scipy.stats import binomtest

    moved = now != before
    if not moved.any():
        return None
    ratio = float(np.exp(np.median(np.log(now[moved] / before[moved]))))
    up = int((now > before).sum())
    p_value = float(binomtest(up, int(moved.sum())).pvalue)
    return Shift(int(moved.sum()), len(now), ratio, p_value)
