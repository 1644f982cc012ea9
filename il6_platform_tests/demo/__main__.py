"""Write data/demo, the samples of other formats that are made of it, or another folder."""

from __future__ import annotations

import argparse
from pathlib import Path

from il6_platform import paths
from il6_platform.study import read_study
from il6_platform_tests.demo.exports import write
from il6_platform_tests.registry.foreign import write_samples

STUDY = paths.project_root() / "data" / "studies" / "il6_bevacizumab.yaml"


def main() -> None:
    """Write the registry, and the samples where it is the embedded one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=paths.demo_landing())
    asked = parser.parse_args()
    write(asked.folder, read_study(STUDY))
    if asked.folder == paths.demo_landing():
        write_samples(paths.project_root() / "data" / "profiles" / "samples")


if __name__ == "__main__":
    main()
