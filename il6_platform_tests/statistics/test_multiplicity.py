import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform.statistics.multiplicity import METHODS, adjust

REFERENCE = Path(__file__).parents[1] / "reference" / "reference.json"
R_NAMES = {"bonferroni": "bonferroni", "holm": "holm", "hochberg": "hochberg", "bh": "BH"} | {
    "by": "BY"
}
p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@pytest.mark.parametrize("method", METHODS)
def test_agrees_with_p_adjust_of_r(method):
    expected = json.loads(REFERENCE.read_text())["padjust"]
    np.testing.assert_allclose(
        adjust(expected["p"], method=method), expected[R_NAMES[method]], atol=1e-12
    )


def test_a_missing_p_stays_missing_and_does_not_count():
    np.testing.assert_allclose(adjust([0.01, None, 0.04]), [0.02, np.nan, 0.04])
    assert np.isnan(adjust([None, np.nan])).all()
    assert adjust([]).shape == (0,)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(p_lists, st.randoms(use_true_random=False), st.sampled_from(list(METHODS)))
def test_never_below_the_raw_p_and_independent_of_order(p, random, method):
    adjusted = adjust(p, method=method)
    assert np.all((adjusted >= np.array(p) - 1e-12) & (adjusted <= 1))
    order = random.sample(range(len(p)), len(p))
    np.testing.assert_allclose(adjust(np.array(p)[order], method=method), adjusted[order])


@pytest.mark.parametrize("p", [[-0.1], [0.2, 1.01]])
def test_a_p_value_outside_0_and_1_is_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        adjust(p)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="holm"):
        adjust([0.1], method="sidak")
