"""il6 network: combine the packs of several sites, and ask them for what is still needed."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("folder", type=Path, help="folder with pack-SITE-ROUND.json of the sites")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    from il6_platform.network.folder import combine_folder

    state = combine_folder(asked.folder)
    print(f"{len(state.sites)} sites, round {state.round}: {asked.folder / 'network.html'}")
    if state.is_done:
        print("Every model has converged; nothing more is asked of the sites.")
    else:
        print(
            f"Send request-{state.round + 1}.json to the sites, and put their packs here. "
            f"Waiting for {', '.join(state.waiting_for)}."
        )
