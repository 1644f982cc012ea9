"""Progress of long analyses, told to Python's own logging, which Dagster shows in the run's log.

Belongs here: when to say how far a computation is. Does not belong here: where the words go; that
is `dagster.yaml` (managed loggers).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

EVERY_SECONDS = 5.0

_log = logging.getLogger(__name__)


def telling(what: str) -> Callable[[float], None]:
    """Return a function that says how far `what` is: every few seconds, and when it is done.

    It takes the share that is done, 0 to 1.
    """
    said = time.monotonic()

    def tell(share: float) -> None:
        nonlocal said
        if share >= 1 or time.monotonic() - said >= EVERY_SECONDS:
            said = time.monotonic()
            _log.info("%s: %s.", what, "done" if share >= 1 else f"{share:.0%}")

    return tell
