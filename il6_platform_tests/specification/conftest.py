"""The cohort of a rule, staged (`spec`) or analysed (`cut`): `.given(...)` and `.expect(...)`.

Most rules are of one patient: the patients of all tests that have the same study file stand in one
cohort, which is derived once, and each test looks at its own. A test whose rule looks at other
patients too is marked `across_patients`, and has a cohort of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from il6_platform_tests.specification.cutoff import CutoffRule
from il6_platform_tests.specification.harness import Cohort, Shared, Specification


class _Given(Exception):
    """A test has given its rows; what it expects is compared when it is run."""


class _OnlyGiven(Specification):
    """What a test gives, as far as its first comparison."""

    def expect(self, **tables: str) -> None:
        raise _Given


class Together:
    """The cohorts in which tests of a session stand together."""

    def __init__(self, items: Sequence[pytest.Item]) -> None:
        self._given: defaultdict[Shared, dict[str, Specification]] = defaultdict(dict)
        self._cohorts: dict[Shared, Cohort] = {}
        for item in items:
            if isinstance(item, pytest.Function) and _is_of_single_patients(item):
                given = _OnlyGiven()
                with pytest.raises(_Given):
                    item.obj(given)
                self._given[given.shared][item.nodeid] = given

    def cohort_of(self, test: str, shared: Shared) -> tuple[Cohort, str] | None:
        """Return the cohort in which a test's patients stand, and the prefix of their numbers."""
        given = self._given[shared]
        if test not in given:
            return None
        prefixes = {name: f"{place}:" for place, name in enumerate(given)}
        if shared not in self._cohorts:
            self._cohorts[shared] = Cohort(shared)
            for name, one in given.items():
                self._cohorts[shared].add(one.tables(), prefixes[name])
        return self._cohorts[shared], prefixes[test]

    def close(self) -> None:
        """Leave the connections."""
        for cohort in self._cohorts.values():
            cohort.connection.close()


def _is_of_single_patients(item: pytest.Function) -> bool:
    is_ours = item.path.parent == Path(__file__).parent and "spec" in item.fixturenames
    is_one = not hasattr(item, "callspec")
    return is_ours and is_one and item.get_closest_marker("across_patients") is None


@pytest.fixture(scope="session")
def together(request: pytest.FixtureRequest) -> Generator[Together, None, None]:
    made = Together(request.session.items)
    yield made
    made.close()


@pytest.fixture
def spec(
    request: pytest.FixtureRequest, together: Together
) -> Generator[Specification, None, None]:
    made = Specification(lambda shared: together.cohort_of(request.node.nodeid, shared))
    yield made
    made.close()


@pytest.fixture
def cut() -> CutoffRule:
    return CutoffRule()
