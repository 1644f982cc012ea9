"""il6 study: write a study file by answering questions, or print the schema of a file's keys."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from il6_platform.cli.options import check_file
from il6_platform.errors import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

EXAMPLES = """examples:
  il6 study init                            asks, and writes study.yaml
  il6 study init --analyte crp --unit mg/L --drug bevacizumab --to crp.yaml
  il6 study schema study > study.schema.json    completion in an editor
"""

FILES = ("study", "registry", "profile")
"""Kinds of files that have a schema; `data/schemas` holds them."""

SCHEMA = "study.schema.json"
"""What the schema is called that is written beside a study file."""

QUESTIONS = (
    ("analyte", "Which analyte is the marker (as the exports call it, for example il6)?", "il6"),
    ("unit", "In which unit is it given?", "pg/mL"),
    ("label", "How is it written in texts?", "{analyte}"),
    ("drug", "Which drug does the experimental arm get?", "bevacizumab"),
    ("title", "What is the study called?", "{label} and the efficacy of {drug}"),
    ("endpoints", "Which endpoints, the first one decides (PFS, OS, ...)?", "PFS, OS"),
    ("cutoff", "Which cut-off: a number, or youden, median, maxstat?", "youden"),
)
"""Name, question, default, which may be made of the answers before."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("what", choices=("init", "schema"))
    parser.add_argument("file", nargs="?", choices=FILES, help="schema of which file")
    parser.add_argument("--to", type=Path, default=Path("study.yaml"), help="the study file")
    for name, question, default in QUESTIONS:
        parser.add_argument(f"--{name}", help=f"{question} [{default}]")


def run(asked: argparse.Namespace) -> None:
    """Run the command."""
    if asked.what == "schema":
        if asked.file is None:
            raise UsageError(f"name the file: il6 study schema {'|'.join(FILES)}")
        print(schema_text(asked.file), end="")
        return
    check_file(asked.to)
    if asked.to.exists():
        raise UsageError(f"{asked.to} is there already; name another file with --to")
    asked.to.write_text(written(_answers(asked)), encoding="utf-8")
    try:
        _check(asked.to)
    except UsageError:
        asked.to.unlink()
        raise
    # an editor that knows the schema completes keys and marks wrong ones
    asked.to.with_name(SCHEMA).write_text(schema_text("study"), encoding="utf-8")
    print(f"Written: {asked.to}\nNext: il6 refresh --study {asked.to} --landing FOLDER")


def schema(file: str) -> dict[str, Any]:
    """Return the JSON schema of a kind of file, made of the typed code."""
    from il6_platform.registry.profiles.profile import Profile
    from il6_platform.registry_file import RegistryFile
    from il6_platform.study import Study

    models: dict[str, type[BaseModel]] = {
        "study": Study,
        "registry": RegistryFile,
        "profile": Profile,
    }
    made = models[file].model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def schema_text(file: str) -> str:
    """Return the JSON schema of a kind of file as it is written."""
    return json.dumps(schema(file), indent=2, ensure_ascii=False) + "\n"


def _answers(asked: argparse.Namespace) -> dict[str, str]:
    """Return what was given, and ask for the rest where somebody can answer."""
    can_ask = sys.stdin.isatty() and all(getattr(asked, name) is None for name, *_ in QUESTIONS)
    found: dict[str, str] = {}
    for name, question, default in QUESTIONS:
        default = default.format(**found)
        given = getattr(asked, name)
        if given is None and can_ask:
            given = input(f"{question} [{default}] ").strip()
        found[name] = given or default
    return found


def written(answers: dict[str, str]) -> str:
    """Return the study file that answers make."""
    import yaml

    endpoints = [name.strip() for name in answers["endpoints"].split(",") if name.strip()]
    try:
        cutoff: dict[str, Any] = {"method": "fixed", "value": float(answers["cutoff"])}
    except ValueError:
        cutoff = {"method": answers["cutoff"]}
        if cutoff["method"] == "youden":
            cutoff["outcome"] = "response"
        elif cutoff["method"] == "maxstat":
            cutoff["outcome"] = {"endpoint": endpoints[0]}
    drug = answers["drug"]
    choices = {
        "title": answers["title"],
        "marker": {name: answers[name] for name in ("analyte", "label", "unit")},
        "arms": {
            "experimental_drug": drug,
            "experimental_label": f"With {drug}",
            "control_label": f"Without {drug}",
        },
        "endpoints": endpoints,
        "cutoff": cutoff,
    }
    head = (
        f"# yaml-language-server: $schema={SCHEMA}\n"
        "# All keys: `il6 study schema study`; what each means: docs/study_file.md.\n"
    )
    return head + yaml.safe_dump(choices, sort_keys=False, allow_unicode=True)


def _check(file: Path) -> None:
    from il6_platform.study import read_study

    _ = read_study(file)
