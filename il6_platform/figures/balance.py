"""Balance of the arms before and after weighting: standardised differences (a Love plot)."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from il6_platform.analysis.names import Analysis, Model, Statistic
from il6_platform.figures import style

SERIES = (
    (
        Model.INVERSE_PROBABILITY_WEIGHTS,
        Statistic.STANDARDIZED_DIFFERENCE,
        "o",
        "white",
        "unweighted",
    ),
    (
        Model.INVERSE_PROBABILITY_WEIGHTS,
        Statistic.STANDARDIZED_DIFFERENCE_WEIGHTED,
        "s",
        style.FIRST,
        None,
    ),
    (Model.OVERLAP_WEIGHTS, Statistic.STANDARDIZED_DIFFERENCE_WEIGHTED, "D", style.SECOND, None),
)
"""Model and statistic of the rows, mark, its filling, and what to call them if not the model."""


def balance(results: pd.DataFrame, name: Callable[[str], str]) -> Figure:
    """Draw analysis weighting; `name` says what to call a term."""
    with matplotlib.rc_context(style.SETTINGS):
        rows = results[(results["analysis"] == Analysis.WEIGHTING) & results["term"].notna()]
        terms = list(dict.fromkeys(rows["term"]))
        names = [name(term) for term in terms]
        figure = style.new_figure(
            7.6, 1.3 + 0.28 * max(len(terms), 2), left=style.width_of(names, 9), top=0.4
        )
        axes = figure.subplots()
        if not terms:
            style.say_nothing_to_draw(axes, "No weights.")
            return figure
        for model, statistic, mark, fill, words in SERIES:
            mine = rows[(rows["model"] == model) & (rows["statistic"] == statistic)]
            found = mine.set_index("term")["estimate"].astype(float).abs().reindex(terms)
            axes.plot(
                found, -np.arange(len(terms)), mark, color=style.NEUTRAL, mfc=fill, ms=6, mew=0.8,
                label=words or model,
            )  # fmt: skip
        axes.axvline(0.1, color=style.NEUTRAL, lw=0.8, ls=":")
        axes.set_yticks(-np.arange(len(terms)), names)
        axes.set(xlabel="Absolute standardised difference (dotted: 0.1)", ylim=(-len(terms), 1))
        axes.set_xlim(left=-0.01)
        axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    return figure
