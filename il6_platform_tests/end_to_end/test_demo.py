"""The embedded registry through the whole job: the published figures come out of it."""

from __future__ import annotations

import filecmp
import re
from pathlib import Path

import duckdb
import pytest
from dagster import AssetKey, DagsterInstance

from il6_platform import cli, paths
from il6_platform.analysis.results import CURVE_COLUMNS, RESULT_COLUMNS
from il6_platform.cli import outcome
from il6_platform.defs import lineage as lineage_of
from il6_platform.study import read_study
from il6_platform.warehouse.home import Site
from il6_platform_tests.demo.exports import write
from il6_platform_tests.demo.registry import build
from il6_platform_tests.end_to_end.conftest import Installation


def test_the_registry_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    write(tmp_path, read_study(paths.default_study()))
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    kept = paths.demo_landing()
    assert made == sorted(p.relative_to(kept) for p in kept.rglob("*") if p.is_file())
    assert not [p for p in made if not filecmp.cmp(tmp_path / p, kept / p, shallow=False)]


def results(demo: Installation, **where: str) -> dict[str, float]:
    """Return the estimates of all patients at some coordinates, by statistic."""
    asked = " and ".join(f"{name} = '{value}'" for name, value in where.items())
    rows = demo.ask(
        f"from report.results where {asked} and grp is null and population = 'all' "
        "and contrast is null"
    )
    return dict(zip(rows["statistic"], rows["estimate"], strict=True))


def test_the_published_figures_come_out_of_the_pipeline(demo: Installation) -> None:
    """What abstract, second version and preprint print; this test and the study file know it."""
    age = results(demo, analysis="baseline", term="age")
    assert age["median"] == 64 and round(age["sd"], 1) == 10.2
    course = results(demo, analysis="study_course", term="follow-up")
    assert [round(course[name]) for name in ("median", "min", "max")] == [16, 6, 53]
    enrolled = demo.ask("from report.results where statistic like 'enrol%'")
    assert list(enrolled["estimate"]) == [53, 201706, 202306]
    resected = demo.ask("from report.results where term = 'primary_resected[Y]' and grp is null")
    assert round(resected["estimate"].iloc[0] * 53) == 26
    assert results(demo, analysis="cutoff")["cutoff"] == 4.83
    assert results(demo, analysis="laboratory_cutoffs", term="cea")["cutoff"] == 4.85
    sizes = demo.ask(
        "select population, n from report.results where analysis = 'response' and endpoint = 'ORR' "
        "and statistic = 'rate' and grp in ('control/high', 'control/low', 'experimental/high', "
        "'experimental/low') order by grp"
    )
    assert list(sizes["n"]) == [12, 12, 19, 10]
    logrank = demo.ask(
        "select population, contrast, p_value, n from report.results where analysis = 'survival' "
        "and statistic = 'logrank' and endpoint = 'PFS'"
    ).set_index(["population", "contrast"])
    treatment, marker = "experimental vs control", "high vs low"
    assert round(logrank["p_value"]["all", treatment], 2) == 0.04
    assert round(logrank["p_value"]["control", marker], 2) == 0.03
    assert round(logrank["p_value"]["experimental", marker], 2) == 0.76
    # the conclusion: those with a higher marker benefited, those with a lower one did not
    assert logrank["p_value"]["marker_high", treatment] < 0.05
    assert logrank["p_value"]["marker_low", treatment] > 0.05
    chi_square = demo.ask(
        "select population, p_value from report.results where endpoint = 'ORR' "
        "and statistic = 'chi_square' and contrast = 'high vs low'"
    ).set_index("population")["p_value"]
    assert chi_square["control"] < 0.05 < chi_square["experimental"]


def test_every_published_claim_has_its_reading(demo: Installation) -> None:
    found = demo.ask("from report.headline where source not like 'not reported%'")
    claims = read_study(paths.default_study()).published
    assert list(found["claim"]) == [claim.claim for claim in claims]
    assert found["reading"].str.len().min() > 0
    assert not found["code"].str.contains("cannot_judge|not_analysed|other_figure|opposite").any()
    figures = found[found["published_estimate"].notna()]
    assert (figures["code"] == "same_figure").all()
    # what a test shows is as published; what it only shows before correction says so
    shown = dict(zip(found["claim"], found["code"].str.split(), strict=True))
    assert shown["Bevacizumab prolongs PFS"] == ["as_published"]
    sooner = "On chemotherapy alone, patients with high IL-6 progress sooner"
    assert shown[sooner][0] in ("naive_only", "as_published")
    assert shown["IL-6 tells who benefits from bevacizumab (the conclusion itself)"] == [
        "not_shown"
    ]
    response = [codes for claim, codes in shown.items() if "chi-square" in claim]
    assert response == [["as_published", "not_corrected"], ["no_difference"]]


def test_whoever_responds_does_so_at_the_two_month_assessment(demo: Installation) -> None:
    """So a cut-off on best response is one on response at two months."""
    with duckdb.connect(demo.working, read_only=True) as working:
        months = working.execute(
            'with first as (select "USUBJID", arg_min("AVALC", "ADT") as response, '
            'min("ADT") as day from cohort.adrs where "PARAMCD" = \'OVRLRESP\' '
            'group by "USUBJID") '
            'select f.response, b."AVALC" as best, date_diff(\'day\', s."TRTSDT", f.day) as days '
            'from cohort.adsl as s join first as f on s."USUBJID" = f."USUBJID" '
            'join cohort.adrs as b on b."USUBJID" = s."USUBJID" and b."PARAMCD" = \'BOR\' '
            "where s.\"ANALFL\" = 'Y'"
        ).df()
    assert len(months) == 53
    assert months["days"].between(45, 75).all()
    responds = months["best"].isin(["CR", "PR"])
    assert (months["response"].isin(["CR", "PR"]) == responds).all()
    assert responds.sum() == 26


def test_chemotherapy_is_oxaliplatin_based_as_published(demo: Installation) -> None:
    with duckdb.connect(demo.working, read_only=True) as working:
        arms = working.execute(
            'select "ARMCD", count(*), count(*) filter (exists(from staging.treatments as t '
            'where t.patient_id = s."USUBJID" and t.line = 1 '
            "and list_contains(t.substances, 'oxaliplatin'))) "
            "from cohort.adsl as s where \"ANALFL\" = 'Y' group by all order by all"
        ).fetchall()
    assert arms == [("C", 24, 24), ("E", 29, 29)]


def test_the_interaction_stands_beside_the_claims(demo: Installation) -> None:
    rows = demo.ask("from report.headline where source like 'not reported%'")
    assert set(rows["measure"]) == {"ratio_of_hazard_ratios"}
    assert list(rows["endpoint"]) == ["PFS", "PFS", "OS", "OS"]
    # P values in subgroups were published of PFS alone
    warned = rows["reading"].str.contains("Two subgroup P values")
    assert list(warned) == [True, True, False, False]


def test_everybody_is_analysed_or_counted_under_one_reason(demo: Installation) -> None:
    flow = demo.ask("from report.flow").set_index("label")["n"]
    assert flow["Analysed"] == 53
    assert flow["Patient record in quarantine"] == 0
    reasons = ["No patient record", "Decisive record in quarantine", "Consent withdrawn"]
    reasons += ["No first-line treatment", "No follow-up", "No baseline marker in the window"]
    assert flow["Arrived"] == 53 + flow[reasons].sum()
    assert (flow[reasons] == 1).all()


def test_a_decisive_quarantine_is_said_in_the_summary_and_on_the_first_screen(
    demo: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (demo.home / "published" / "report.html").read_text(encoding="utf-8")
    first_screen, _, _ = page.partition('<main id="results">')
    assert "a record that could decide is in quarantine: 1 patient." in first_screen
    site = Site(home=str(demo.home), landing=str(demo.landing), study_file=str(demo.study))
    capsys.readouterr()
    outcome.show(site, [read_study(demo.study).name])
    said = capsys.readouterr().out
    assert "1 patient: a record that could decide is in quarantine" in said
    counted = demo.ask(
        "select estimate from report.results "
        "where analysis = 'quarantine' and statistic = 'set_aside'"
    )
    assert counted["estimate"].tolist() == [1]


def test_each_planted_fault_is_found_by_its_rule(demo: Installation) -> None:
    planted = build(read_study(paths.default_study())).faults
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
    assert "Published    cut" in capsys.readouterr().out
    assert cli.main(["query", *home, "drop table report.results"]) == 2
    assert cli.main(["query", *home, "select nonsense"]) == 2


def test_nothing_new_publishes_nothing(
    demo: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.refresh() == 0
    assert f"Nothing new in {demo.landing}" in capsys.readouterr().out
    # where exports were dropped is known without being named again
    for command in ("refresh", "status"):
        assert cli.main([command, "--home", str(demo.home)]) == 0
        assert str(demo.landing) in capsys.readouterr().out


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
                # what analyses have is described at the tables that unite them
                united = CURVE_COLUMNS if table == "report.curves" else RESULT_COLUMNS
                there = {*united} if of.startswith("analysis.") else columns.get(of, set())
                there = {one.column_name} if of in beside else there
                assert one.column_name in there, (table, column, one)
    subjects = AssetKey(["cohort", "subjects"])
    (age,) = lineage["cohort.adsl"]["AGE"]
    assert (age.asset_key, age.column_name) == (subjects, "AGE")
    # a union of analyses is told apart by names
    assert {one.column_name for one in lineage["report.results"]["n"]} == {"n"}
    assert AssetKey(["analysis", "cox"]) in {
        one.asset_key for one in lineage["report.results"]["estimate"]
    }
