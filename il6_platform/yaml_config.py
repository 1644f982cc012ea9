"""YAML files with typed content: study files, registry files and registry profiles.

Belongs here: reading one with errors that name file, line and key. Does not belong here: what its
keys mean (`study`, `registry.profiles`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from il6_platform.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)


_READER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""PyYAML over libyaml where it was built with it: profiles are long."""


class YamlConfigError(UsageError):
    """A file that cannot be used; the message names file, line, key and the fix."""


PATTERNS = {
    r"\S": "must not be empty",
    r"^[A-Za-z0-9_]+$": "must be letters A to Z, digits and _ alone",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "must be letters A to Z, digits and _ alone, no digit first",
    r"^[a-z][a-z0-9_]*$": "must be small letters a to z, digits and _ alone, a letter first",
    r"^[A-Z][A-Z0-9_]*$": "must be capital letters A to Z, digits and _ alone, a letter first",
    r"^[\w-]+$": "must be letters, digits, _ and - alone",
    r"^[0-9a-f]{12,64}$": "must be 12 to 64 of the signs 0 to 9 and a to f",
}
"""Form of a text -> how it is to be written."""

Place = tuple[int | str, ...]
"""Where in a file something stands: keys and positions from the top."""


def read_typed(
    path: Path,
    model: type[Model],
    what: str,
    otherwise: str,
    mistakes: Callable[[Model], Iterable[tuple[Place, str]]] = lambda _: (),
    *,
    as_text: bool = False,
    content: bytes | None = None,
) -> Model:
    """Read a YAML file as a model; no tag of it makes an object.

    Parameters
    ----------
    what
        What such a file is called in an error.
    otherwise
        What to do where the file cannot be read.
    mistakes
        Of a model whose types are right: what cannot be in it all the same, by its place.
    as_text
        Whether scalars are kept as strings: `No` does not become false nor 007 the number 7.
    content
        What the file holds, where it was read before.

    Raises
    ------
    YamlConfigError
        Naming file, line and key, and what to write instead, where the file is missing, is not
        YAML, has an unknown key, a key twice or a value that cannot be.
    """
    try:
        text = (path.read_bytes() if content is None else content).decode("utf-8")
        root = yaml.compose(text, Loader=_READER)
        # looked for first: what is made of a node spreads merged keys over it
        repeated = [] if root is None else [*_repeated(root)]
        reader = yaml.BaseLoader("") if as_text else yaml.SafeLoader("")
        read = None if root is None else reader.construct_document(root)
    except OSError as error:
        raise YamlConfigError(
            f"{what} {path}: cannot be read ({error.strerror}); {otherwise}"
        ) from None
    except UnicodeDecodeError:
        raise YamlConfigError(f"{what} {path}: is not UTF-8; save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise YamlConfigError(
            f"{what} {path}{line}: is not YAML ({getattr(error, 'problem', error)})"
        ) from None
    except (ValueError, RecursionError) as error:
        raise YamlConfigError(f"{what} {path}: is not YAML ({error})") from None
    if root is None or not isinstance(read, dict):
        raise YamlConfigError(f"{what} {path}, line 1: must be keys and values")
    found = [(place, "stands twice; keep one") for place in repeated]
    sentences = [_placed(root, place, words) for place, words in found]
    try:
        made = model.model_validate(read)
        sentences += [_placed(root, place, words) for place, words in mistakes(made)]
    except ValidationError as error:
        sentences += [_sentence(root, problem) for problem in error.errors()]
    if sentences:
        raise YamlConfigError(f"{what} {path}, " + "; ".join(dict.fromkeys(sentences)))
    return made


def _repeated(root: yaml.Node) -> Iterable[Place]:
    """Give the keys that stand more than once; YAML would keep the last without a word."""
    left: list[tuple[yaml.Node, Place]] = [(root, ())]
    seen = set()
    while left:
        node, place = left.pop()
        # an alias is the same node again
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            left += [(one, (*place, position)) for position, one in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            names = [str(key.value) for key, _ in node.value]
            yield from ((*place, name) for name in dict.fromkeys(names) if names.count(name) > 1)
            left += [(value, (*place, str(key.value))) for key, value in node.value]


def _sentence(root: yaml.Node, problem: Any) -> str:
    match problem["type"]:
        case "extra_forbidden":
            words = "unknown key; remove it or correct its spelling"
        case "missing":
            words = "is missing; add it"
        case "list_type" | "tuple_type":
            words = "must be a list, for example [a, b]"
        case "dict_type" | "model_type" | "model_attributes_type":
            words = "must be keys and values, for example {a: 1, b: 2}"
        case "string_type":
            words = "must be text; write it in quotes"
        case "string_pattern_mismatch":
            words = PATTERNS[problem["ctx"]["pattern"]]
        case _:
            words = problem["msg"].removeprefix("Value error, ")
    return _placed(root, problem["loc"], words)


def _placed(root: yaml.Node, place: Place, words: str) -> str:
    line, keys = _locate(root, place)
    return f"line {line}, key {'.'.join(keys) or '(top)'}: {words}"


def _locate(root: yaml.Node, location: Place) -> tuple[int, list[str]]:
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
