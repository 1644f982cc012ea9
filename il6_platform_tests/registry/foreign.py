"""The embedded registry written as other registries would hand it over, by the shipped profiles.

`python -m il6_platform_tests.registry.foreign` writes the last export in each format as the samples
under data/profiles/samples.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime
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


def profile(name: str) -> Profile:
    """Return a shipped profile."""
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


def redcap_longitudinal(day: str) -> dict[str, bytes]:
    """One CSV; repeating instruments stand below the record's own row."""
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
    return {f"redcap_{day}.csv": text([*rows, *repeated]).encode("utf-8-sig")}


def redcap_flat(day: str) -> dict[str, bytes]:
    """One CSV in Windows-1252 with semicolons; what repeats stands in numbered columns."""
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
    content = text(list(records.values()), ";").encode("cp1252")
    return {f"redcap_flat_{day}.csv": content}


def cdisc(day: str) -> dict[str, bytes]:
    """A zip file of five domains, in UTF-16 with tabs."""
    import zipfile

    known, tables = profile("cdisc"), native(day)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mapping in zip(("dm", "ex", "lb", "rs", "ds"), known.tables, strict=True):
            rows = [coded(mapping, row) for row in tables[mapping.table]]
            entry = zipfile.ZipInfo(f"{name}.csv", (2000, 1, 1, 0, 0, 0))
            archive.writestr(entry, text(rows, "\t").encode("utf-16"))
    return {f"sdtm_{day}.zip": out.getvalue()}


FORMATS: dict[str, Callable[[str], dict[str, bytes]]] = {
    "chinese_hospital": chinese_hospital,
    "redcap_longitudinal": redcap_longitudinal,
    "redcap_flat": redcap_flat,
    "cdisc": cdisc,
}


def write_samples(folder: Path, day: str = "2023-12-31") -> None:
    """Write the last export in each format."""
    for name, make in FORMATS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, content in make(day).items():
            (folder / name / file).write_bytes(content)


if __name__ == "__main__":
    write_samples(paths.project_root() / "data" / "profiles" / "samples")
