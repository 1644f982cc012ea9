"""Pages that are made of the code: commands, rules, tables, keys of study and registry file.

`python -m il6_platform_tests.documentation` writes them into `il6_platform/docs`, and the schemas
of the files that people write into `data/schemas`.
"""

from __future__ import annotations

import argparse
import re
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from il6_platform import cli, paths
from il6_platform.analysis.results import CURVE_COLUMNS, RESULT_COLUMNS
from il6_platform.cli.study import FILES, schema_text
from il6_platform.registry_file import RegistryFile
from il6_platform.study import Study
from il6_platform.validation.rulebook import book

FOLDER = paths.PACKAGE / "docs"
MADE = "Made of the code by `python -m il6_platform_tests.documentation`; do not edit.\n"


def commands() -> str:
    """Return the page of the command line."""
    parts = ["# Commands\n", MADE, (cli.__doc__ and cli.__doc__.split("\n\n")[1] + "\n") or ""]
    actions = cli.parser()._actions
    (subparsers,) = (one for one in actions if isinstance(one, argparse._SubParsersAction))
    for name, one in subparsers.choices.items():
        parts.append(f"## il6 {name}\n\n{one.description}\n")
        rows = [
            f"| `{', '.join(a.option_strings) or a.metavar or a.dest}` | {a.help or ''} |"
            for a in one._actions
            if a.dest != "help"
        ]
        parts.append("\n".join(["| argument | says |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def rules() -> str:
    """Return the page of the rule book."""
    parts = ["# Rules\n", MADE]
    for table, found in book().groupby("table", sort=False):
        rows = [
            f"| `{row['rule']}` | {row['severity']} | {row['who puts it right']} | {row['says']} |"
            for row in found.to_dict("records")
        ]
        head = ["| rule | severity | who puts it right | says |", "|---|---|---|---|"]
        parts.append("\n".join([f"## {table}\n", *head, *rows]) + "\n")
    return "\n".join(parts)


def tables() -> str:
    """Return the data dictionary: what the comments of the SQL files say."""
    parts = ["# Tables\n", MADE]
    contracts = {"report.results": RESULT_COLUMNS, "report.curves": CURVE_COLUMNS}
    found = {name: [*columns.items()] for name, columns in contracts.items()}
    for schema in ("report", "cohort", "staging", "raw"):
        for name, about in sorted(_commented(schema).items()):
            parts.append(f"## {name}\n\n{about[0]}.\n")
            rows = [f"| `{column}` | {says} |" for column, says in about[1]]
            parts.append("\n".join(["| column | holds |", "|---|---|", *rows]) + "\n")
        for name, columns in found.items():
            if name.startswith(f"{schema}."):
                rows = [f"| `{column}` | {says} |" for column, (_, says) in columns]
                parts.append(f"## {name}\n")
                parts.append("\n".join(["| column | holds |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _commented(schema: str) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return table -> its sentence, and its columns with theirs."""
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for path in sorted((paths.project_root() / "sql" / schema).glob("*.sql")):
        text = path.read_text("utf-8")
        said = r"'((?:[^']|'')*)'"
        for table, words in re.findall(rf"comment on table (\w+\.\w+) is {said}", text):
            found[table] = (words.replace("''", "'"), [])
        for table, column, words in re.findall(
            rf'comment on column (\w+\.\w+)\."?(\w+)"? is {said}', text
        ):
            if table in found:
                found[table][1].append((column, words.replace("''", "'")))
    return found


def keys_of(model: type[BaseModel], title: str) -> str:
    """Return the page of the keys of a file."""
    parts = [f"# {title}\n", MADE]
    for name, one in _parts(model):
        words = " ".join(str(one.__doc__ or "").split("\n\n")[0].split())
        parts.append(f"## {name}\n\n{words}\n")
        rows = [
            f"| `{field.alias or key}` | {_kind(field.annotation)} | {_default(field)} |"
            for key, field in one.model_fields.items()
        ]
        parts.append("\n".join(["| key | value | default |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _parts(
    model: type[BaseModel], name: str = "(top)", seen: set[type] | None = None
) -> Iterator[tuple[str, type[BaseModel]]]:
    seen = seen if seen is not None else set()
    if model in seen:
        return
    seen.add(model)
    yield name, model
    for key, field in model.model_fields.items():
        for one in _models(field.annotation):
            yield from _parts(one, key if name == "(top)" else f"{name}.{key}", seen)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models(inner)


def _kind(annotation: Any) -> str:
    """Return what a key takes, in words."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is type(None):
        return ""
    if origin is typing.Annotated:
        return _kind(inner[0])
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(words for one in inner if (words := _kind(one))))
    if origin in (tuple, list):
        one = _kind(inner[0])
        return f"list of {one}" if len(inner) < 2 or inner[1] is ... else f"[{one}, {one}]"
    if origin is dict:
        return f"keys: {_kind(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys as below"
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, {"date": "day", "Any": "anything"}.get(name, name))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined or isinstance(field.default, BaseModel):
        return ""
    return "" if field.default in (None, "", ()) else f"`{field.default}`"


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "rules.md": rules,
    "tables.md": tables,
    "study_keys.md": lambda: keys_of(Study, "Keys of a study file"),
    "registry_keys.md": lambda: keys_of(RegistryFile, "Keys of the registry file"),
}
"""File of `il6_platform/docs` -> what makes it."""


SCHEMAS = paths.project_root() / "data" / "schemas"


def write(folder: Path = FOLDER) -> None:
    """Write the pages and the schemas."""
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")
    for kind in FILES:
        (SCHEMAS / f"{kind}.schema.json").write_text(schema_text(kind), encoding="utf-8")


if __name__ == "__main__":
    write()
