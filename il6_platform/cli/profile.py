"""il6 profile: draft a registry profile of an unknown export."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from il6_platform import paths
from il6_platform.cli.options import check_file, home_of
from il6_platform.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("file", type=Path, help="the export; a data dictionary may lie beside it")
    parser.add_argument("--to", type=Path, help="write the draft there (default: print it)")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.registry.exports import ExportError
    from il6_platform.registry.formats import open_sheets
    from il6_platform.registry.profile_inference import draft
    from il6_platform.registry.profiles import read_profiles
    from il6_platform.registry.redcap_dictionary import dictionary_beside
    from il6_platform.yaml_config import YamlConfigError

    file = asked.file
    if asked.to:
        check_file(asked.to)
    try:
        sheets = open_sheets(file.name, file.read_bytes())
        made = draft(file.name, sheets, dictionary_beside(file))
        known = [one for one in read_profiles(*paths.profile_folders(home_of(asked)))]
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from None
    except (ExportError, YamlConfigError) as error:
        raise UsageError(f"{file.name}: {error}") from None
    for one in known:
        if one.fits(file.name, one.opened(sheets)[1]):
            print(f"Profile {one.name} reads this file already.", file=sys.stderr)
    if asked.to:
        asked.to.write_text(made.text, encoding="utf-8")
        print(f"Draft: {asked.to}")
    else:
        print(made.text, end="")
    for number, question in enumerate(made.questions, start=1):
        print(f"Q{number}: {question}", file=sys.stderr)
