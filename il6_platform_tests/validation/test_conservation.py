"""Whatever a registry sends, in whatever order, every line of it stands in exactly one place."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform import paths
from il6_platform.registry import raw
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.landing import digest_of
from il6_platform.warehouse.database import Warehouse
from il6_platform.warehouse.home import Site
from il6_platform_tests.derivation import load_raw, stage

HEADERS = {
    "patients": "patient_id,sex,birth_date,consent_withdrawn_on",
    "labs": "patient_id,analyte,value,unit,collected_on",
}
PATIENTS = st.tuples(
    st.sampled_from(["A", "B", "C", ""]),
    st.sampled_from(["F", "X"]),
    st.sampled_from(["1950-01-01", "1.1.1950", "2035-01-01"]),
    st.sampled_from(["", "", "2024-01-01"]),
).map(",".join)
LABS = st.tuples(
    st.sampled_from(["A", "B", "Z", ""]),
    st.sampled_from(["il6", "IL6", "cea"]),
    st.sampled_from(["1", "x", "-1"]),
    st.just("pg/mL"),
    st.sampled_from(["2020-01-01", "2020-01-02", "2035-01-01", "2020-01-01,surplus"]),
).map(",".join)
DAYS = st.lists(
    st.fixed_dictionaries(
        {"patients": st.lists(PATIENTS, max_size=5), "labs": st.lists(LABS, max_size=6)}
    ),
    min_size=1,
    max_size=3,
)

Days = list[dict[str, list[str]]]


def expected(days: Days, forgotten: set[str]) -> Counter[tuple[str, str]]:
    """Say by hand what becomes of each line; `kept` is in the table, set aside or superseded."""
    seen: set[bytes] = set()
    lines = []
    for day, tables in enumerate(days):
        for table, texts in tables.items():
            content = _content(table, texts)
            if content in seen:
                continue
            seen.add(content)
            for place, text in enumerate(texts):
                cells = text.split(",")
                key = cells[:1] if table == "patients" else [cells[0], cells[1].lower(), cells[4]]
                whole = all(key)
                lines.append(
                    {
                        "table": table,
                        "patient": cells[0],
                        "day": day,
                        "record": "|".join(key) if whole else f"{day}:{place}",
                        "says": (text, whole or (day, place)),
                        "decisive": cells[3:4] if table == "patients" else [cells[2], *cells[5:]],
                        "withdrawn": table == "patients" and cells[3] != "",
                    }
                )
    alive = [line for line in lines if line["patient"] not in forgotten]
    last: dict[tuple[object, object], object] = {}
    for line in alive:
        last[line["table"], line["record"]] = line["day"]
    withdrawn = {
        line["patient"]
        for line in alive
        if line["withdrawn"]
        and line["patient"]
        and last[line["table"], line["record"]] == line["day"]
    }
    found: Counter[tuple[str, str]] = Counter()
    said: set[object] = set()
    for line in reversed(lines):
        what = (line["table"], line["says"])
        if line["patient"] in forgotten:
            place = "forgotten"
        elif line["patient"] in withdrawn:
            place = "withdrawn"
        else:
            place = "duplicate" if what in said else "kept"
            said.add(what)
        found[str(line["table"]), place] += 1
    # in the last export of a record, lines that say the same of what is decisive are one
    spoken: dict[tuple[object, object], dict[object, object]] = {}
    for line in alive:
        record = (line["table"], line["record"])
        if last[record] == line["day"] and line["patient"] not in withdrawn:
            spoken.setdefault(record, {})[line["says"]] = line["decisive"]
    for (table, _), said_of in spoken.items():
        decisive = list(said_of.values())
        if decisive.count(decisive[0]) == len(decisive):
            found[str(table), "kept"] -= len(decisive) - 1
            found[str(table), "duplicate"] += len(decisive) - 1
    return found


def _content(table: str, texts: list[str]) -> bytes:
    return "\n".join([HEADERS[table], *texts, ""]).encode()


@settings(max_examples=5, deadline=None)
@given(DAYS, st.sampled_from([set(), {"A"}]))
def test_every_line_of_every_delivery_is_in_exactly_one_place(
    days: Days, forgotten: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(home=folder, landing=folder, study_file=str(paths.default_study()))
        warehouse = Warehouse(site=site)
        # a home that holds deliveries must have its key
        assert warehouse.pseudonyms.fingerprint
        if forgotten:
            gone = "\n".join(f"2024-01-01,{warehouse.pseudonyms.of(one)},,," for one in forgotten)
            head = "forgotten_on,patient,rows,exports,cuts\n"
            site.forgotten_path.write_text(f"{head}{gone}\n")
        with warehouse.connect() as connection:
            warehouse.prepare()
            for day, tables in enumerate(days, start=1):
                for table, texts in tables.items():
                    file, content = f"2024-01-0{day}/{table}.csv", _content(table, texts)
                    digest = digest_of(content)
                    if not raw.arrived(connection, digest)[0]:
                        opened = open_deliveries(file, content, [])
                        raw.record(connection, digest, file, opened, datetime.now(UTC))
                        (site.kept_path / digest).write_bytes(content)
            raw.order(connection, date(2030, 1, 1))
            load_raw(warehouse)
            stage(warehouse)
            balance = warehouse.read("staging.balance")
    assert balance["unaccounted"].sum() == 0
    found: Counter[tuple[str, str]] = Counter()
    for row in balance.to_dict("records"):
        found[row["table_name"], "kept"] = sum(
            row[what] for what in ("current", "quarantined", "superseded", "removed")
        )
        for place in ("duplicate", "withdrawn", "forgotten"):
            found[row["table_name"], place] = row[place]
    assert +found == expected(days, forgotten)
