"""The errors that a user can meet; each kind carries the exit status of the command that it ends.

    Il6Error
    ├── DataQualityError   1: the data are not fit to publish; the last report stays
    ├── UsageError         2: a command, a study, registry or profile file that cannot be used
    └── PlatformError      3: the platform or its surroundings failed; the last report stays

Belongs here: the kinds. Does not belong here: an error of one module; it derives from a kind there.
"""

from __future__ import annotations


class Il6Error(Exception):
    """An error whose message says in a sentence what is wrong and what to do.

    Attributes
    ----------
    refreshed
        Studies that a refresh published all the same.
    """

    exit_status = 3
    refreshed: tuple[str, ...] = ()


class DataQualityError(Il6Error, ValueError):
    """The data are not fit to publish."""

    exit_status = 1


class UsageError(Il6Error, ValueError):
    """A command or a file of settings that cannot be used."""

    exit_status = 2


class PlatformError(Il6Error, RuntimeError):
    """The platform or its surroundings failed."""

    exit_status = 3
