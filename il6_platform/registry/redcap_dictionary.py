"""REDCap's data dictionary: what the fields of a project are called, coded and validated as.

Belongs here: reading one, as it is downloaded from the project or asked of its API, and what it
says of a column or cell. Does not belong here: what a label means to the study (`profiles`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from il6_platform.registry.cells import plain
from il6_platform.registry.exports import Export, ExportError
from il6_platform.registry.formats import open_sheets

COLUMNS = {
    "name": ("variable / field name", "field_name"),
    "form": ("form name", "form_name"),
    "kind": ("field type", "field_type"),
    "label": ("field label", "field_label"),
    "choices": ("choices, calculations, or slider labels", "select_choices_or_calculations"),
    "validation": (
        "text validation type or show slider number",
        "text_validation_type_or_show_slider_number",
    ),
    "identifier": ("identifier?", "identifier"),
}
"""What is read of a dictionary, as the download and the API call it."""

STRUCTURE = {
    "event name": "redcap_event_name",
    "repeat instrument": "redcap_repeat_instrument",
    "repeat instance": "redcap_repeat_instance",
    "data access group": "redcap_data_access_group",
}
"""REDCap's own columns, as an export with labels in the header calls them."""

CHECKED = {"0": "Unchecked", "1": "Checked"}
_FIXED = {
    "yesno": {"0": "No", "1": "Yes"},
    "truefalse": {"0": "False", "1": "True"},
}
_CHOOSING = ("radio", "dropdown", "checkbox")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: variable, form, type, label, code -> label, order of a date, identifier or not."""

    name: str
    form: str
    kind: str
    label: str
    choices: dict[str, str] = field(default_factory=dict)
    order: str | None = None
    identifier: bool = False


@dataclass(frozen=True)
class Dictionary:
    """The fields of a project by variable; checkboxes by `field___code`, one for each choice."""

    fields: Mapping[str, Field] = field(default_factory=dict)

    def variable(self, header: str) -> str:
        """Return the variable that a column's header stands for: itself, or the one of the label.

        A label that several fields share stands for none of them.
        """
        name = _words(header)
        if name in self.fields:
            return name
        return STRUCTURE.get(name, self._labels.get(name, name))

    def label(self, variable: str, text: str) -> str:
        """Return the label of a cell's code; what is no code comes back as it is."""
        known = self.fields.get(variable)
        return known.choices.get(text.lower(), text) if known else text

    def order(self, variable: str) -> tuple[str, ...]:
        """Return the order in which a field's dates are validated; empty where it is not said."""
        known = self.fields.get(variable)
        return (known.order,) if known and known.order else ()

    def identifiers(self) -> list[str]:
        """Return the variables that the project marks as identifiers."""
        return [name for name, one in self.fields.items() if one.identifier]

    @cached_property
    def _labels(self) -> dict[str, str]:
        labels = [(_words(one.label), name) for name, one in self.fields.items()]
        count = Counter(label for label, _ in labels)
        return {label: name for label, name in labels if label and count[label] == 1}


def is_dictionary(header: Iterable[str]) -> bool:
    """Whether a header is that of a data dictionary."""
    names = {_words(name) for name in header}
    return all(names & set(COLUMNS[key]) for key in ("name", "kind", "label", "choices"))


def read_dictionary(export: Export) -> Dictionary:
    """Read a data dictionary.

    Raises
    ------
    ExportError
        Where the file is none, or a choice is not written `code, label`; it names line and field.
    """
    if not is_dictionary(export.header):
        raise ExportError(
            "is no REDCap data dictionary: it lacks columns such as "
            "'Variable / Field Name' and 'Field Type'; download it from the project's Dictionary"
        )
    fields: dict[str, Field] = {}
    for row in export.rows:
        named = {_words(name): text for name, text in row.cells.items()}
        about = {
            key: next((named[name] for name in names if name in named), "")
            for key, names in COLUMNS.items()
        }
        name, kind = about["name"].lower(), about["kind"].lower()
        choices = _FIXED.get(kind, {})
        if kind in _CHOOSING:
            choices = _choices(about["choices"], row.line, name)
        order = re.match(r"date(?:time)?(?:_seconds)?_(dmy|mdy|ymd)", about["validation"].lower())
        label = _untagged(about["label"])
        private = about["identifier"].lower() in ("y", "yes", "1")
        known = Field(
            name, about["form"], kind, label, choices, order[1] if order else None, private
        )
        fields[name] = known
        if kind == "checkbox":
            for code, choice in choices.items():
                # REDCap names the column of code -1 field____1
                box = f"{name}___{code.replace('-', '_')}"
                words = f"{label} (choice={choice})"
                fields[box] = Field(box, about["form"], kind, words, CHECKED, None, private)
    return Dictionary(fields)


def dictionary_beside(file: Path) -> tuple[str, Dictionary] | None:
    """Return name and content of the data dictionary in an export's folder, or None."""
    for path in sorted(file.parent.glob("*dictionary*.csv")):
        if path != file:
            (sheet,) = open_sheets(path.name, path.read_bytes())
            if is_dictionary(sheet.export.header):
                return path.name, read_dictionary(sheet.export)
    return None


def _choices(text: str, line: int, name: str) -> dict[str, str]:
    choices = {}
    for choice in filter(str.strip, text.split("|")):
        code, comma, label = choice.partition(",")
        if not comma or not code.strip():
            raise ExportError(
                f"line {line}, field {name}: a choice is not written `code, label`; download the "
                "dictionary again"
            )
        choices[code.strip().lower()] = _untagged(label)
    return choices


def _untagged(text: str) -> str:
    """Return a label without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def _words(text: str) -> str:
    return " ".join(plain(text).lower().split())
