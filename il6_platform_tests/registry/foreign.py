"""The embedded registry written as other registries would hand it over, by the shipped profiles.

`python -m il6_platform_tests.registry.foreign` writes the last export in each format as the samples
under data/profiles/samples.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path

from il6_platform import paths
from il6_platform.registry.profiles import Mapping, Profile, read_profiles

Rows = list[dict[str, str]]
BEYOND = "(beyond the header)"
SURNAMES = ("王", "李", "张", "刘")


def native(day: str) -> dict[str, Rows]:
    """Return the native tables of an export of the embedded registry."""
    tables = {}
    for path in sorted((paths.demo_landing() / day).glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            header, *lines = list(csv.reader(stream))
        tables[path.stem] = [
            dict(zip(header, line, strict=False))
            | ({BEYOND: line[len(header)]} if len(line) > len(header) else {})
            for line in lines
        ]
    return tables


@cache
def profile(name: str) -> Profile:
    """Return the shipped profile that reads a format."""
    name = name.removesuffix("_labels").removesuffix("_raw")
    every = read_profiles(paths.project_root() / "data" / "profiles")
    return next(one for one in every if one.name == name)


def coded(mapping: Mapping, row: dict[str, str], n: int = 1) -> dict[str, str]:
    """Write a native row with a profile's columns and codes."""
    made = {}
    for column, name in mapping.columns.items():
        text = row.get(column, "")
        back = {value.lower(): code for code, value in mapping.codes.get(column, {}).items()}
        made[name.replace("{n}", str(n))] = back.get(text.lower(), text)
    return made | ({BEYOND: row[BEYOND]} if BEYOND in row else {})


def text(rows: Rows, delimiter: str = ",") -> str:
    """Write rows as delimited text; what lies beyond the header stays there."""
    names = [n for n in dict.fromkeys(name for row in rows for name in row) if n != BEYOND]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        surplus = [row[BEYOND]] if BEYOND in row else []
        writer.writerow([*(row.get(name, "") for name in names), *surplus])
    return out.getvalue()


def slashed(value: str) -> str:
    """Write an ISO date as 2021/3/5."""
    try:
        day = datetime.strptime(value, "%Y-%m-%d")
    except ValueError:
        return value
    return f"{day.year}/{day.month}/{day.day}"


def chinese_hospital(day: str) -> dict[str, bytes]:
    """One workbook, a sheet a table, names and identity numbers in it, full-width signs."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    known = profile("chinese_hospital")
    tables = native(day)
    options = {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    with Workbook(out, options) as workbook:
        workbook.set_properties({"created": datetime(2000, 1, 1)})
        for number, mapping in enumerate(known.tables):
            rows = []
            for row in tables[mapping.table]:
                made = coded(mapping, row)
                for column, name in mapping.columns.items():
                    if column.endswith(("_date", "_on")):
                        made[name] = slashed(made[name])
                    if column == "value":
                        made[name] = made[name].replace("<", "\uff1c").replace("1", "\uff11")
                if mapping.table == "patients":
                    who = SURNAMES[len(rows) % 4] + "某某"
                    made |= {"姓名": who, "身份证号": f"11010119{len(rows):010}"}
                rows.append(made)
            sheet = workbook.add_worksheet(["患者", "治疗", "检验", "评估", "随访"][number])
            lines = list(csv.reader(io.StringIO(text(rows))))
            for place, line in enumerate(lines):
                for column, cell in enumerate(line):
                    sheet.write_string(place, column, cell)
    return {f"crlm_{day}.xlsx": out.getvalue()}


# What REDCap projects have: label of each field, and its choices; `{n}` where fields are numbered.
FIELDS: dict[str, tuple[str, dict[str, str]]] = {
    "record_id": ("Record ID", {}),
    "name": ("Name", {}),
    "notes": ("Notes", {}),
    "site": ("Study site", {}),
    "sex": ("<b>Sex</b> of the patient", {"1": "Male", "2": "Female"}),
    "dob": ("Date of birth", {}),
    "dx_date": ("Date of diagnosis", {}),
    "primary_site": ("Primary tumour", {"1": "Right colon", "2": "Left colon", "3": "Rectum"}),
    "primary_resected": ("Primary tumour resected", {"1": "Yes", "0": "No"}),
    "met_timing": ("Metastases came", {"1": "Synchronous", "2": "Metachronous"}),
    "liver_mets_n": ("Liver metastases", {}),
    "largest_met_mm": ("Largest metastasis (mm)", {}),
    "extrahepatic": ("Extrahepatic disease", {"1": "Yes", "0": "No"}),
    "ras": ("RAS", {"0": "Wild type", "1": "Mutant"}),
    "braf": ("BRAF", {"0": "Wild type", "1": "Mutant"}),
    "ecog": ("ECOG", {}),
    "consent_withdrawn": ("Consent withdrawn on", {}),
    "last_contact": ("Last contact", {}),
    "vital": ("Vital status", {"0": "Alive", "1": "Dead"}),
    "death_date": ("Date of death", {}),
    "death_cause": ("Cause of death", {}),
    "tx{n}_line": ("Line of treatment", {}),
    "tx{n}_drug": ("Drug", {}),
    "tx{n}_start": ("Treatment from", {}),
    "tx{n}_end": ("Treatment to", {}),
    "lab{n}_test": (
        "Test",
        {"1": "Interleukin-6", "2": "CRP", "3": "CEA"} | {"4": "Neutrophils", "5": "Lymphocytes"},
    ),
    "lab{n}_value": ("Result", {}),
    "lab{n}_unit": ("Unit", {}),
    "lab{n}_date": ("Sampled on", {}),
    "scan{n}_date": ("Scan on", {}),
    "scan{n}_response": (
        "Response, by RECIST 1.1",
        {
            "1": "Complete response",
            "2": "Partial response",
            "3": "Stable disease",
            "4": "Progressive disease",
            "5": "Not evaluable",
        },
    ),
    "scan{n}_sum_mm": ("Sum of diameters (mm)", {}),
}
DICTIONARY = (
    *("Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label"),
    *("Choices, Calculations, OR Slider Labels", "Field Note"),
    *("Text Validation Type OR Show Slider Number", "Identifier?"),
)
FORMS = {"tx": "treatment", "lab": "laboratory", "scan": "tumour_assessment"}
REPEATS = {"tx": 12, "lab": 30, "scan": 30}


def redcap_dictionary(*, flat: bool) -> bytes:
    """A project's data dictionary, as it is downloaded."""
    rows = []
    for name, (label, choices) in FIELDS.items():
        prefix = name.partition("{n}")[0] if "{n}" in name else ""
        is_box = name == "extrahepatic" and not flat
        is_date = name.endswith("_date") or name in ("dob", "consent_withdrawn", "last_contact")
        for n in range(1, REPEATS[prefix] + 1) if prefix and flat else [0]:
            about = dict.fromkeys(DICTIONARY, "")
            variable = name.replace("{n}", str(n or ""))
            about["Variable / Field Name"] = variable
            about["Form Name"] = FORMS.get(prefix, "baseline")
            kind = "checkbox" if is_box else "radio" if choices else "text"
            about["Field Type"] = "notes" if name == "notes" else kind
            about["Field Label"] = f"{label} {n}" if n else label
            listed = {"1": "Yes"} if is_box else choices
            about[DICTIONARY[5]] = " | ".join(f"{code}, {text}" for code, text in listed.items())
            about[DICTIONARY[7]] = "date_ymd" if is_date else ""
            about["Identifier?"] = "y" if name in ("name", "notes") else ""
            rows.append(about)
    return text(rows).encode()


def _pattern(column: str) -> str:
    """Return a column's field in FIELDS: of lab7_date and of lab_date, lab{n}_date."""
    bare = column.partition("___")[0]
    for prefix in FORMS:
        bare = re.sub(rf"^{prefix}\d*_", f"{prefix}{{n}}_", bare)
    return bare


def as_raw(rows: Rows) -> Rows:
    """Write labels as the codes that a raw export holds."""
    made = []
    for row in rows:
        line = {}
        for column, said in row.items():
            choices = FIELDS.get(_pattern(column), ("", {}))[1]
            if "___" in column:
                choices = {"1": "Checked", "0": "Unchecked"}
            codes = {label.lower(): code for code, label in choices.items()}
            line[column] = codes.get(said.lower(), said)
        made.append(line)
    return made


def as_labels(rows: Rows) -> Rows:
    """Write the header as labels, and the forms by their names."""
    named = {"redcap_repeat_instrument": "Repeat Instrument"}
    named |= {"redcap_repeat_instance": "Repeat Instance", BEYOND: BEYOND}
    made = []
    for row in rows:
        line = {}
        for column, said in row.items():
            label = named.get(column) or re.sub(r"<[^>]+>", "", FIELDS[_pattern(column)][0])
            is_form = column == "redcap_repeat_instrument"
            said = said.replace("_", " ").capitalize() if is_form else said
            line[label + (" (choice=Yes)" if "___" in column else "")] = said
        made.append(line)
    return made


def _longitudinal(day: str) -> Rows:
    """Repeating instruments stand below the record's own row; all in labels."""
    known, tables = profile("redcap_longitudinal"), native(day)
    base, rows, repeated = {}, [], []
    for mapping in known.tables:
        instrument = str(mapping.when["redcap_repeat_instrument"])
        counts: dict[str, int] = {}
        for row in tables[mapping.table]:
            made = coded(mapping, row)
            patient = made["record_id"]
            if instrument:
                counts[patient] = counts.get(patient, 0) + 1
                about = {"redcap_repeat_instrument": instrument}
                about["redcap_repeat_instance"] = str(counts[patient])
                repeated.append({"record_id": patient, **about, **made})
            elif patient in base:
                base[patient] |= made
            else:
                about = {"redcap_repeat_instrument": "", "redcap_repeat_instance": ""}
                base[patient] = {"record_id": patient, **about, "name": f"Doe {patient}", **made}
                rows.append(base[patient])
    return [*rows, *repeated]


def redcap_longitudinal(day: str) -> dict[str, bytes]:
    """One CSV of raw codes."""
    return {f"redcap_{day}.csv": text(as_raw(_longitudinal(day))).encode("utf-8-sig")}


def redcap_longitudinal_labels(day: str) -> dict[str, bytes]:
    """The same project with labels in header and cells, packed."""
    content = text(as_labels(_longitudinal(day))).encode("utf-8-sig")
    return {f"redcap_labels_{day}.csv.gz": gzip.compress(content, mtime=0)}


def _flat(day: str) -> Rows:
    """What repeats stands in numbered columns; all in labels."""
    known, tables = profile("redcap_flat"), native(day)
    records: dict[str, dict[str, str]] = {}
    counts: dict[tuple[str, str], int] = {}
    for mapping in known.tables:
        for row in tables[mapping.table]:
            patient = row["patient_id"]
            counts[mapping.table, patient] = n = counts.get((mapping.table, patient), 0) + 1
            made = coded(mapping, row, n)
            made.pop(BEYOND, None)
            records.setdefault(patient, {"record_id": patient, "notes": "café"}).update(made)
    return list(records.values())


def redcap_flat(day: str) -> dict[str, bytes]:
    """One CSV in Windows-1252 with semicolons, in labels."""
    return {f"redcap_flat_{day}.csv": text(_flat(day), ";").encode("cp1252")}


def redcap_flat_raw(day: str) -> dict[str, bytes]:
    """The same project in raw codes, with its data dictionary in the same archive."""
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            (f"redcap_flat_raw_{day}.csv", text(as_raw(_flat(day))).encode()),
            ("redcap_flat_dictionary.csv", redcap_dictionary(flat=True)),
        ):
            archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content)
    return {f"redcap_flat_raw_{day}.zip": out.getvalue()}


def cdisc(day: str) -> dict[str, bytes]:
    """A zip file of five domains, in UTF-16 with tabs."""
    import zipfile

    known, tables = profile("cdisc"), native(day)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        mappings = {mapping.table: mapping for mapping in reversed(known.tables)}
        domains = {"dm": "patients", "ex": "treatments", "lb": "labs", "rs": "assessments"}
        for name, table in (domains | {"ds": "follow_up"}).items():
            rows = [coded(mappings[table], row) for row in tables[table]]
            for row in rows:
                row.pop("AGE", None)
            entry = zipfile.ZipInfo(f"{name}.csv", (2000, 1, 1, 0, 0, 0))
            archive.writestr(entry, text(rows, "\t").encode("utf-16"))
    return {f"sdtm_{day}.zip": out.getvalue()}


FORMATS: dict[str, Callable[[str], dict[str, bytes]]] = {
    "chinese_hospital": chinese_hospital,
    "redcap_longitudinal": redcap_longitudinal,
    "redcap_longitudinal_labels": redcap_longitudinal_labels,
    "redcap_flat": redcap_flat,
    "redcap_flat_raw": redcap_flat_raw,
    "cdisc": cdisc,
}


def write_samples(folder: Path, day: str = "2023-12-31") -> None:
    """Write the last export in each format, and the data dictionaries beside the profiles."""
    for name, make in FORMATS.items():
        place = folder / profile(name).name
        place.mkdir(parents=True, exist_ok=True)
        for file, content in make(day).items():
            (place / file).write_bytes(content)
    for name in ("redcap_flat", "redcap_longitudinal"):
        content = redcap_dictionary(flat=name == "redcap_flat")
        (folder.parent / f"{name}_dictionary.csv").write_bytes(content)


if __name__ == "__main__":
    write_samples(paths.project_root() / "data" / "profiles" / "samples")
