"""FHIR R4 resources as rows: a column for each thing that is asked of a resource.

FHIR says one thing in several ways: a day as `effectiveDateTime` or `effectivePeriod`, a code in
several systems, a reference as `Patient/7` or `urn:uuid:...`. Beside the paths of a resource stand
columns that say it in one way: `effective`, `code.loinc`, `subject.id`, `value` (with its `<`).

Belongs here: those columns, by the specification (http://hl7.org/fhir/R4/datatypes.html). Does not
belong here: what a code means (a profile).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

SYSTEMS = {
    "http://loinc.org": "loinc",
    "http://snomed.info/sct": "snomed",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "http://www.whocc.no/atc": "atc",
    "http://hl7.org/fhir/sid/icd-10-cm": "icd10",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
}
"""Systems of codes -> how their column ends."""

_CHOICE = re.compile(
    r"(effective|value|medication|onset|abatement|performed|occurrence|deceased)"
    r"(CodeableConcept|DateTime|Date|Instant|Quantity|String|Period|Reference|Boolean|Integer)"
)
"""Elements of which FHIR has one a type (`value[x]`)."""


def is_resource(record: Any) -> bool:
    """Say whether a record is a FHIR resource."""
    return isinstance(record, dict) and isinstance(record.get("resourceType"), str)


def resources(bundle: Mapping[str, Any]) -> list[Any]:
    """Return the resources of a bundle, each reference by the id of what it refers to."""
    entries = [one for one in bundle.get("entry") or [] if isinstance(one, dict)]
    found = [one.get("resource", one) for one in entries]
    ids = {
        one["fullUrl"]: resource["id"]
        for one, resource in zip(entries, found, strict=True)
        if is_resource(resource) and isinstance(one.get("fullUrl"), str) and "id" in resource
    }
    return [_resolved(resource, ids) for resource in found]


def columns(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns that say in one way what a resource says.

    Examples
    --------
    >>> columns({"resourceType": "Observation", "subject": {"reference": "Patient/7"},
    ...          "valueQuantity": {"value": "1.5", "comparator": "<", "code": "pg/mL"}})
    {'subject.id': '7', 'value': '<1.5', 'value.unit': 'pg/mL'}
    """
    found: dict[str, str] = {}
    for name, value in resource.items():
        choice = _CHOICE.fullmatch(name)
        for column, text in _said(choice[1] if choice else name, value):
            found.setdefault(column, text)
    return found


def _said(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        # several codings of one thing are in one element; several elements are several things
        value = value[0] if value else None
    if isinstance(value, str) and _is_choice(name):
        yield name, value
    if isinstance(value, bool) and _is_choice(name):
        yield name, "1" if value else "0"
    if not isinstance(value, dict):
        return
    if isinstance(value.get("reference"), str):
        yield f"{name}.id", re.split(r"[/:]", value["reference"])[-1]
    if "coding" in value or "text" in value:
        yield from _coded(name, value)
    if "start" in value or "end" in value:
        yield name, str(value.get("start", ""))
        yield f"{name}.end", str(value.get("end", ""))
    if "value" in value and ("unit" in value or "code" in value or "comparator" in value):
        yield name, f"{value.get('comparator', '')}{value['value']}"
        yield f"{name}.unit", str(value.get("code") or value.get("unit") or "")


def _coded(name: str, concept: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    codings = [one for one in concept.get("coding") or [] if isinstance(one, dict)]
    for coding in codings:
        system = SYSTEMS.get(str(coding.get("system")))
        if system and isinstance(coding.get("code"), str):
            yield f"{name}.{system}", coding["code"]
    displayed = (str(one["display"]) for one in codings if one.get("display"))
    text = concept.get("text") or next(displayed, "")
    if text:
        yield f"{name}.text", str(text)


def _is_choice(name: str) -> bool:
    return _CHOICE.fullmatch(f"{name}String") is not None


def _resolved(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            name: f"#/{ids[member]}"
            if name == "reference" and isinstance(member, str) and member in ids
            else _resolved(member, ids)
            for name, member in value.items()
        }
    return [_resolved(one, ids) for one in value] if isinstance(value, list) else value
