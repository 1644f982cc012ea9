"""Word, Excel, figures and exchange files say what DuckDB says; made again they are the same."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from il6_platform import cli
from il6_platform.report import checklists
from il6_platform.report.exchange import short_names
from il6_platform.report.manuscript import Cut
from il6_platform.report.tables import tables
from il6_platform_tests.end_to_end.conftest import Installation


@pytest.fixture(scope="module")
def pack(demo: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    options = ["--home", str(demo.home), "--to"]
    assert cli.main(["manuscript", *options, str(folder / "one")]) == 0
    assert cli.main(["export", *options, str(folder / "exchange")]) == 0
    return folder


@pytest.fixture(scope="module")
def cut(demo: Installation) -> Cut:
    return Cut.read((demo.home / "published").resolve())


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_study_is_read_back_from_the_cut(cut: Cut, demo: Installation) -> None:
    from il6_platform.study import read_study

    assert cut.report.study == read_study(demo.study)
    assert cut.is_synthetic


def test_every_number_of_the_workbook_is_duckdbs(pack: Path, demo: Installation) -> None:
    from openpyxl import load_workbook

    book = load_workbook(pack / "one" / "results.xlsx")
    results = demo.ask("from report.results")
    for analysis, rows in results.groupby("analysis", sort=False):
        sheet = list(book[str(analysis)].values)
        heads, lines = list(sheet[0]), sheet[1:]
        assert len(lines) == len(rows)
        shown = pd.DataFrame(lines, columns=heads)
        for column in heads:
            if rows[column].dtype == object:
                expected = rows[column].where(rows[column].notna(), None)
                assert shown[column].tolist() == expected.tolist(), (analysis, column)
            else:
                pd.testing.assert_series_equal(
                    shown[column].astype(float),
                    rows[column].astype(float).reset_index(drop=True),
                    rtol=1e-14,
                    check_names=False,
                )


def test_every_table_of_the_document_is_what_the_tables_say(pack: Path, cut: Cut) -> None:
    import docx

    document = docx.Document(str(pack / "one" / "manuscript.docx"))
    expected = tables(cut.report)
    for table, shown in zip(expected, document.tables, strict=False):
        cells = [[cell.text for cell in row.cells] for row in shown.rows]
        assert cells == [table.columns, *table.rows], table.title
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "no patient in this document is real" in text
    assert "Youden index for PFS by 9 months" in text
    assert cut.name in text
    assert len(document.inline_shapes) >= 20


def test_the_tables_hold_duckdbs_numbers(cut: Cut, demo: Installation) -> None:
    by_title = {table.title: table for table in tables(cut.report)}
    for endpoint in ("PFS", "OS"):
        rows = demo.ask(
            "select c.estimate, c.ci_low, c.ci_high, t.p_value, t.events, t.n "
            "from report.results as c join report.results as t on t.analysis = 'survival' "
            "and t.statistic = 'logrank' and t.endpoint = c.endpoint "
            "and t.population = c.population and t.contrast = c.contrast "
            "where c.analysis = 'cox' and c.model = 'univariable' and c.contrast is not null "
            f"and c.statistic = 'hazard_ratio' and c.endpoint = '{endpoint}'"
        )
        found = {
            (f"{r.estimate:.2f} ({r.ci_low:.2f} to {r.ci_high:.2f})", f"{r.events}/{r.n}")
            for r in rows.itertuples()
        }
        shown = {(line[3], line[1]) for line in by_title[f"{endpoint} compared"].rows}
        assert shown == found
        for line in by_title[f"{endpoint} compared"].rows:
            p = float(line[4].removeprefix("<"))
            assert any(abs(p - q) < 0.0051 for q in rows["p_value"])
    response = by_title["Best overall response (RECIST 1.1)"]
    for line in response.rows:
        assert int(line[1]) == sum(map(int, line[2:7]))
        rate = re.match(r"(\d+)%", line[7])
        assert rate is not None
        assert int(rate[1]) == round(100 * (int(line[2]) + int(line[3])) / int(line[1]))


def test_the_pack_is_made_again_byte_for_byte(pack: Path, demo: Installation) -> None:
    options = ["--home", str(demo.home), "--to"]
    assert cli.main(["manuscript", *options, str(pack / "two")]) == 0
    assert digests(pack / "one") == digests(pack / "two")
    assert cli.main(["export", *options, str(pack / "again")]) == 0
    assert digests(pack / "exchange") == digests(pack / "again")


def test_every_figure_is_there_in_three_formats(pack: Path) -> None:
    figures = pack / "one" / "figures"
    names = {path.stem for path in figures.iterdir()}
    assert len(names) >= 25
    for name in names:
        assert (figures / f"{name}.svg").read_text(encoding="utf-8").startswith("<svg")
        assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        png = (figures / f"{name}.png").read_bytes()
        # pHYs: 11811 pixels a metre are 300 dots an inch
        assert int.from_bytes(png[png.index(b"pHYs") + 4 :][:4], "big") == 11811


def test_no_patient_is_in_the_pack(pack: Path, demo: Installation) -> None:
    with duckdb.connect(demo.home / "working.duckdb", read_only=True) as working:
        keys = [k for (k,) in working.execute('select "USUBJID" from cohort.subjects').fetchall()]
    import zipfile

    for path in (pack / "one").rglob("*.*"):
        content = path.read_bytes()
        if path.suffix in {".docx", ".xlsx"}:
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        assert not any(key.encode() in content for key in keys), path


def test_the_checklists_answer_every_item_or_say_that_it_is_missing(cut: Cut) -> None:
    items = checklists.checklists(cut.report, cut.provenance)
    counts = items["guideline"].value_counts()
    assert (counts["REMARK"], counts["STROBE"]) == (20, 22)
    assert items["where"].str.len().min() > 10
    remark = items[items["guideline"] == "REMARK"].set_index("item")
    assert not remark.loc["9", "is_missing"]
    assert remark.loc["5", "is_missing"]
    unplanned = Cut(cut.name, cut.report, cut.provenance)
    report = unplanned.report
    without = type(report)(
        report.results[report.results["model"] != "multivariable"],
        report.curves,
        report.flow,
        report.study.model_copy(update={"planned": None}),
    )
    then = checklists.checklists(without, cut.provenance)
    then = then[then["guideline"] == "REMARK"].set_index("item")
    assert then.loc["9", "is_missing"]
    assert then.loc["16", "is_missing"]


def test_the_datasets_are_the_cohort(pack: Path, demo: Installation) -> None:
    import pyreadstat

    folder = pack / "exchange"
    assert folder.stat().st_mode & 0o077 == 0
    dictionary = pd.read_csv(folder / "define.csv")
    with duckdb.connect(demo.home / "working.duckdb", read_only=True) as working:
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
    given = [r for a in event["analyses"] for r in a["results"] if r["rawValue"] is not None]
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
