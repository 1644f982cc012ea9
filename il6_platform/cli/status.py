"""il6 status: what is published, and what arrived."""

from __future__ import annotations

import argparse

from il6_platform.cli.options import (
    add_landing,
    add_study,
    home_of,
    landing_of,
    print_headline,
    read_published,
    site_of,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_landing(parser)
    add_study(parser)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.registry.deliveries import landed

    home, site = home_of(asked), site_of(asked)
    published = site.published_path
    if published.exists():
        print(f"Published: cut {published.resolve().name} of study {site.study.name}\n")
        print_headline(site)
        print("\nLines by what became of them:")
        print(
            read_published(
                site,
                "pivot (select table_name, name, n from report.data_quality where kind = 'lines') "
                "on name using sum(n) order by table_name",
            ).to_string(index=False, na_rep="", float_format="%.0f")
        )
    else:
        print("Nothing is published yet: il6 refresh")
    worklist = home / "worklist.xlsx"
    if worklist.exists():
        print(f"\nWorklist of the last refresh: {worklist}")
    landing = landing_of(asked)
    complete, waiting = landed(landing) if landing.is_dir() else ([], [])
    print(f"\nLanding folder {landing}: {len(complete)} files, {len(waiting)} still being written.")
