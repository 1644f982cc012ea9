"""The cohort of a rule, staged (`spec`) or analysed (`cut`): `.given(...)` and `.expect(...)`."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from il6_platform_tests.specification.cutoff import CutoffRule
from il6_platform_tests.specification.harness import Specification


@pytest.fixture
def spec() -> Generator[Specification, None, None]:
    made = Specification()
    yield made
    made.close()


@pytest.fixture
def cut() -> CutoffRule:
    return CutoffRule()
