"""What leaves for other programs is valid by CDISC's own schemas, whatever the registry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from il6_platform.exchange.ars import reporting_event
from il6_platform.exchange.variables import LABEL, short_label
from il6_platform_tests.end_to_end.test_documents import faults
from il6_platform_tests.report.test_edge_registries import published


@pytest.mark.parametrize("name", ["nobody", "one arm", "randomised"])
def test_a_reporting_event_is_valid(name: str) -> None:
    cut = published(name)
    event = reporting_event(cut.results, "abc", cut.study)
    assert not faults(event)
    purposes = {
        one["name"]: one["purpose"]["controlledTerm"].partition(" ")[0] for one in event["analyses"]
    }
    arms = "survival, PFS, all, experimental vs control"
    assert purposes[arms] == "PRIMARY"
    assert purposes[arms.replace("PFS", "OS")] == "SECONDARY"
    assert purposes[arms.replace("all", "marker_high")] == "SECONDARY"
    assert {p for n, p in purposes.items() if n.startswith(("shrinkage", "sensitivity"))} <= {
        "EXPLORATORY"
    }
    # the study file of these was never locked
    assert {one["reason"].get("controlledTerm") for one in event["analyses"]} == {None}
    rows = cut.results.assign(prespecified=True)
    event = reporting_event(rows, "abc", cut.study)
    assert {one["reason"]["controlledTerm"] for one in event["analyses"]} == {"SPECIFIED IN SAP"}
    operations = {o["id"] for m in event["methods"] for o in m["operations"]}
    assert {r["operationId"] for a in event["analyses"] for r in a["results"]} <= operations


@given(st.text(st.sampled_from("abc (),of the\u809d"), min_size=1, max_size=120))
def test_a_label_is_short_and_ends_with_a_word(text: str) -> None:
    label = short_label(text)
    assert label or not text.strip(" ,;:-")
    # SAS transport counts bytes, and one that is cut in two makes the file unreadable
    assert len(label.encode()) <= LABEL
    assert text.startswith(label)
    assert " " not in text[: len(label) + 1] or label == text or not text[len(label)].isalpha()
