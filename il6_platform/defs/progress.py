"""What a run tells while it runs, for whoever started it in this process.

Belongs here: the logger through which Dagster hands on its events. Does not belong here: showing
them (`cli.progress`).
"""

import logging

from dagster import InitLoggerContext, LoggerDefinition

CHANNEL = "il6_platform.progress"
"""Name of the logger of Python's `logging` that hears every event of a run."""


def _channel(_context: InitLoggerContext) -> logging.Logger:
    """Return the logger; it passes nothing on to others."""
    channel = logging.getLogger(CHANNEL)
    channel.setLevel(logging.DEBUG)
    channel.propagate = False
    return channel


progress_logger = LoggerDefinition(
    _channel, description="Hand every event to the process that started the run."
)
