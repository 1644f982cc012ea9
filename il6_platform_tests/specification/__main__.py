"""`python -m il6_platform_tests.specification` writes the page of derivations anew."""

from __future__ import annotations

from il6_platform_tests.specification.derivations import PAGE, page

PAGE.write_text(page(), encoding="utf-8")
