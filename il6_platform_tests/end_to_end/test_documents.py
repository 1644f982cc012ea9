"""Exchange files say what DuckDB says; made again they are the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyreadstat
import pytest
from lxml import etree
from odmlib.schema_manager import get_schema_path

from il6_platform import cli
from il6_platform.exchange.datasets import short_names
from il6_platform_tests.end_to_end.conftest import Installation

CDISC = Path(__file__).parents[1] / "reference" / "cdisc"


@pytest.fixture(scope="module")
def pack(demo: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    options = ["--home", str(demo.home), "--to"]
    assert cli.main(["export", *options, str(folder / "exchange")]) == 0
    return folder


def faults(event: Any) -> list[str]:
    """Return what CDISC's own schema marks in a reporting event."""
    # here, not at the top: it is more than a second of imports in each process of tests
    from jsonschema.validators import validator_for

    schema = json.loads((CDISC / "ars_ldm.schema.json").read_text())
    return [one.message for one in validator_for(schema)(schema).iter_errors(event)]


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_files_are_made_again_byte_for_byte(pack: Path, demo: Installation) -> None:
    options = ["--home", str(demo.home), "--to"]
    assert cli.main(["export", *options, str(pack / "again")]) == 0
    assert digests(pack / "exchange") == digests(pack / "again")


def test_the_datasets_are_the_cohort(pack: Path, demo: Installation) -> None:
    folder = pack / "exchange"
    assert folder.stat().st_mode & 0o077 == 0
    dictionary = pd.read_csv(folder / "define.csv")
    with duckdb.connect(demo.working, read_only=True) as working:
        for name in ("adsl", "adrs", "adtr", "adtte"):
            whole = working.execute(f"from cohort.{name}").df()
            assert (folder / f"{name}.xpt").stat().st_mode & 0o077 == 0
            parquet = working.execute(f"from '{folder / name}.parquet'").df()
            pd.testing.assert_frame_equal(parquet, whole)
            transport, about = pyreadstat.read_xport(str(folder / f"{name}.xpt"))
            assert len(transport) == len(whole)
            lines = dictionary[dictionary["dataset"] == name.upper()]
            assert list(transport.columns) == list(lines["transport_name"])
            assert all(len(label) <= 40 for label in about.column_labels)
            assert all(label[-1].isalnum() or label[-1] == ")" for label in about.column_labels)
            required = {"adsl": {"STUDYID", "USUBJID", "SUBJID", "SITEID", "AGE", "AGEU", "SEX"}}
            required["adsl"] |= {"ARM", "TRT01P"}
            wanted = required.get(name, {"STUDYID", "USUBJID", "TRTP", "PARAM", "PARAMCD"})
            assert wanted <= set(transport.columns)
            assert not set(wanted - {"SITEID", "AGE", "AGEU", "SEX"}) & set(
                transport.columns[(transport == "").any()]
            )
            for line in lines.itertuples():
                ours, theirs = whole[line.variable], transport[line.transport_name]
                if line.type == "text":
                    assert theirs.tolist() == ours.fillna("").tolist()
                elif line.type == "date":
                    assert pd.to_datetime(theirs).tolist() == pd.to_datetime(ours).tolist() or (
                        pd.to_datetime(theirs).dropna().tolist()
                        == pd.to_datetime(ours).dropna().tolist()
                    )
                else:
                    pd.testing.assert_series_equal(
                        theirs.astype(float), ours.astype(float), check_names=False, rtol=1e-12
                    )


def test_the_results_go_out_whole(pack: Path, demo: Installation) -> None:
    results = demo.ask("from report.results")
    with duckdb.connect() as connection:
        parquet = connection.execute(f"from '{pack / 'exchange' / 'results.parquet'}'").df()
    pd.testing.assert_frame_equal(parquet, results)
    event = json.loads((pack / "exchange" / "results.ars.json").read_text())
    operations = {o["id"] for m in event["methods"] for o in m["operations"]}
    numbers = ["estimate", "ci_low", "ci_high", "std_error", "df", "p_value", "n", "events"]
    assert not faults(event)
    given = [r for a in event["analyses"] for r in a["results"] if "rawValue" in r]
    assert len(given) == int(results[numbers].notna().sum().sum())
    assert {r["operationId"] for a in event["analyses"] for r in a["results"]} <= operations
    sets = {s["id"] for s in event["analysisSets"]}
    assert {a["analysisSetId"] for a in event["analyses"]} <= sets
    arms = [
        float(r["rawValue"])
        for a in event["analyses"]
        if a["name"] == "survival, PFS, all, experimental vs control"
        for r in a["results"]
        if r["operationId"].endswith(".logrank.p_value")
    ]
    assert arms == [
        results.query(
            "analysis == 'survival' and endpoint == 'PFS' and population == 'all' "
            "and contrast == 'experimental vs control' and statistic == 'logrank'"
        )["p_value"].iloc[0]
    ]


def test_dataset_json_and_define_say_what_the_transport_files_say(pack: Path) -> None:
    folder = pack / "exchange"
    schema = etree.XMLSchema(etree.parse(get_schema_path("define", "2.1")))
    document = etree.parse(folder / "define.xml")
    schema.assertValid(document)
    space = {"odm": "http://www.cdisc.org/ns/odm/v1.3"}
    dictionary = pd.read_csv(folder / "define.csv").set_index(["dataset", "transport_name"])
    for name in ("adsl", "adrs", "adtr", "adtte"):
        made = json.loads((folder / f"{name}.json").read_text())
        assert made["datasetJSONVersion"] == "1.1.0"
        assert made["records"] == len(made["rows"])
        columns = [column["name"] for column in made["columns"]]
        transport, _ = pyreadstat.read_xport(str(folder / f"{name}.xpt"))
        assert columns == list(transport.columns)
        for place, column in enumerate(columns):
            ours = [row[place] for row in made["rows"]]
            if dictionary.loc[(name.upper(), column), "type"] == "text":
                assert [value or "" for value in ours] == transport[column].tolist()
            elif dictionary.loc[(name.upper(), column), "type"] != "date":
                pd.testing.assert_series_equal(
                    pd.Series(ours, dtype=float), transport[column].astype(float), check_names=False
                )
        items = document.xpath(
            f"//odm:ItemGroupDef[@Name='{name.upper()}']/odm:ItemRef/@ItemOID", namespaces=space
        )
        assert items == [column["itemOID"] for column in made["columns"]]


def test_short_names_are_short_and_differ() -> None:
    names = ["largest_metastasis_mm", "largest_metastasis_cm", "age", "AGE_", "é"]
    short = short_names(names)
    assert short == {
        "largest_metastasis_mm": "LARGEST_",
        "largest_metastasis_cm": "LARGEST2",
        "age": "AGE",
        "AGE_": "AGE_",
        "é": "X",
    }


def test_another_cut_than_the_working_one_is_not_exported(
    demo: Installation, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["manuscript", "nosuch", "--home", str(demo.home)]) == 2
    assert "no cut begins with" in capsys.readouterr().err
    assert cli.main(["export", "--home", str(tmp_path / "empty")]) == 2
