"""Whom a number that a person gives is of: one patient, of a site where several have it, or nobody.

Belongs here: finding the pseudonym. Does not belong here: what is shown or erased of the patient.
"""

from __future__ import annotations

import duckdb

from il6_platform.errors import UsageError
from il6_platform.registry.pseudonyms import Pseudonyms


def patient_of(
    connection: duckdb.DuckDBPyConnection, pseudonyms: Pseudonyms, given: str
) -> str | None:
    """Return the pseudonym of a patient of whom a line is staged, or None.

    Parameters
    ----------
    given
        The registry's number, `SITE:NUMBER` (the site in capital or small letters), a number that
        was merged into another one, or the pseudonym.

    Raises
    ------
    UsageError
        Where several sites have the number and none is named.
    """
    known = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'staging' and table_name = 'lines'"
    ).fetchall()
    place, colon, of_site = given.partition(":")
    for number, site in ((given, None), (of_site, place if colon else "")) if known else ():
        found = connection.execute(
            "select patient, list(distinct site) from staging.lines "
            "where number = $number and patient is not null "
            "and ($site is null or lower(site) = lower($site)) group by patient",
            {"number": pseudonyms.of(number), "site": site},
        ).fetchall()
        if len(found) > 1:
            sites = sorted({one for _, listed in found for one in listed if one})
            raise UsageError(
                f"several sites have the number ({', '.join(sites)}); give SITE:NUMBER"
            )
        if found:
            return str(found[0][0])
    return None
