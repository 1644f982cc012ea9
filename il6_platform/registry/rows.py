"""An export's rows as the raw tables take them: known columns only, patients under pseudonyms.

Belongs here: what of an export enters DuckDB. Does not belong here: which columns a table has
(`native`), or writing to the database (`assets.registry`).
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from il6_platform.registry.exports import Export
from il6_platform.registry.pseudonyms import Pseudonyms, is_number


def rows_of(
    export: Export, kept: Collection[str], pseudonyms: Pseudonyms
) -> tuple[list[str], pa.Table]:
    """Return the names of the columns that enter, and the rows.

    Where an odd line stands in an export that has other columns too, its cells may have shifted
    out of one of these: of such a line only the pseudonym enters. What stands beyond the header
    never does.

    Returns
    -------
    names
        Of the columns, in the order of the header.
    rows
        `line`, `texts` (one a name, null where the cell is empty), `problem`.
    """
    places = [place for place, name in enumerate(export.header) if name in kept]
    problems = pa.nulls(len(export.lines), pa.string())
    if export.problems:
        said = [export.problems.get(row) for row in range(len(export.lines))]
        problems = pa.array(said, pa.string())
    is_unsure = len(places) < len(export.header)
    columns = []
    for place in places:
        column = export.columns[place]
        if export.header[place] == "patient_id":
            column = _pseudonymised(column, pseudonyms)
        elif is_unsure and export.problems:
            column = pc.if_else(problems.is_valid(), pa.scalar(None, pa.string()), column)
        columns.append(column)
    return [export.header[place] for place in places], pa.table(
        {
            "line": pa.array(export.lines, pa.int32()),
            "problem": problems,
            **{f"c{number}": column for number, column in enumerate(columns)},
        }
    )


def _pseudonymised(numbers: pa.Array, pseudonyms: Pseudonyms) -> pa.Array:
    """Replace each distinct number once."""
    coded = numbers.dictionary_encode()
    of = [
        pseudonyms.of(number) if is_number(number) else None
        for number in coded.dictionary.to_pylist()
    ]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(of, pa.string())).cast(
        pa.string()
    )
