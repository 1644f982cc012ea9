"""il6 studies: the studies of the home: patients, cut, last refresh, headline in a line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from il6_platform.cli import outcome
from il6_platform.cli.options import home_of, landing_of
from il6_platform.errors import UsageError

if TYPE_CHECKING:
    from il6_platform.warehouse.home import Site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.set_defaults(landing=None)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.warehouse.home import Site

    site = Site(home=str(home_of(asked)), landing=str(landing_of(asked)))
    names = list(site.studies())
    if not names:
        raise UsageError(f"{site.home} has no study yet: il6 refresh --study FILE")
    default = site.default_study()
    for name in names:
        study = site.of_study(name)
        mark = " (default)" if default == site.studies()[name] else ""
        outcome.print_box([("Study", [f"{name}{mark}: {study.study.title}"]), *_standing(study)])


def _standing(study: Site) -> Iterator[tuple[str, Sequence[str]]]:
    """Say what a study has published."""
    from il6_platform.publishing.cuts import ledger
    from il6_platform.report.reader import read_cut
    from il6_platform.report.sentences import answer
    from il6_platform.report.translation import translator_of

    database = study.published_database()
    if database is None:
        yield "Published", ["nothing yet: il6 refresh"]
        return
    cut = read_cut(database)
    kept = ledger(study).get(cut.name)
    when = kept.kept_at if kept else "unknown"
    said = f"{cut.patients('analysed')} patients analysed; cut {cut.name}, made {when}"
    yield "Published", [said]
    translator = translator_of(cut.study)
    sentences = answer(cut.results, cut.study)
    yield "Answer", [translator.say(one) if translator else one for one in sentences]
