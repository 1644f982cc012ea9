"""Python runs this first where the folder is in PYTHONPATH: in processes that a test begins.

They read what was computed before in this session of tests, and let others have what they compute,
from the moment on at which they have imported what orchestrates a refresh.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

MODULE = "il6_platform.definitions"


class _ComputingOnce:
    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)  # type: ignore[arg-type]
        assert spec is not None and spec.loader is not None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            from il6_platform_tests.computed_once import compute_once

            compute_once()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, _ComputingOnce())
