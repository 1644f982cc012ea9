"""The order of the tests: whole refreshes first, so that none is left to one process at the end."""

from __future__ import annotations

import pytest

WHOLE_REFRESHES = ("end_to_end", "report")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.parent.name not in WHOLE_REFRESHES)
