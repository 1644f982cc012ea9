"""FHIR R4 resources as rows: a column for each thing that is asked of a resource.

FHIR says one thing in several ways: a day as `effectiveDateTime` or `effectivePeriod`, a code in
several systems, a reference as `Patient/7` or `urn:uuid:...`. Beside the paths of a resource stand
columns that say it in one way: `effective`, `code.loinc`, `subject.id`, `value` (with its `<`);
`medication.text` is what was given in words, else its code, else what is referred to.

Belongs here: those columns, by the specification (http://hl7.org/fhir/R4/datatypes.html). Does not
belong here: what a code means (a profile).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from il6_platform.registry.formats.sheets import text_of

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
    """Return the resources of a bundle, each reference by the id of what it refers to.

    Those of a bundle within it are among them.
    """
    entries = [one for one in bundle.get("entry") or [] if isinstance(one, dict)]
    found = [one.get("resource", one) for one in entries]
    ids = {
        one["fullUrl"]: resource["id"]
        for one, resource in zip(entries, found, strict=True)
        if is_resource(resource) and isinstance(one.get("fullUrl"), str) and "id" in resource
    }
    resolved = [_resolved(resource, ids) for resource in found]
    return [
        inner
        for one in resolved
        for inner in (
            resources(one) if is_resource(one) and one["resourceType"] == "Bundle" else [one]
        )
    ]


def with_medications(found: list[Any]) -> list[Any]:
    """Return resources with the code of the medication that they refer to, where it is there.

    It may be a resource of its own, or contained in the one that refers to it.
    """
    beside = _medications(found)
    return [_with_medication(one, beside) for one in found]


def _medications(found: Any) -> dict[str, Any]:
    return {
        str(one["id"]): one["code"]
        for one in found or ()
        if is_resource(one) and one["resourceType"] == "Medication" and {"id", "code"} <= one.keys()
    }


def _with_medication(one: Any, beside: Mapping[str, Any]) -> Any:
    reference = one.get("medicationReference") if is_resource(one) else None
    if not isinstance(reference, dict):
        return one
    known = {**beside, **_medications(one.get("contained"))}
    code = known.get(_referred(str(reference.get("reference", ""))))
    if code is None:
        return one
    rest = {name: value for name, value in one.items() if name != "medicationReference"}
    return rest | {"medicationCodeableConcept": code}


def _referred(reference: str) -> str:
    """Return the id that a reference ends with: `Patient/7`, `urn:uuid:7`, `#7`."""
    return re.split(r"[/:#]", reference)[-1]


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
        if name == "value":
            yield "value.text", value
    if isinstance(value, bool) and _is_choice(name):
        # a measurement that is true is not the number 1
        yield name, text_of(value) if name == "value" else "1" if value else "0"
    if not isinstance(value, dict):
        return
    if isinstance(value.get("reference"), str):
        yield f"{name}.id", _referred(value["reference"])
        if _is_choice(name):
            # where a person is referred to, the words would be a name
            yield f"{name}.text", str(value.get("display") or value["reference"])
    if "coding" in value or "text" in value:
        yield from _coded(name, value)
    if "start" in value or "end" in value:
        yield name, str(value.get("start", ""))
        yield f"{name}.end", str(value.get("end", ""))
        yield f"{name}.last", str(value.get("end") or value.get("start", ""))
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
    coded = (str(one["code"]) for one in codings if one.get("code"))
    text = concept.get("text") or next(displayed, "") or next(coded, "")
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
