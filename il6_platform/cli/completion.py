"""il6 completion: print the completion of commands and options for a shell."""

from __future__ import annotations

import argparse

SHELLS = ("bash", "zsh", "fish")

EXAMPLES = """examples:
  eval "$(il6 completion bash)"             for this shell; in ~/.bashrc for every one
  il6 completion fish > ~/.config/fish/completions/il6.fish
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("shell", choices=SHELLS)


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    import shtab

    from il6_platform import cli

    print(shtab.complete(cli.parser(), asked.shell))
