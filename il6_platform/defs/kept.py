"""Which analyses are not made again: what they are made of is what it was at the last refresh.

An analysis is a function of its arguments alone. A delivery that moves nothing in the cohort leaves
its rows in the study's database as they are, and `il6 refresh --force` makes them anew.

Belongs here: naming what an analysis is made of, and noting that beside its rows. Does not belong
here: making it (`defs.analysis`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from il6_platform.analysis.cohort import Cohort
from il6_platform.analysis.spec import Spec
from il6_platform.paths import code_version
from il6_platform.publishing.content import versions
from il6_platform.study import Study
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.digests import digest_of_rows

_NOTED = "study.analysed"
"""Table of the study's database: analysis, and the key of what its rows are made of."""


def key(warehouse: Warehouse, spec: Spec, given: tuple[Cohort, Study, date | None]) -> str:
    """Name all that an analysis is made of: its arguments, the code and the libraries.

    Parameters
    ----------
    given
        Its arguments, as `report.outcome.analyse` takes them.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    cohort, study, first_data_on = given
    tables = spec.reads if spec.makes_groups else (*spec.reads, *_OF_THE_WHOLE)
    digest = hashlib.sha256()
    for part in (
        *(code_version(), *versions().values()),
        *(study.model_dump_json(), str(first_data_on), repr(cohort.looks)),
        *(_of_table(warehouse, table) for table in tables),
        *(_of_rows_of(warehouse, one) for one in spec.after),
        *(_of_records(warehouse, cohort) if spec.looks_back else []),
    ):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


_OF_THE_WHOLE = ("cohort.set_aside", "cohort.panel")
"""What a cohort holds beside the tables that an analysis reads."""


def is_made_of(warehouse: Warehouse, analysis: str, key: str) -> bool:
    """Say whether the rows of an analysis, as they stand, are made of this."""
    return _noted(warehouse).get(analysis) == key


def note(warehouse: Warehouse, analysis: str, key: str) -> None:
    """Note what the rows of an analysis are made of, once they are written."""
    warehouse.query(f"insert into {_NOTED} values ($name, $key)", {"name": analysis, "key": key})
    _noted(warehouse)[analysis] = key


def forget(warehouse: Warehouse, analysis: str | None = None) -> None:
    """Forget what the rows of an analysis are made of, before they are written; or of all."""
    of = "" if analysis is None else " where analysis = $name"
    named = _noted(warehouse)
    warehouse.query(f"delete from {_NOTED}{of}", {"name": analysis} if analysis else None)
    for name in [analysis] if analysis else [*named]:
        named.pop(name, None)


def _noted(warehouse: Warehouse) -> dict[str, str]:
    def read() -> dict[str, str]:
        warehouse.query(f"create table if not exists {_NOTED} (analysis varchar, key varchar)")
        return dict(warehouse.query(f"from {_NOTED}").itertuples(index=False, name=None))

    return warehouse.once(_NOTED, read)


def _read(warehouse: Warehouse, table: str) -> pa.Table:
    with warehouse.connect() as connection:
        return connection.sql(f"from {table}").to_arrow_table()


def _of_rows_of(warehouse: Warehouse, analysis: str) -> str:
    """Return what names the rows of another analysis: what they are made of, where it is noted."""
    noted = _noted(warehouse).get(analysis)
    return noted or digest_of_rows(_read(warehouse, f"analysis.{analysis}"))


def _of_table(warehouse: Warehouse, table: str) -> str:
    """Return a hash of a table that does not change in the rest of the run."""
    return warehouse.once(f"content of {table}", lambda: digest_of_rows(_read(warehouse, table)))


def _of_records(warehouse: Warehouse, cohort: Cohort) -> Sequence[str]:
    """Return hashes of the records behind a cohort."""
    records = cohort.delivered
    assert records is not None
    days = f"{records.first_delivered_on} {records.known_on}"
    tables = sorted(records.tables.items())
    return warehouse.once(
        "content of the records",
        lambda: [days, *(f"{name} {digest_of_rows(of)}" for name, of in tables)],
    )
