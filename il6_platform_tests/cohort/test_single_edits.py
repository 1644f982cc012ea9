"""A changed cell moves the row that depends on it, or takes the patient out."""

from __future__ import annotations

from il6_platform_tests.benchmarks.single_edits import judge


def test_no_single_edit_is_silent_and_wrong() -> None:
    counts, wrong = judge(80, 14)
    assert not wrong, "\n".join(wrong)
    assert counts["moved as it should"] >= 5 and counts["nothing depends on it"] >= 10
    assert counts["not evaluable"] >= 10
    # who is set aside though nothing depends on the cell is few
    assert counts["not evaluable, though nothing depends on it"] <= 8
