"""The stages of a refresh while they run: a bar each on a terminal, a line each elsewhere.

Belongs here: hearing Dagster's events and showing them. Does not belong here: what a stage does.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STAGES = {
    "raw": "Read exports",
    "staging": "Check records",
    "cohort": "Derive the cohort",
    "analysis": "Analyse",
    "report": "Publish",
}
"""Schema of the tables that a stage makes -> what it does."""


class Stages(logging.Handler):
    """Shows the stages of a refresh on stderr, and knows how long each took.

    Attributes
    ----------
    seconds
        Stage -> seconds, in the order in which they ended.
    of
        The study that runs, where there are several.
    """

    def __init__(self, shows: bool = True) -> None:
        super().__init__(logging.DEBUG)
        self.seconds: dict[str, float] = {}
        self._shows = shows
        self._live: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._left: Counter[str] = Counter()
        self.of = ""

    @contextmanager
    def shown(self) -> Generator[None]:
        """Show stages for as long as the block lasts."""
        if self._shows and sys.stderr.isatty():
            with _bars() as self._live:
                yield
            self._live = None
        else:
            yield

    @contextmanager
    def stage(self, words: str) -> Generator[None]:
        """Show one stage that is no part of a run."""
        began = time.perf_counter()
        self._begin(words, 1)
        yield
        self._end(words, time.perf_counter() - began)

    def expect(self, steps: Iterable[str]) -> None:
        """Say which steps the next run has."""
        self._left = Counter(_stage(step) for step in steps)

    def emit(self, record: logging.LogRecord) -> None:
        """Hear an event of the run."""
        about: dict[str, Any] = getattr(record, "dagster_meta", {})
        event, step = about.get("dagster_event"), about.get("step_key")
        if event is None or not step:
            return
        words = f"{self.of}: " * bool(self.of) + STAGES[_stage(step)]
        if event.is_step_start:
            self._begin(words, self._left[_stage(step)])
            self._say(words, step.replace("__", "."))
        elif event.is_step_success:
            self._advance(words, step, event.step_success_data.duration_ms / 1000)

    def _begin(self, words: str, steps: int) -> None:
        if self._live is not None and words not in self._tasks:
            self._tasks[words] = self._live.add_task(words, total=steps, now="")

    def _say(self, words: str, now: str) -> None:
        if self._live is not None:
            self._live.update(self._tasks[words], now=now)

    def _advance(self, words: str, step: str, seconds: float) -> None:
        self.seconds[words] = self.seconds.get(words, 0.0) + seconds
        self._left[_stage(step)] -= 1
        if self._live is not None:
            self._live.advance(self._tasks[words])
        if not self._left[_stage(step)]:
            self._end(words, self.seconds[words])

    def _end(self, words: str, seconds: float) -> None:
        self.seconds[words] = seconds
        if self._live is not None:
            task = self._tasks[words]
            self._live.update(task, completed=self._live.tasks[task].total, now="")
        elif self._shows:
            print(f"  {words:<40}{seconds:7.1f} s", file=sys.stderr, flush=True)


def _stage(step: str) -> str:
    """Return the schema of a step's table; what fetches exports is part of reading them."""
    schema = step.partition("__")[0]
    return schema if schema in STAGES else "raw"


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(finished_text="[green]\N{CHECK MARK}"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[now]}"),
        console=Console(stderr=True),
    )
