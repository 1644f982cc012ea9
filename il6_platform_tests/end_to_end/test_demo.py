"""The embedded registry through the whole job: the published figures come out of it."""

from __future__ import annotations

import filecmp
import re
from pathlib import Path

import duckdb
import pytest
from dagster import AssetKey, DagsterInstance

from il6_platform import cli, paths
from il6_platform.analysis.results import CURVE_COLUMNS
from il6_platform.defs import lineage as lineage_of
from il6_platform.registry import synthetic
from il6_platform.study import read_study
from il6_platform_tests.end_to_end.conftest import Installation


def test_the_registry_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    synthetic.write(tmp_path, read_study(paths.default_study()))
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    kept = paths.demo_landing()
    assert made == sorted(p.relative_to(kept) for p in kept.rglob("*") if p.is_file())
    assert not [p for p in made if not filecmp.cmp(tmp_path / p, kept / p, shallow=False)]


def test_the_published_figures_come_out_of_the_pipeline(demo: Installation) -> None:
    found = demo.ask("from report.headline").set_index("claim")
    p = found["p_value"]
    assert round(p["Bevacizumab prolongs PFS"], 2) == 0.04
    assert round(p["On chemotherapy alone, patients with high IL-6 progress sooner"], 2) == 0.03
    last = found.loc["On bevacizumab, PFS does not differ between high and low IL-6"]
    assert round(last["p_value"], 2) == 0.76
    assert (last["n_first"], last["n_second"]) == (19, 10)
    alone = found.loc["On chemotherapy alone, patients with high IL-6 progress sooner"]
    assert (alone["n_first"], alone["n_second"]) == (12, 12)
    arms = found.loc["Bevacizumab prolongs PFS"]
    assert (arms["n"], arms["n_first"], arms["n_second"]) == (53, 29, 24)
    assert arms["estimate"] < 1
    age = demo.ask("from report.results where analysis='baseline' and term='age' and grp is null")
    of = age[age["contrast"].isna()].set_index("statistic")["estimate"]
    assert of["median"] == 64
    assert round(of["sd"], 1) == 10.2


def test_the_interaction_stands_beside_the_claims(demo: Installation) -> None:
    rows = demo.ask("from report.headline where measure = 'ratio_of_hazard_ratios'")
    assert list(rows["endpoint"]) == ["PFS", "PFS", "OS", "OS"]
    assert rows["reading"].str.contains("Two subgroup P values").all()


def test_everybody_is_analysed_or_counted_under_one_reason(demo: Installation) -> None:
    flow = demo.ask("from report.flow").set_index("label")["n"]
    assert flow["Analysed"] == 53
    assert flow["Patient record in quarantine"] == 0
    reasons = ["No patient record", "Decisive record in quarantine", "Consent withdrawn"]
    reasons += ["No first-line treatment", "No follow-up", "No baseline marker in the window"]
    assert flow["Arrived"] == 53 + flow[reasons].sum()
    assert (flow[reasons] == 1).all()


def test_each_planted_fault_is_found_by_its_rule(demo: Installation) -> None:
    planted = synthetic.build(read_study(paths.default_study())).faults
    with duckdb.connect(demo.registry, read_only=True) as working:
        found = working.execute("select table_name, rule, sentence from staging.quarantine").df()
    pairs = set(zip(found["table_name"], found["rule"], strict=True))
    assert {(fault.table, fault.expected) for fault in planted} <= pairs
    assert found["sentence"].str.len().min() > 20


def test_no_line_is_lost(demo: Installation) -> None:
    counted = demo.ask("select sum(n) as n from report.data_quality where kind = 'lines'")["n"]
    files = paths.demo_landing().rglob("*.csv")
    assert counted.iloc[0] == sum(len(f.read_text().splitlines()) - 1 for f in files)


def test_no_registry_number_leaves_the_landing_folder(demo: Installation) -> None:
    holding = []
    for path in demo.home.rglob("*"):
        # the exports themselves are kept as they came
        searched = path.is_file() and "deliveries" not in path.relative_to(demo.home).parts
        if searched and b"CRLM-00" in path.read_bytes():
            holding.append(path.relative_to(demo.home).as_posix())
    assert not holding


def test_every_published_column_has_a_sentence(demo: Installation) -> None:
    silent = demo.ask(
        "select table_name, column_name from duckdb_columns() "
        "where database_name = 'report' and comment is null"
    )
    assert silent.empty


def test_the_page_is_one_file_that_asks_nothing_of_the_network(demo: Installation) -> None:
    page = (demo.home / "published" / "report.html").read_text(encoding="utf-8")
    assert "Synthetic registry" in page
    # one script, embedded
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert page.count("<script") == 1
    assert len(script) < 150_000
    assert not [word for word in ("src=", "@import", "<link") if word in page]
    assert page.count("<svg") >= 18


def test_query_and_status_answer(demo: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(demo.home)]
    assert cli.main(["query", *home, "select count(*) as n from report.headline"]) == 0
    assert cli.main(["status", *home]) == 0
    assert "Published  cut" in capsys.readouterr().out
    assert cli.main(["query", *home, "drop table report.results"]) == 2
    assert cli.main(["query", *home, "select nonsense"]) == 2


def test_the_same_content_gives_the_same_results_in_another_home(
    demo: Installation, tmp_path: Path
) -> None:
    other = Installation(tmp_path / "home", demo.landing, demo.study)
    assert other.refresh() == 0
    assert other.fingerprint() == demo.fingerprint()


def test_nothing_new_publishes_nothing(
    demo: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.refresh() == 0
    assert "Nothing new" in capsys.readouterr().out


def test_diameters_agree_with_the_response_that_they_make(demo: Installation) -> None:
    with duckdb.connect(demo.working, read_only=True) as working:
        visits = working.execute(
            'select r."AVALC", t."PCHG", t."AVAL" from cohort.adtr as t '
            'join cohort.adrs as r on r."USUBJID" = t."USUBJID" and r."ADT" = t."ADT" '
            "and r.\"PARAMCD\" = 'OVRLRESP' where t.\"ANL01FL\" = 'Y'"
        ).df()
        baseline = working.execute('select count("BASE"), count(*) from cohort.adtr').fetchone()
    assert baseline is not None
    assert baseline[0] == baseline[1] > 300
    by = visits.groupby("AVALC")["PCHG"]
    assert by.max()["PR"] <= -30 < by.min()["SD"]
    assert (visits.loc[visits["AVALC"] == "CR", "AVAL"] == 0).all()
    curve = demo.ask("from report.curves where analysis = 'response' and endpoint = 'best change'")
    assert len(curve) <= 53
    assert set(curve["grp"]) == {"control", "experimental"}


def test_every_column_of_a_sql_table_is_traced_to_what_is_there(
    demo: Installation,
) -> None:
    with DagsterInstance.from_config(str(demo.home / "dagster")) as instance:
        made = {
            ".".join(key.path): event.asset_materialization.metadata
            for key in instance.all_asset_keys()
            if (event := instance.get_latest_materialization_event(key)) is not None
            and event.asset_materialization is not None
        }
    columns = {
        table: {column.name for column in metadata["dagster/column_schema"].schema.columns}
        for table, metadata in made.items()
        if "dagster/column_schema" in metadata
    }
    lineage = {
        table: metadata["dagster/column_lineage"].column_lineage.deps_by_column
        for table, metadata in made.items()
        if "dagster/column_lineage" in metadata
    }
    assert len(lineage) > 15
    beside = lineage_of.BESIDE
    for table, deps in lineage.items():
        assert set(deps) == columns[table], table
        for column, sources in deps.items():
            for one in sources:
                of = ".".join(one.asset_key.path)
                there = columns[of] if of not in beside else {one.column_name}
                # an analysis makes its curves beside its results
                there = there | CURVE_COLUMNS.keys() if table == "report.curves" else there
                assert one.column_name in there, (table, column, one)
    subjects = AssetKey(["cohort", "subjects"])
    (age,) = lineage["cohort.adsl"]["AGE"]
    assert (age.asset_key, age.column_name) == (subjects, "AGE")
    # a union of analyses is told apart by names
    assert {one.column_name for one in lineage["report.results"]["n"]} == {"n"}
    assert AssetKey(["analysis", "cox"]) in {
        one.asset_key for one in lineage["report.results"]["estimate"]
    }
