"""What a command prints where nobody reads it: the command goes on, and ends as it would have.

Belongs here: standard output and standard error. Does not belong here: what is printed.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class _Written(io.FileIO):
    """Writes to a descriptor; what can no longer be written there goes nowhere from then on."""

    def __init__(self, descriptor: int, forgives: type[OSError]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._forgives = forgives

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except self._forgives:
            self.give_up()
            return super().write(content)

    def give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def open_streams() -> None:
    """Let no command fail by what it prints.

    Whoever reads standard output (head, less) may have seen enough. What goes to standard error is
    said as long as it can be: its reader may be gone, or the disk of its log full.
    """
    forgiven: dict[str, type[OSError]] = {"stdout": BrokenPipeError, "stderr": OSError}
    for name, error in forgiven.items():
        stream = getattr(sys, name)
        if stream is None:
            # it was closed by whoever started the command
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif stream is getattr(sys, f"__{name}__"):
            fresh = io.TextIOWrapper(
                io.BufferedWriter(_Written(stream.fileno(), error)),
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=stream.line_buffering,
            )
            setattr(sys, name, fresh)


def unwritten() -> str:
    """Write what was printed and still waits; say why it cannot be, else nothing."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
        if isinstance(raw, _Written):
            # the interpreter writes once more as it ends
            raw.give_up()
        return f"What was asked for could not be written: {error.strerror}"
    return ""
