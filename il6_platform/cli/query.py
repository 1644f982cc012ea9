"""il6 query: ask the published database (read-only)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from il6_platform.cli.options import (
    add_study,
    check_file,
    check_outside,
    home_of,
    read_published,
    site_of,
)
from il6_platform.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = """examples:
  il6 query "from report.headline"
  il6 query --format csv "from report.results where analysis = 'cox'" > cox.csv
  il6 query --to curves.parquet "from report.curves"
  il6 query - < question.sql                a query from standard input
  il6 query "show all tables"               what there is to ask
"""

FORMATS = ("table", "csv", "json", "md", "parquet")

MISSING = "-"
"""What stands for a missing value in a table; csv leaves it empty, json writes null."""

NARROWEST = 12
"""Characters that a column needs, if it is not shorter, for rows to be shown in a table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_study(parser)
    parser.add_argument("--format", choices=FORMATS, help="default: by the name of --to, or table")
    parser.add_argument("--to", type=Path, metavar="FILE", help="write there; parquet needs it")
    parser.add_argument(
        "sql",
        nargs="?",
        default="-",
        help="for example: from report.headline; none, or -: from standard input",
    )


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    import duckdb

    ending = asked.to.suffix.removeprefix(".") if asked.to else ""
    form = asked.format or (ending if ending in FORMATS else "table")
    if form == "parquet" and asked.to is None:
        raise UsageError("parquet is no text: name the file with --to FILE")
    if asked.to is not None:
        check_outside(asked.to, home_of(asked))
        check_file(asked.to)
    if asked.sql == "-" and sys.stdin.isatty():
        raise UsageError('ask something: il6 query "from report.headline"')
    sql = sys.stdin.read() if asked.sql == "-" else asked.sql
    try:
        frame = read_published(site_of(asked), sql)
    except (duckdb.IOException, duckdb.InternalException, duckdb.FatalException):
        # no fault of the query: `il6` says what to do
        raise
    except duckdb.Error as error:
        raise UsageError(in_order(str(error))) from None
    if form == "parquet":
        frame.to_parquet(asked.to, index=False)
        return
    said = written(frame, form, width=None if asked.to else terminal_width())
    if asked.to:
        asked.to.write_text(f"{said}\n", encoding="utf-8")
    else:
        print(said)


def in_order(said: str) -> str:
    """Put DuckDB's words after the place that they are about: the reason is the last line.

    Examples
    --------
    >>> print(in_order("Parser Error: syntax\\n\\nLINE 1: frm\\n        ^"))
    LINE 1: frm
            ^
    Parser Error: syntax
    """
    reason, mark, place = said.strip().partition("LINE ")
    return "\n".join(filter(None, [f"{mark}{place}", " ".join(reason.split())]))


def terminal_width() -> int | None:
    """Return the columns of the terminal, or None where the output goes elsewhere."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def written(frame: pd.DataFrame, form: str, width: int | None) -> str:
    """Write a frame as text, without a line break at the end.

    Parameters
    ----------
    form
        One of `FORMATS` that is text.
    width
        Of a table: characters of a line at most; None: as many as it takes.
    """
    if form == "csv":
        return frame.to_csv(index=False, lineterminator="\n").rstrip("\n")
    if form == "json":
        return str(
            frame.to_json(
                orient="records",
                date_format="iso",
                double_precision=15,
                indent=2,
                force_ascii=False,
            )
        )
    cells = [[_cell(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    if form == "md":
        return _markdown([*map(str, frame.columns)], cells)
    return _table(frame, cells, width)


def _cell(value: object) -> str:
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return MISSING
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return value.date().isoformat()
    return str(value)


def _markdown(heads: list[str], cells: list[list[str]]) -> str:
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in cells]
    rows = [heads, ["---"] * len(heads), *escaped]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _table(frame: pd.DataFrame, cells: list[list[str]], width: int | None) -> str:
    """Write rows under their heads, or each row as a list where the columns do not fit."""
    heads = [*map(str, frame.columns)]
    longest = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    rows = f"{len(cells)} row{'s' if len(cells) != 1 else ''}"
    if width is not None and sum(min(one, NARROWEST) + 2 for one in longest) > width:
        return f"{_listed(heads, cells, width)}\n\n{rows}"
    return f"{_ruled(frame, cells, width)}\n\n{rows}"


def _ruled(frame: pd.DataFrame, cells: list[list[str]], width: int | None) -> str:
    """Write a table with numbers to the right; long texts wrap within the width."""
    from io import StringIO

    import pandas as pd
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stream = StringIO()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in frame.columns:
        is_number = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(
            Text(str(name)), justify="right" if is_number else "left", no_wrap=is_number
        )
    for row in cells:
        table.add_row(*map(Text, row))
    Console(file=stream, width=width or 10_000, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()).rstrip("\n")


def _listed(heads: list[str], cells: list[list[str]], width: int) -> str:
    """Write each row as a list of its columns."""
    import textwrap

    margin = max(map(len, heads)) + 2
    blocks = []
    for number, row in enumerate(cells, start=1):
        lines = [f"row {number}"]
        for head, cell in zip(heads, row, strict=True):
            said = textwrap.wrap(cell, max(width - margin - 2, 20)) or [""]
            lines.append(f"  {head:<{margin}}{said[0]}")
            lines += [f"  {'':<{margin}}{line}" for line in said[1:]]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
