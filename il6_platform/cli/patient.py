"""il6 patient: all that is kept of one patient, and what became of it."""

from __future__ import annotations

import argparse
import json

from il6_platform.cli.options import add_number, patient_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_number(parser)
    parser.add_argument("--json", action="store_true", help="as one JSON object")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.report.one_patient import in_words

    found = patient_of(asked)
    if asked.json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(in_words(found)))
