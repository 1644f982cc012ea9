"""Random orders of values, many at once.

Belongs here: drawing them. Does not belong here: what is judged by them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from il6_platform.statistics.arrays import Ints

LONG = 1000
"""Values from which on a row is shuffled by itself: it then stays in the processor's cache."""


def permuted(values: NDArray[Any], rows: int, rng: np.random.Generator) -> NDArray[Any]:
    """Return values, shape (n,), in as many random orders, shape (rows, n).

    Examples
    --------
    >>> permuted(np.arange(3), 2, np.random.default_rng(1)).shape
    (2, 3)
    """
    out = np.empty((rows, len(values)), dtype=values.dtype)
    permute_into(out, slice(None), values, rng)
    return out


def permute_into(
    out: NDArray[Any], places: Ints | slice, values: NDArray[Any], rng: np.random.Generator
) -> None:
    """Write values into places of each row of `out`, each time in another random order.

    Parameters
    ----------
    out
        Shape (rows, n); what is not of the places stays as it is.
    places, values
        Shape (k,): columns of `out`, and what is written there.
    rng
        Draws as `rng.permuted` of a copy of the values for each row does.
    """
    if len(values) < LONG:
        out[:, places] = rng.permuted(np.tile(values, (len(out), 1)), axis=1)
        return
    for row in out:
        own = values.copy()
        rng.shuffle(own)
        row[places] = own
