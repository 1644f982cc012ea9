"""Orders of values are those that numpy draws, however long a row is."""

import numpy as np
import pytest

from il6_platform.statistics.permutations import LONG, permute_into, permuted


@pytest.mark.parametrize("n", [0, 1, 7, LONG - 1, LONG, LONG + 1])
@pytest.mark.parametrize("kind", ["int8", "int64", "float64"])
def test_orders_are_those_of_numpy(n: int, kind: str) -> None:
    values = (np.arange(n) % 100).astype(kind)
    ours, theirs = np.random.default_rng(3), np.random.default_rng(3)
    expected = theirs.permuted(np.tile(values, (4, 1)), axis=1)
    assert np.array_equal(permuted(values, 4, ours), expected)
    # whoever draws next draws the same
    assert ours.integers(1 << 40) == theirs.integers(1 << 40)


@pytest.mark.parametrize("n", [10, 3 * LONG])
def test_places_of_others_are_left(n: int) -> None:
    places = np.arange(0, n, 2)
    out = np.full((3, n), -1)
    permute_into(out, places, places, np.random.default_rng(1))
    assert (out[:, 1::2] == -1).all()
    assert (np.sort(out[:, ::2], axis=1) == places).all()
    assert len({row.tobytes() for row in out}) == 3
