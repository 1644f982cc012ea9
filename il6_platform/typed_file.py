"""YAML files with typed content: study files and registry profiles.

Belongs here: reading one with errors that name file, line and key. Does not belong here: what its
keys mean (`study`, `registry.profiles`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class TypedFileError(ValueError):
    """A file that cannot be used; the message names file, line, key and the fix."""


def read_typed(path: Path, model: type[Model], what: str, otherwise: str) -> Model:
    """Read a YAML file as a model; no tag of it makes an object.

    Parameters
    ----------
    what
        What such a file is called in an error.
    otherwise
        What to do where the file cannot be read.

    Raises
    ------
    TypedFileError
        Naming file, line and key, and what to write instead, where the file is missing, is not
        YAML, has an unknown key or a value that cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except OSError as error:
        raise TypedFileError(
            f"{what} {path}: cannot be read ({error.strerror}); {otherwise}"
        ) from None
    except UnicodeDecodeError:
        raise TypedFileError(f"{what} {path}: is not UTF-8; save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise TypedFileError(
            f"{what} {path}{line}: is not YAML ({getattr(error, 'problem', error)})"
        ) from None
    if not isinstance(content, dict):
        raise TypedFileError(f"{what} {path}, line 1: must be keys and values")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        sentences = [_sentence(root, problem) for problem in error.errors()]
        raise TypedFileError(f"{what} {path}, " + "; ".join(dict.fromkeys(sentences))) from None


def _sentence(root: yaml.Node | None, problem: Any) -> str:
    line, keys = _locate(root, problem["loc"]) if root else (1, [])
    where = f"line {line}, key {'.'.join(keys) or '(top)'}"
    match problem["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key; remove it or correct its spelling"
        case "missing":
            return f"{where}: is missing; add it"
        case _:
            return f"{where}: {problem['msg'].removeprefix('Value error, ')}"


def _locate(root: yaml.Node, location: tuple[int | str, ...]) -> tuple[int, list[str]]:
    """Follow a validation error's location into the YAML tree as far as it goes."""
    node, line, keys = root, root.start_mark.line + 1, []
    for step in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    node, line = value, key.start_mark.line + 1
                    keys.append(str(step))
                    break
            else:
                # a union names its branch in the location; a missing key has no node: say its name
                if step == location[-1] and str(step)[:1].islower():
                    keys.append(str(step))
        elif (
            isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value)
        ):
            node = node.value[step]
            line = node.start_mark.line + 1
            keys.append(str(step))
    return line, keys
