"""The house stays in order: imports point one way, a box is found by its name."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from il6_platform import paths
from il6_platform.definitions import build_defs

PACKAGE = paths.PACKAGE
# who may import whom: a layer imports only those after it
LAYERS = [
    {"cli"},
    {"definitions"},
    {"defs"},
    {"publishing", "manuscript", "exchange", "network", "notebook"},
    {"report"},
    {"figures"},
    {"analysis"},
    {"cohort", "privacy"},
    {"warehouse"},
    {"validation", "registry", "statistics"},
    {"registry_file"},
    {"study"},
    {"endpoints", "expressions", "translation"},
    {"workers"},
    {
        "cron",
        "yaml_config",
        "paths",
        "dagster_storage",
        "files",
        "templates",
        "time_units",
        "bounded",
    },
    {"settings"},
    {"errors"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if here in ("__init__", "_project"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(
            "il6_platform"
        ):
            continue
        parts = (node.module or "").split(".")
        names = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        for name in names:
            if name == here:
                continue
            assert LEVEL[name] > LEVEL[here], f"{here} imports {name}"
            if here == "statistics":
                raise AssertionError("statistics imports none of the others")


def test_every_box_has_its_code_description_owner_and_kind(tmp_path: Path) -> None:
    defs = build_defs(tmp_path / "home", tmp_path, paths.default_study())
    graph = defs.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    assert len(keys) > 25
    for key in keys:
        node = graph.get(key)
        schema, table = key.path
        if (schema, table) != ("analysis", "cutoff"):
            assert node.group_name == {"raw": "registry"}.get(schema, schema)
        assert node.description and node.owners and node.kinds, key
        sql = paths.sql_file(f"{schema}.{table}").exists()
        python = (PACKAGE / schema / f"{table}.py").exists()
        module = PACKAGE / "defs" / ("raw.py" if schema == "raw" else f"{node.group_name}.py")
        # what makes it and what judges it is a click away, and whose rows it holds is said
        links = node.metadata["dagster/code_references"].code_references
        assert links and all(Path(link.file_path).exists() for link in links), key
        assert sql == any(link.label == "SQL" for link in links), key
        assert node.tags["holds"] in ("patients", "summaries")
        assert schema not in ("analysis", "report") or node.tags["holds"] == "summaries"
        assert sql or python or f"def {table}(" in module.read_text() or schema == "raw", key


def test_every_staging_table_has_its_rules_and_its_sql() -> None:
    for table in ("patients", "treatments", "labs", "assessments", "follow_up", "outcomes"):
        assert (PACKAGE / "validation" / f"{table}.py").exists()
        assert paths.sql_file(f"validation.{table}").exists()
        assert paths.sql_file(f"staging.{table}").exists()


def test_the_length_of_a_month_stands_once() -> None:
    sources = [*modules(), *(paths.project_root() / "sql").rglob("*.sql")]
    length = re.compile(r"30\.4375|365\.25|30\.44")
    holding = {
        path.name
        for path in sources
        for line in path.read_text("utf-8").splitlines()
        # what it is may be told to a reader
        if length.search(line) and not line.lstrip().startswith(("--", "comment on"))
    }
    assert holding == {"time_units.py"}


def test_functions_are_short() -> None:
    lengths = {
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    assert not {name: lines for name, lines in lengths.items() if lines > 100}
    long = {name: lines for name, lines in lengths.items() if lines > 60}
    assert len(long) <= 0.02 * len(lengths), long


ENTRIES = {
    *("il6_platform", "il6_platform_tests", "sql", "data"),
    *("README.md", "LICENSE", "Makefile", "Containerfile", "pyproject.toml", "constraints.txt"),
    *("constraints-hashed.txt", "workspace.yaml", "dagster.yaml", ".ci", ".gitignore"),
}
KEPT_OUT = re.compile(
    r"(^|/)(pseudonym\.key|home\.json|log|ledger|merged_patients\.csv|registry\.content)$"
    r"|\.(key|pem|duckdb|wal|db|sqlite3?|pyc|env)$|(^|/)(\.il6|deliveries|released)/"
)
"""What a home holds, and what no repository does: keys, databases, received files."""


def test_the_repository_holds_what_it_should_and_no_home() -> None:
    root = paths.project_root()
    if not (root / ".git").exists():
        pytest.skip("no repository: an installed copy")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    )
    tracked = [name for name in listed.stdout.split("\0") if name]
    assert {name.partition("/")[0] for name in tracked} <= ENTRIES
    assert not [name for name in tracked if KEPT_OUT.search(name)]
    # a key is 32 bytes or their hexadecimal digits, whatever its name
    files = [root / name for name in tracked if (root / name).is_file()]
    small = {path: path.read_bytes().strip() for path in files if path.stat().st_size < 100}
    keys = [p for p, b in small.items() if len(b) == 32 or re.fullmatch(rb"[0-9a-fA-F]{64}", b)]
    assert not keys
    assert not [p for p in files if p.read_bytes()[8:12] == b"DUCK"]
