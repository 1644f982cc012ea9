"""il6 manuscript: Word, Excel, figures and checklists of a cut."""

from __future__ import annotations

import argparse
from pathlib import Path

from il6_platform.cli.options import add_study, check_folder, check_outside, home_of, site_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument("cut", nargs="?", default="published", help="default: the published one")
    parser.add_argument(
        "--style",
        default="plain",
        metavar="JOURNAL",
        help="how tables and P values are printed: jco, lancet, nejm, plain",
    )
    parser.add_argument("--to", type=Path, help="folder (default in the study's own folder)")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.figures.style import HAN, han_font
    from il6_platform.manuscript.document import pack
    from il6_platform.manuscript.styles import style_of
    from il6_platform.publishing.cuts import find
    from il6_platform.report.reader import put, read_cut

    style, site = style_of(asked.style), site_of(asked)
    if asked.to is not None:
        check_folder(asked.to)
        check_outside(asked.to, home_of(asked))
    name = find(site, asked.cut)
    folder = (asked.to or site.study_folder / "manuscript" / name).resolve()
    cut = read_cut(site.cuts_path / name / "report.duckdb")
    written = put(pack(cut, style), folder)
    print(f"{written} files of cut {name}: {folder}")
    if HAN.search(cut.study.model_dump_json()) and han_font() is None:
        print(
            "No font with Chinese signs is installed: PNG and PDF figures show boxes in their "
            "place. Install one (Debian: fonts-noto-cjk) and run the command again."
        )
