"""The cohort of a rule: `spec.given(...)` and `spec.expect(...)`."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from il6_platform_tests.specification.harness import Specification


@pytest.fixture
def spec() -> Generator[Specification, None, None]:
    made = Specification()
    yield made
    made.close()
