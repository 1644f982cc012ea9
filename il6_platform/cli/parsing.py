"""How arguments are read: commands in groups, and a wrong word with the one that it may stand for.

Belongs here: what argparse lacks. Does not belong here: the arguments of a command.
"""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

WRONG_USE = 2


class _Once(argparse.Action):
    """An option of one value: given twice, one of the two would be passed over in silence."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the value, or say that there are two."""
        given: dict[str, Any] = vars(namespace).setdefault("given_once", {})
        if option_string and given.setdefault(self.dest, values) != values:
            parser.error(f"{option_string} is given twice, and holds one value; give it once")
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """A parser whose last line on stderr says what is wrong and what may have been meant.

    Attributes
    ----------
    groups
        Title -> commands, of the parser that has commands.
    """

    groups: Mapping[str, Sequence[str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (None, "store"):
            self.register("action", name, _Once)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, with the nearest word that there is, and leave with status 2."""
        wrong = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        stranger = re.search(r"^unrecognized arguments: (\S+)", message)
        known = [option for action in self._actions for option in action.option_strings]
        if wrong:
            known = [one.strip("'") for one in wrong[2].split(", ")]
            there = "there is no such command" if self.groups else f"there are {', '.join(known)}"
            message = f"{wrong[1]!r}: {there}"
        elif stranger:
            message = f"{stranger[1]!r}: there is no such argument"
        meant = nearest((wrong or stranger or ["", ""])[1], known)
        said = f"did you mean {meant}?" if meant else f"see {self.prog} --help"
        print_reason(f"{self.prog}: {message}; {said}")
        sys.exit(WRONG_USE)


def print_reason(text: str) -> None:
    """Print on stderr; on a terminal no word is broken at its edge."""
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        lines = [
            [line]
            if len(line) <= width
            else textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
            for line in text.splitlines()
        ]
        text = "\n".join(part for parts in lines for part in parts)
    print(text, file=sys.stderr)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like another one, or an empty text.

    Examples
    --------
    >>> nearest("refesh", ["refresh", "release"])
    'refresh'
    """
    return next(iter(difflib.get_close_matches(word.partition("=")[0], [*known], n=1)), "")


class GroupedHelp(argparse.RawDescriptionHelpFormatter):
    """Shows the commands by what they are for."""

    def __init__(self, prog: str, groups: Mapping[str, Sequence[str]]) -> None:
        super().__init__(prog, max_help_position=24)
        self._groups = groups

    def start_section(self, heading: str | None) -> None:
        """Begin a part of the help; the commands have headings of their own."""
        super().start_section(None if heading == "positional arguments" else heading)

    def _format_action(self, action: argparse.Action) -> str:
        if not isinstance(action, argparse._SubParsersAction):
            return super()._format_action(action)
        return _grouped(action, self._groups, self._width)


def _grouped(
    action: argparse._SubParsersAction, groups: Mapping[str, Sequence[str]], width: int
) -> str:
    words = {one.dest: one.help or "" for one in action._choices_actions}
    lines = []
    for title, names in groups.items():
        lines.append(f"\n{title}:")
        for name in names:
            said = textwrap.wrap(words[name], max(width - 16, 30)) or [""]
            lines.append(f"  {name:<12}  {said[0]}")
            lines += [f"{'':<16}{line}" for line in said[1:]]
    return "\n".join(lines).lstrip("\n") + "\n"


class Version(argparse.Action):
    """Prints the version and leaves; it is looked up only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest=argparse.SUPPRESS, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_others: Any) -> NoReturn:
        """Print it."""
        from importlib.metadata import version

        from il6_platform.paths import code_version

        print(f"il6 {version('il6-platform')} (code {code_version()})")
        parser.exit()
