"""Write the page on reading cells."""

from __future__ import annotations

from il6_platform_tests.registry.cells.page import PAGE, made

PAGE.write_text(made(), encoding="utf-8")
