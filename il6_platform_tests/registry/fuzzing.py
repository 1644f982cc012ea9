"""Mutated exports, and an intake that they are driven through: what must hold of any input.

`python -m il6_platform_tests.benchmarks.fuzz_intake` runs thousands; `test_fuzz` some hundreds.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import re
import struct
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

from il6_platform import paths
from il6_platform.registry import raw
from il6_platform.registry.deliveries import Opened, open_deliveries
from il6_platform.registry.landing import digest_of
from il6_platform.registry.native import TABLES
from il6_platform.registry.profiles import Profile, read_profiles
from il6_platform.registry.redcap_dictionary import is_dictionary
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform_tests.derivation import stage
from il6_platform_tests.registry import foreign
from il6_platform_tests.registry.biff import xls

Grid = list[list[str]]

PLANTED = "Plantagenet"
"""A name that is written into columns where names do not belong."""

ODD_CELLS = (
    *(
        "",
        " ",
        "NA",
        "ND",
        "-99",
        "未检出",
        "2021/3/5",
        "05-Mar-2021",
        "44260",
        "31/02/2021",
        "12,5",
    ),
    *(
        "<1.5",
        ">5,000",
        "1.2e1",
        "1e999",
        "nan",
        "inf",
        "\uff11\uff12\uff0e\uff15",
        "9" * 400,
        "-0",
        "0x1f",
        "TRUE",
    ),
    *("=1+1", "=cmd|' /C calc'!A0", "@SUM(1)", "<script>alert(1)</script>", "{{7*7}}", "%s%n"),
    *("'; drop table raw.labs; --", '"', "'", "a\nb", "a\r\nb", "\t", ";", ",", "|", "\ufeff"),
    *("\u202e", "\u200b", "é", "王", "😀", "x" * 5000, "0001-01-01", "9999-12-31", "2021-02-30"),
    *("2021-13-01", "10000-01-01", "-2021-01-01", "null", "None", "../../etc/passwd", PLANTED),
)
ODD_BYTES = (
    b"\0",
    b"\r",
    b"\n",
    b'"',
    b"'",
    b",",
    b";",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\x1a",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "cp1252", "latin-1", "utf-7")
ENDS = ("\n", "\r\n", "\r")
DELIMITERS = (",", ";", "\t", "|", ":", " ")


@dataclass(frozen=True)
class Seed:
    """A shipped export: its name, its tables, and how they are wrapped."""

    file: str
    sheets: dict[str, Grid]
    kind: str
    encoding: str = "utf-8"
    delimiter: str = ","


@dataclass
class Input:
    """A mutated export.

    Attributes
    ----------
    lines
        Lines of data that it holds by construction; None where bytes were changed afterwards.
    """

    file: str
    content: bytes
    steps: list[str] = field(default_factory=list)
    lines: int | None = None
    identifiers: frozenset[str] = frozenset()


@cache
def seeds(most_rows: int = 40) -> tuple[Seed, ...]:
    """Return the sample exports of every format, each cut to its first rows."""
    found = []
    for day in ("2019-12-31", "2023-12-31"):
        for path in sorted((paths.demo_landing() / day).glob("*.csv")):
            grid = list(csv.reader(io.StringIO(path.read_text("utf-8"))))[: most_rows + 1]
            found.append(Seed(f"{day}/{path.name}", {"": grid}, "text"))
        for make in foreign.FORMATS.values():
            ((file, content),) = make(day).items()
            found.append(_opened(file, content, most_rows))
    return tuple(found)


def _opened(file: str, content: bytes, most_rows: int) -> Seed:
    if file.endswith(".xlsx"):
        return Seed(file, _workbook_grids(content, most_rows), "xlsx")
    kind, members = "text", {"": content}
    if file.endswith(".gz"):
        kind, members = "gz", {"": gzip.decompress(content)}
    if file.endswith(".zip"):
        kind = "zip"
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    grids, encoding, delimiter = {}, "utf-8", ","
    for name, member in members.items():
        encoding = _encoding(member)
        text = member.decode(encoding)
        delimiter = max(",;\t", key=text.splitlines()[0].count)
        grid = _grid(text, delimiter)
        # of every instrument some: they stand one below the other
        grids[name] = [grid[0], *grid[1 :: max(1, len(grid) // most_rows)]]
    return Seed(file, grids, kind, encoding, delimiter)


def _encoding(content: bytes) -> str:
    if content.startswith(b"\xff\xfe"):
        return "utf-16"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _grid(text: str, delimiter: str) -> Grid:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _workbook_grids(content: bytes, most_rows: int) -> dict[str, Grid]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True)
    return {
        sheet.title: [
            ["" if cell is None else str(cell) for cell in row]
            for _, row in zip(range(most_rows + 1), sheet.iter_rows(values_only=True), strict=False)
        ]
        for sheet in book.worksheets
    }


# --- mutations ------------------------------------------------------------------------------------


def mutated(random: Random) -> Input:
    """Return a mutated export; the same state of `random` gives the same one."""
    seed = random.choice(seeds())
    sheets = {name: [list(row) for row in grid] for name, grid in seed.sheets.items()}
    # a dictionary's first column holds the names of fields
    data = [grid for grid in sheets.values() if not is_dictionary(grid[0])]
    numbers = {row[0] for grid in data for row in grid[1:] if row}
    made = Input(
        seed.file, b"", identifiers=frozenset({PLANTED, *(n for n in numbers if len(n) > 5)})
    )
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 6))):
        name = random.choice(list(sheets))
        step = random.choice(GRID_STEPS)
        step(random, sheets[name])
        made.steps.append(step.__name__)
    encoding, delimiter, end = seed.encoding, seed.delimiter, "\r\n"
    kind = seed.kind
    if random.random() < 0.3:
        encoding = random.choice(ENCODINGS)
        made.steps.append(encoding)
    if random.random() < 0.25:
        delimiter = random.choice(DELIMITERS)
        made.steps.append(f"delimiter {delimiter!r}")
    if random.random() < 0.3:
        end = random.choice(ENDS)
        made.steps.append(f"end {end!r}")
    if random.random() < 0.2:
        kind = random.choice(("text", "gz", "zip", "xlsx", "xls"))
        made.steps.append(kind)
    made.content = wrapped(sheets, kind, encoding, delimiter, end)
    if kind in ("text", "gz") and len(sheets) > 1:
        sheets = dict([next(iter(sheets.items()))])
    made.lines = sum(_lines(grid) for grid in sheets.values())
    if any("dictionary" in name for name in sheets):
        # a data dictionary is read, and is no table of patients
        made.lines = None
    for _ in range(random.choice((0, 0, 0, 0, 0, 1, 1, 3))):
        change = random.choice(BYTE_STEPS)
        made.content = change(random, made.content)
        made.steps.append(change.__name__)
        made.lines = None
    if random.random() < 0.15:
        made.file = random.choice(FILES)(made.file)
        made.steps.append("renamed")
    return made


def _lines(grid: Grid) -> int:
    """Lines of data: filled ones below the first filled one."""
    return max(0, sum(any(cell.strip() for cell in row) for row in grid) - 1)


def wrapped(sheets: dict[str, Grid], kind: str, encoding: str, delimiter: str, end: str) -> bytes:
    """Write tables as a file."""
    texts = {
        name: _text(grid, delimiter, end).encode(encoding, "replace")
        for name, grid in sheets.items()
    }
    if kind == "xls":
        with contextlib.suppress(ValueError, struct.error):
            return xls({name[:31] or "Sheet1": grid for name, grid in sheets.items()})
    if kind in ("xlsx", "xls"):
        return _xlsx(sheets)
    if kind == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                archive.writestr(zipfile.ZipInfo(name or "labs.csv", (2000, 1, 1, 0, 0, 0)), text)
        return out.getvalue()
    first = next(iter(texts.values()))
    return gzip.compress(first, mtime=0) if kind == "gz" else first


def _text(grid: Grid, delimiter: str, end: str) -> str:
    out = io.StringIO()
    # Python quotes a line feed only where lines end in one
    has_ends = any("\n" in cell or "\r" in cell for row in grid for cell in row)
    quoting = csv.QUOTE_ALL if has_ends else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    for row in grid:
        # a lone empty cell would be written as a quoted one, which is a line and no row
        writer.writerow(row if any(row) else [])
    return out.getvalue()


def _xlsx(sheets: dict[str, Grid]) -> bytes:
    from xlsxwriter import Workbook

    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as workbook:
        for name, grid in sheets.items():
            sheet = workbook.add_worksheet(re.sub(r"[\[\]:*?/\\']", "_", name)[:31] or None)
            for place, row in enumerate(grid):
                for column, cell in enumerate(row[:16000]):
                    if cell:
                        sheet.write_string(place, column, cell[:32000])
    return out.getvalue()


def change_cell(random: Random, grid: Grid) -> None:
    for _ in range(random.choice((1, 1, 3, 30))):
        row = random.choice(grid)
        if row:
            row[random.randrange(len(row))] = random.choice(ODD_CELLS)


def change_column(random: Random, grid: Grid) -> None:
    column, value = random.randrange(max(1, len(grid[0]))), random.choice(ODD_CELLS)
    for row in grid[1:]:
        if column < len(row):
            row[column] = value


def empty_cells(random: Random, grid: Grid) -> None:
    for row in random.sample(grid, min(len(grid), random.choice((1, 5, 40)))):
        for place in range(1 if random.random() < 0.5 else 0, len(row)):
            if random.random() < 0.6:
                row[place] = ""


def widen_row(random: Random, grid: Grid) -> None:
    row = random.choice(grid)
    row.insert(random.randrange(len(row) + 1), random.choice(ODD_CELLS))


def narrow_row(random: Random, grid: Grid) -> None:
    row = random.choice(grid)
    if row:
        del row[random.randrange(len(row)) :]


def drop_rows(random: Random, grid: Grid) -> None:
    start = random.randrange(len(grid))
    del grid[start : start + random.choice((1, 3, 1000))]
    if not grid:
        grid.append([])


def double_rows(random: Random, grid: Grid) -> None:
    start = random.randrange(len(grid))
    grid[start:start] = [list(row) for row in grid[start : start + random.choice((1, 3, 50))]]


def shuffle_rows(random: Random, grid: Grid) -> None:
    body = grid[1:]
    random.shuffle(body)
    grid[1:] = body


def blank_rows(random: Random, grid: Grid) -> None:
    for _ in range(random.choice((1, 5))):
        grid.insert(random.randrange(len(grid) + 1), [""] * random.choice((0, 1, 3)))


def drop_column(random: Random, grid: Grid) -> None:
    column = random.randrange(max(1, len(grid[0])))
    for row in grid:
        del row[column : column + 1]


def rename_column(random: Random, grid: Grid) -> None:
    if grid[0]:
        header = grid[0]
        header[random.randrange(len(header))] = random.choice(
            (*ODD_CELLS, "sex", "patient_id", "notes")
        )


def change_header_dress(random: Random, grid: Grid) -> None:
    how = random.choice(
        (str.upper, str.title, lambda text: f" {text} ", lambda text: text + "\u00a0")
    )
    grid[0] = [how(name) for name in grid[0]]


def double_column(random: Random, grid: Grid) -> None:
    column = random.randrange(max(1, len(grid[0])))
    for row in grid:
        row[column:column] = row[column : column + 1]


def reorder_columns(random: Random, grid: Grid) -> None:
    order = list(range(len(grid[0])))
    random.shuffle(order)
    for place, row in enumerate(grid):
        grid[place] = [row[column] if column < len(row) else "" for column in order]


def add_column(random: Random, grid: Grid) -> None:
    width = len(grid[0])
    grid[0].append(random.choice(("full_name", "notes", "电话", "=x", "x" * 300, "a'b\"c")))
    for row in grid[1:]:
        # under its own header, whatever became of the row: a workbook's row may be short
        row += [""] * (width - len(row))
        row.insert(
            width, random.choice((f"{PLANTED} of the column", "", "free text, with a comma"))
        )


def many_columns(random: Random, grid: Grid) -> None:
    more = random.choice((50, 3000))
    grid[0].extend(f"column_{place}" for place in range(more))


def drop_header(random: Random, grid: Grid) -> None:
    if len(grid) > 1:
        del grid[0]


def title_row(random: Random, grid: Grid) -> None:
    grid.insert(0, [random.choice(("Export of the registry", PLANTED, "2023-12-31"))])


def other_dates(random: Random, grid: Grid) -> None:
    write = random.choice(
        (
            lambda y, m, d: f"{y}/{int(m)}/{int(d)}",
            lambda y, m, d: f"{d}/{m}/{y}",
            lambda y, m, d: f"{m}/{d}/{y}",
            lambda y, m, d: datetime(int(y), int(m), int(d)).strftime("%d-%b-%Y"),
            lambda y, m, d: str((datetime(int(y), int(m), int(d)) - datetime(1899, 12, 30)).days),
            lambda y, m, d: f"{y}年{int(m)}月{int(d)}日",
            lambda y, m, d: f"{y}-{m}-{d}T00:00:00Z",
        )
    )
    for row in grid[1:]:
        for place, cell in enumerate(row):
            found = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", cell)
            if found and 1 <= int(found[2]) <= 12 and 1 <= int(found[3]) <= 28:
                row[place] = write(*found.groups())


GRID_STEPS: tuple[Callable[[Random, Grid], None], ...] = (
    *(change_cell, change_column, empty_cells, widen_row, narrow_row, drop_rows, double_rows),
    *(shuffle_rows, blank_rows, drop_column, rename_column, change_header_dress, double_column),
    *(reorder_columns, add_column, many_columns, drop_header, title_row, other_dates),
)


def flip(random: Random, content: bytes) -> bytes:
    made = bytearray(content)
    for _ in range(random.choice((1, 1, 5, 50))):
        if made:
            made[random.randrange(len(made))] ^= 1 << random.randrange(8)
    return bytes(made)


def insert(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + random.choice(ODD_BYTES) * random.choice((1, 3)) + content[place:]


def delete(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + content[place + random.choice((1, 2, 100)) :]


def truncate(random: Random, content: bytes) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def repeat(random: Random, content: bytes) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + content[random.randrange(len(content) + 1) :] + content[place:]


def noise(random: Random, content: bytes) -> bytes:
    return random.randbytes(random.choice((1, 10, 1000)))


BYTE_STEPS: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(flip, flip, insert, insert, delete, delete, truncate, truncate, repeat, noise),
)

FILES: tuple[Callable[[str], str], ...] = (
    lambda file: "export.csv",
    lambda file: f"{file}.gz",
    lambda file: file.replace("labs", "patients"),
    lambda file: 'it\'s "quoted"; drop table.csv',
    lambda file: "2019-99-99/2021-02-30.xlsx",
    lambda file: "x" * 200,
    lambda file: "..".join(file.split("/")),
)


# --- the intake -----------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What became of an input."""

    made: Input
    status: str
    seconds: float
    faults: list[str] = field(default_factory=list)


class Intake:
    """A working database through which exports are driven, many to a cut."""

    def __init__(self, folder: Path, slow: float = 10.0) -> None:
        self.slow = slow
        self.profiles: list[Profile] = read_profiles(paths.project_root() / "data" / "profiles")
        study = folder / "study.yaml"
        study.write_text(
            paths.default_study().read_text("utf-8").replace("replicates: 2000", "replicates: 0")
        )
        (folder / "landing").mkdir(exist_ok=True)
        self.warehouse = Warehouse(
            site=Site(
                home=str(folder / "home"), landing=str(folder / "landing"), study_file=str(study)
            )
        )
        self._kept: dict[str, bytes] = {}
        # a home has its key before it has a database
        _ = self.warehouse.pseudonyms
        self._shown = self.warehouse.connect()
        self.connection = self._shown.__enter__()
        self.warehouse.prepare()

    def close(self) -> None:
        self._shown.__exit__(None, None, None)

    def drive(self, batch: Iterable[Input], *, judged: bool = True) -> list[Outcome]:
        """Open exports, load them as one cut, stage and judge it; say what did not hold."""
        self._empty()
        outcomes = [self._open(made) for made in batch]
        raw.order(self.connection, None)
        covariates = [one.name for one in self.warehouse.study.covariates]
        for table in TABLES:
            raw.load(
                self.connection,
                table,
                covariates,
                self._kept.__getitem__,
                self.warehouse.pseudonyms,
            )
        for outcome in outcomes:
            if outcome.status == "accepted":
                outcome.faults += self._lost(outcome.made)
        self._stage(judged)
        unaccounted = self.connection.execute(
            "select coalesce(sum(unaccounted), 0) from staging.balance"
        ).fetchone()
        assert unaccounted is not None
        if judged and unaccounted[0]:
            outcomes[0].faults.append(f"the balance of the cut: {unaccounted[0]} lines unaccounted")
        inside = self.connection.execute(
            " union all ".join(
                f"select any_value(file) from raw.{table} where contains(lower(cells::varchar || "
                f"coalesce(problem, '')), '{PLANTED.lower()} of the column') group by delivery"
                for table in TABLES
            )
        ).fetchall()
        if inside:
            outcomes[0].faults.append(f"a column that is not read is in raw: {inside[:3]}")
        return outcomes

    def _empty(self) -> None:
        self._kept.clear()
        for table in ("deliveries", "sources", "passed_over", "columns", "erased", *TABLES):
            self.connection.execute(f"delete from raw.{table}")

    def _open(self, made: Input) -> Outcome:
        started = time.perf_counter()
        digest = digest_of(made.content)
        try:
            opened = open_deliveries(made.file, made.content, self.profiles)
            self._kept[digest] = made.content
            for one in opened.deliveries:
                if one.native is not None:
                    self._kept[one.digest] = one.native
            is_known, since = raw.arrived(self.connection, digest)
            if not is_known:
                raw.record(self.connection, digest, made.file, opened, since or datetime.now(UTC))
        except Exception:
            seconds = time.perf_counter() - started
            return Outcome(made, "traceback", seconds, [traceback.format_exc()])
        outcome = Outcome(made, opened.deliveries[0].status, time.perf_counter() - started)
        outcome.faults += list(wrong(opened, made))
        if outcome.seconds > self.slow:
            outcome.faults.append(f"took {outcome.seconds:.0f} s")
        return outcome

    def _lost(self, made: Input) -> list[str]:
        """Hold the lines that are in raw or passed over against the lines of the file."""
        digest = digest_of(made.content)
        in_raw = " union all ".join(
            f"select '{table}' as t, delivery, line from raw.{table}" for table in TABLES
        )
        row = self.connection.execute(
            f"with r as ({in_raw}), d as (from raw.deliveries where $d in (delivery, source)) "
            "select (select count(distinct (d.sheet, r.line)) from r join d using (delivery)), "
            "(select count(line) from raw.passed_over where source = $d), "
            "(select sum(lines) from raw.sources where source = $d), "
            "(select sum(lines) from d where source is null)",
            {"d": digest},
        ).fetchone()
        assert row is not None
        taken, passed, of_sheets, of_file = row
        said = of_sheets if of_sheets is not None else of_file
        faults = []
        if taken + passed != said:
            faults.append(f"{said} lines were read, {taken} are in raw, {passed} passed over")
        if made.lines is not None and said != made.lines:
            faults.append(f"the file has {made.lines} lines, {said} were read")
        return faults

    def _stage(self, judged: bool) -> None:
        stage(self.warehouse, judge=judged)


def wrong(opened: Opened, made: Input) -> Iterable[str]:
    if not opened.deliveries:
        yield "neither accepted nor refused"
    for one in opened.deliveries:
        if one.status == "accepted":
            if one.problem is not None or one.export is None:
                yield "accepted with a problem"
            continue
        if one.status not in ("rejected", "unrecognised", "passed over") or not one.problem:
            yield f"{one.status} without a sentence"
            continue
        if "\n" in one.problem or len(one.problem) > 2000:
            yield f"a sentence of {len(one.problem)} characters or several lines"
        held = [word for word in made.identifiers if word in one.problem]
        if held:
            yield f"an identifier is in the message: {one.problem[:300]}"


def table(outcomes: Iterable[Outcome]) -> str:
    """Say how many inputs came to which end."""
    every = list(outcomes)
    counts = Counter(one.status for one in every)
    rows = [f"  {status:<14}{n:>8}" for status, n in counts.most_common()]
    slowest = max(every, key=lambda one: one.seconds)
    faulty = [one for one in every if one.faults]
    return "\n".join(
        [
            *rows,
            f"  {'all':<14}{len(every):>8}",
            f"slowest to open: {slowest.seconds:.2f} s; broken invariants: {len(faulty)}",
        ]
    )
