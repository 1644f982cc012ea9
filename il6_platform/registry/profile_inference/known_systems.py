"""Exports of a system whose profile is shipped: the draft is that profile, fitted to the file.

Belongs here: CDISC, OMOP, FHIR and cBioPortal, whose columns are a standard's. Does not belong
here: an export whose columns have to be guessed (`draft`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from il6_platform import paths
from il6_platform.registry.formats import Sheet
from il6_platform.registry.native import TABLES
from il6_platform.registry.profile_inference.columns import quoted
from il6_platform.registry.profiles import Mapping, Profile, read_profiles
from il6_platform.registry.profiles.texts import column_name, listed

STANDARDS = ("cdisc", "omop", "fhir", "cbioportal")

ASSUMED = {"treatments": {"line": "1"}, "outcomes": {"unit": "days"}}
"""What a standard's export need not say, and a native table needs: assumed, and asked."""


def of_system(file: str, sheets: Sequence[Sheet]) -> tuple[list[str], list[str], list[str]] | None:
    """Return the shipped profile's keys for a file, the questions, and what it lacks; or None.

    Returns
    -------
    lines, questions, tables that are not there for want of a column; None where the file is of no
    standard.
    """
    shipped = read_profiles(paths.project_root() / "data" / "profiles")
    for profile in shipped:
        if profile.name in STANDARDS and profile.fits(file, sheets):
            return _fitted(profile, file, sheets)
    return None


def _fitted(
    profile: Profile, file: str, sheets: Sequence[Sheet]
) -> tuple[list[str], list[str], list[str]]:
    header = {column_name(name) for sheet in sheets for name in sheet.export.header}
    questions: list[str] = []
    lines = ["recognise:"]
    for one in profile.recognise:
        if set(one.columns) <= header:
            lines.append(f"  - {{columns: [{', '.join(map(quoted, one.columns))}]}}")
    for key, names in (("identifiers", profile.identifiers), ("missing", profile.missing)):
        here = [name for name in names if key == "missing" or column_name(name) in header]
        if here:
            lines.append(f"{key}: [{', '.join(map(quoted, here))}]")
    if profile.relative:
        lines.append(f"relative: {profile.relative}")
    lines.append("tables:")
    made: list[str] = []
    for mapping in profile.tables:
        if _is_of(mapping, header, sheets, profile):
            made += _written(mapping, header, questions)
    return [*lines, *made], questions, [] if made else [f"{file}: no table of {profile.title}"]


def _is_of(mapping: Mapping, header: set[str], sheets: Sequence[Sheet], profile: Profile) -> bool:
    """Whether a mapping reads the file, but for what is assumed of it."""
    needed = {
        column_name(mapping.columns[column])
        for column in (*mapping.requires, "patient_id")
        if column in mapping.columns
    }
    needed |= {
        column_name(name)
        for name, values in mapping.when.items()
        if "" not in listed(values) or "*" in listed(values)
    }
    native = TABLES[mapping.table].required
    given = [column for column, name in mapping.columns.items() if column_name(name) in header] + [
        *mapping.constants,
        *mapping.lacks,
        *ASSUMED.get(mapping.table, {}),
    ]
    is_whole = all(column in given for column in native)
    return needed <= header and is_whole


def _written(mapping: Mapping, header: set[str], questions: list[str]) -> Iterable[str]:
    here = {column: name for column, name in mapping.columns.items() if column_name(name) in header}
    constants = dict(mapping.constants)
    asked: dict[str, str] = {}
    assumed = ASSUMED.get(mapping.table, {})
    for column in TABLES[mapping.table].required:
        if column not in here and column not in constants and column in assumed:
            constants[column] = assumed[column]
            question = (
                f"{mapping.table}: no column {mapping.columns.get(column, column)} is there; is "
                f"{column} {assumed[column]} for all, as is assumed?"
            )
            questions.append(question)
            asked[column] = f"  # Q{len(questions)}"
    yield f"  - table: {mapping.table}"
    if mapping.when:
        pairs = ", ".join(f"{quoted(k)}: {_values(v)}" for k, v in mapping.when.items())
        yield f"    when: {{{pairs}}}"
    requires = [column for column in mapping.requires if column in here or column in constants]
    if requires:
        yield f"    requires: [{', '.join(requires)}]"
    if mapping.keep:
        kind = "first" if mapping.keep.first else "last"
        yield f"    keep: {{{kind}: {quoted(mapping.keep.first or mapping.keep.last or '')}}}"
    if mapping.lacks:
        yield f"    lacks: [{', '.join(mapping.lacks)}]"
    yield "    columns:"
    yield from (f"      {column}: {quoted(name)}" for column, name in here.items())
    if constants:
        yield "    constants:"
        yield from (
            f"      {column}: {quoted(value)}{asked.get(column, '')}"
            for column, value in constants.items()
        )
    codes = {column: known for column, known in mapping.codes.items() if column in here}
    if codes:
        yield "    codes:"
        for column, known in codes.items():
            pairs = ", ".join(f"{_key(code)}: {quoted(value)}" for code, value in known.items())
            yield f"      {column}: {{{pairs}}}"


def _values(values: str | tuple[str, ...]) -> str:
    if isinstance(values, str):
        return _key(values)
    return f"[{', '.join(map(_key, values))}]"


def _key(text: str) -> str:
    return quoted(text) if text else '""'
