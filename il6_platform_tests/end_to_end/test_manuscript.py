"""The manuscript pack, read back: every number in Word and Excel is what DuckDB holds."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from pathlib import Path

import docx
import duckdb
import openpyxl
import pandas as pd
import pytest
from docx.document import Document
from docx.table import Table

from il6_platform import cli
from il6_platform.manuscript import document as manuscript
from il6_platform.manuscript.workbook import workbook
from il6_platform.report import formatting as journal
from il6_platform.report.reader import Cut, read_cut
from il6_platform.report.synthetic_flag import SYNTHETIC
from il6_platform.study import read_study
from il6_platform_tests.end_to_end.conftest import Installation, made_once

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def cut(demo: Installation) -> Cut:
    return read_cut((demo.home / "published" / "report.duckdb").resolve())


@pytest.fixture(scope="module")
def pack(refreshed_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    def make(folder: Path) -> None:
        shutil.copytree(refreshed_demo, folder / "home", symlinks=True)
        assert cli.main(["manuscript", "--home", str(folder / "home")]) == 0

    home = made_once(tmp_path_factory, "manuscript", make) / "home"
    (folder,) = home.glob("studies/*/manuscript/*")
    assert folder.name == (home / "published").resolve().name
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def word(pack: Files) -> Document:
    return docx.Document(io.BytesIO(pack["manuscript.docx"]))


def tables(word: Document) -> dict[str, Table]:
    """The document's tables by their titles, which stand before them."""
    titles = [p.text for p in word.paragraphs if re.match(r"Table S?\d+\. ", p.text)]
    assert len(titles) == len(word.tables)
    return dict(zip(titles, word.tables, strict=True))


def find(word: Document, words: str) -> Table:
    (found,) = (table for title, table in tables(word).items() if words in title)
    return found


def printed(table: Table) -> list[str]:
    """The numbers of a table's body in reading order, without the column that names the rows."""
    cells = [
        cell
        for row in table.rows[1:]
        for first, *others in [row.cells]
        for cell in others
        # a row that names those below it is one cell
        if cell._tc is not first._tc
    ]
    return [number for cell in cells for number in numbers(cell.text)]


def numbers(text: str) -> list[str]:
    found = re.findall(r"[<>]? ?-?\d+(?:\.\d+)?", text.replace("\N{MINUS SIGN}", "-"))
    return [one.strip() for one in found]


def agrees(shown: str, value: float) -> bool:
    if shown[0] in "<>":
        limit = float(shown[1:])
        return value < limit if shown[0] == "<" else value > limit
    decimals = len(shown.partition(".")[2])
    return abs(float(shown) - value) <= 0.5 * 10**-decimals + 1e-9


def assert_same(shown: list[str], rows: pd.DataFrame) -> None:
    expected = [value for row in rows.itertuples(index=False) for value in row if pd.notna(value)]
    assert len(shown) == len(expected)
    wrong = [
        (one, value) for one, value in zip(shown, expected, strict=True) if not agrees(one, value)
    ]
    assert not wrong


COMPARED = """
    (values (1, 'all', 'experimental vs control', 'experimental', 'control'),
            (2, 'marker_high', 'experimental vs control', 'experimental/high', 'control/high'),
            (3, 'marker_low', 'experimental vs control', 'experimental/low', 'control/low'),
            (4, 'all', 'high vs low', 'high', 'low'),
            (5, 'control', 'high vs low', 'control/high', 'control/low'),
            (6, 'experimental', 'high vs low', 'experimental/high', 'experimental/low'))
    as c (place, population, contrast, first, second)
"""


def test_table_1_holds_the_baseline(word: Document, demo: Installation) -> None:
    table = find(word, "Characteristics")
    cells = [[cell.text for cell in row.cells] for row in table.rows]
    groups = {1: None, 2: "control", 3: "experimental", 5: "high", 6: "low"}
    rows = demo.ask("from report.results where analysis = 'baseline'")
    base, seen = "", 0
    names = {item.title: item.name for item in read_study(demo.study).described}
    names |= {"IL-6 (pg/mL)": "MARKER"}
    for line in cells[1:]:
        inside = line[0].startswith("\N{EM SPACE}")
        if not inside:
            base = names[line[0].rpartition(", ")[0]]
        for column, group in groups.items():
            mine = rows[(rows["grp"].isna() if group is None else rows["grp"] == group)]
            mine = mine[mine["contrast"].isna()]
            if inside and "Missing" not in line[0]:
                written = {"Female": "F", "Male": "M", "Yes": "Y", "No": "N"}
                inside_name = written.get(line[0].strip(), line[0].strip())
                level = mine[mine["term"] == f"{base}[{inside_name}]"].iloc[0]
                expected = [level["events"], 100 * level["estimate"]]
            else:
                wanted = ["missing"] if inside else ["median", "q1", "q3"]
                of = mine[mine["term"] == base].set_index("statistic")["estimate"]
                expected = [of[name] for name in wanted if name in of.index]
            shown = numbers(line[column])
            assert len(shown) == len(expected)
            assert all(map(agrees, shown, expected)), line
            seen += len(shown)
        for column, contrast in ((4, "experimental vs control"), (7, "high vs low")):
            gap = rows[(rows["term"] == base) & (rows["contrast"] == contrast)]["estimate"]
            if not inside and len(gap):
                assert agrees(*numbers(line[column]), gap.iloc[0])
    assert seen > 40
    for column, group in groups.items():
        mine = rows[rows["grp"].isna() if group is None else rows["grp"] == group]
        assert cells[0][column].endswith(f"(n={mine['n'].max()})")


def test_every_number_of_the_response_tables_is_in_duckdb(
    word: Document, demo: Installation
) -> None:
    best = demo.ask(
        "with g as (from (values (1, null), (2, 'control'), (3, 'experimental'), (4, 'high'), "
        "(5, 'low'), (6, 'control/high'), (7, 'control/low'), (8, 'experimental/high'), "
        "(9, 'experimental/low')) as t (place, grp)) "
        "select r.events, 100 * r.estimate from report.results as r "
        "join g on r.grp is not distinct from g.grp "
        "where analysis = 'response' and statistic = 'rate' and population = 'all' "
        "and contrast is null "
        "order by list_position(['BOR', 'ORR', 'DCR'], endpoint), "
        "list_position(['CR', 'PR', 'SD', 'PD', 'NE'], term), place"
    )
    assert len(best) == 63
    assert_same(printed(find(word, "Best overall response")), best)
    compared = demo.ask(
        "select d.n, 100 * d.estimate, 100 * d.ci_low, 100 * d.ci_high, "
        "r.estimate, r.ci_low, r.ci_high, o.estimate, o.ci_low, o.ci_high, f.p_value "
        f"from {COMPARED} join report.results as d using (population, contrast) "
        "join report.results as r using (analysis, endpoint, population, contrast) "
        "join report.results as o using (analysis, endpoint, population, contrast) "
        "join report.results as f using (analysis, endpoint, population, contrast) "
        "where analysis = 'response' and d.statistic = 'risk_difference' "
        "and r.statistic = 'relative_risk' and o.statistic = 'odds_ratio' "
        "and f.statistic = 'fisher_exact' order by endpoint = 'DCR', place"
    )
    assert_same(printed(find(word, "Comparisons of response")), compared)


WIDE = "ci_low < ci_high"


@pytest.mark.parametrize("endpoint", ["PFS", "OS"])
def test_every_number_of_the_survival_tables_is_in_duckdb(
    word: Document, demo: Installation, endpoint: str
) -> None:
    compared = demo.ask(
        "select m.n, m.events, m.estimate, m.ci_low, m.ci_high, "
        "if(m.grp = first, h.estimate, 1), if(m.grp = first, h.ci_low, null), "
        "if(m.grp = first, h.ci_high, null), if(m.grp = first, t.p_value, null) "
        f"from {COMPARED} join report.results as t using (population, contrast) "
        "join report.results as h using (endpoint, population, contrast) "
        "join report.results as m on m.endpoint = t.endpoint and m.grp in (first, second) "
        "where t.analysis = 'survival' and t.statistic = 'logrank' and h.analysis = t.analysis "
        "and h.statistic = 'hazard_ratio_score' and m.analysis = 'survival' "
        f"and m.statistic = 'median' and m.population = 'all' and endpoint = '{endpoint}' "
        "order by place, m.grp <> first"
    )
    assert len(compared) == 12
    assert_same(printed(find(word, f"{endpoint}: comparisons")), compared)
    at_landmarks = demo.ask(
        "with s as (select *, row_number() over () as place from report.results) "
        "select any_value(n), "
        + ", ".join(
            f'100 * max({column}) filter ("at" = {months})'
            for months in (6, 12, 24)
            # limits that are the estimate are not printed
            for column in ("estimate", f"if({WIDE}, ci_low, null)", f"if({WIDE}, ci_high, null)")
        )
        + ", "
        + ", ".join(
            f"max({column}) filter (statistic = 'follow_up_median')"
            for column in ("estimate", "ci_low", "ci_high")
        )
        + f" from s where analysis = 'survival' and endpoint = '{endpoint}' and population = 'all' "
        "and statistic in ('survival', 'follow_up_median') group by grp order by min(place)"
    )
    assert len(at_landmarks) == 9
    assert_same(printed(find(word, f"{endpoint}: probabilities")), at_landmarks)


@pytest.mark.parametrize("endpoint", ["PFS", "OS"])
def test_every_number_of_the_cox_tables_is_in_duckdb(
    word: Document, demo: Installation, endpoint: str
) -> None:
    models = demo.ask(
        "with c as (select *, coalesce(term, if(contrast = 'high vs low', 'MARKERGR[high]', "
        "'ARM[experimental]')) as variable from report.results where analysis = 'cox' "
        f"and statistic = 'hazard_ratio' and population = 'all' and endpoint = '{endpoint}') "
        "select u.n, u.events, u.estimate, u.ci_low, u.ci_high, u.p_value, "
        "m.estimate, m.ci_low, m.ci_high, m.p_value "
        "from c as u join c as m using (variable) "
        "where u.model = 'univariable' and m.model = 'multivariable' "
        "order by list_position(['ARM[experimental]', 'MARKERGR[high]', 'age', 'sex[M]', "
        "'largest_metastasis_mm'], variable)"
    )
    assert len(models) == 5
    assert_same(printed(find(word, f"{endpoint}: univariable")), models)


def test_every_number_of_the_cutoff_and_the_interaction_is_in_duckdb(
    word: Document, demo: Installation
) -> None:
    table = find(word, "modify the effect")
    shares = "if(statistic = 'risk_difference_interaction', 100, 1)"
    rows = demo.ask(
        "select "
        + ", ".join(f"{column} * {shares}" for column in ("estimate", "ci_low", "ci_high"))
        + ", p_value, n, events from report.results where analysis = 'interaction' "
        "and statistic <> 'cochran_mantel_haenszel_corrected'"
    )
    assert len(rows) == len(table.rows) - 1
    assert_same(printed(table), rows)
    shares = "if(statistic in ('sensitivity', 'specificity', 'ppv', 'npv'), 100, 1)"
    wanted = [
        *("cutoff", "auc", "youden", "sensitivity", "specificity", "ppv", "npv"),
        *("cutoff_bootstrap", "auc_corrected", "youden_corrected", "hazard_ratio_corrected"),
        *("hazard_ratio_cross_validated", "logrank_selection_corrected", "maxstat_permutation"),
    ]
    found = demo.ask(
        "select "
        + ", ".join(f"{column} * {shares}" for column in ("estimate", "ci_low", "ci_high"))
        + ", p_value, n from report.results where analysis in ('cutoff', 'validity') "
        f"and list_contains({wanted}, statistic) order by list_position({wanted}, statistic), "
        "endpoint desc, population"
    )
    table = find(word, "The cut-off of")
    shown = [
        number for row in table.rows[1:] for cell in row.cells[1:4] for number in numbers(cell.text)
    ]
    # the corrected log-rank test is of both endpoints, in all patients and in each arm
    assert len(found) == len(wanted) + 5
    assert_same(shown, found)


def test_the_methods_say_what_was_run_and_nothing_else(
    word: Document, demo: Installation, cut: Cut
) -> None:
    text = "\n".join(paragraph.text for paragraph in word.paragraphs)
    assert SYNTHETIC in text
    assert "Further: " not in text, "a method of report.results has no phrase"
    assert "Firth" in text and "propensity" in text
    for name, value in demo.ask(
        "select name, value from report.provenance where kind = 'version'"
    ).itertuples(index=False):
        assert f"{name} {value}" in text
    flow = dict(demo.ask("select kind, n from report.flow").itertuples(index=False))
    assert f"Of {flow['arrived']} patients who arrived, {flow['analysed']} were analysed" in text
    (found,) = demo.ask("select estimate from report.results where statistic = 'cutoff' and "
                        "analysis = 'cutoff'")["estimate"]  # fmt: skip
    assert f"it was {found:g} pg/mL" in text
    cited = {int(n) for one in re.findall(r"\[([\d,]+)\]", text) for n in one.split(",")}
    listed = [int(n) for n in re.findall(r"^(\d+)\. ", text, flags=re.MULTILINE)]
    assert sorted(cited) == listed == list(range(1, len(listed) + 1))
    first = [n for one in re.findall(r"\[([\d,]+)\]", text) for n in one.split(",")]
    assert list(dict.fromkeys(map(int, first))) == listed, "numbered as first cited"
    # without the analysis, no sentence on it
    fewer = {**cut.tables, "results": cut.results.query("analysis != 'small_sample'")}
    without = manuscript.Manuscript(Cut(cut.name, cut.study, fewer, cut.dictionary)).text
    assert not any("Firth" in said for _, said in without[0])
    assert not any("monotone likelihood" in paper for paper in without[1])


def test_every_figure_stands_in_word_with_words_for_those_who_cannot_see_it(
    word: Document, pack: Files
) -> None:
    shapes = word.inline_shapes
    captions = [p.text for p in word.paragraphs if re.match(r"Figure \d+\. ", p.text)]
    assert len(shapes) >= 20 and len(captions) >= 10
    for shape in shapes:
        assert len(shape._inline.docPr.get("descr")) > 30
        assert 4 < shape.width.cm <= 17.01
    held = {part.blob for part in word.part.package.iter_parts() if part.partname.endswith("png")}
    assert held <= {made for name, made in pack.items() if name.endswith(".png")}


def test_figures_are_fit_for_print(pack: Files) -> None:
    names = {Path(name).stem for name in pack if name.startswith("figures/")}
    assert len(names) >= 25
    for name in names:
        png, pdf, svg = (pack[f"figures/{name}.{ending}"] for ending in ("png", "pdf", "svg"))
        at = png.index(b"pHYs") + 4
        assert int.from_bytes(png[at : at + 4], "big") == pytest.approx(300 / 0.0254, abs=1)
        assert b"/FontFile2" in pdf and b"CreationDate" not in pdf
        assert b"<text" not in svg and b"<path" in svg


def test_every_number_in_excel_is_in_duckdb_as_a_number(
    pack: Files, demo: Installation, cut: Cut
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(pack["results.xlsx"]))
    assert len(book.sheetnames) <= 8
    counted = 0
    tables = ("headline", "flow", "results", "data_quality", "history", "provenance")
    for name, rows in {name: demo.ask(f"from report.{name}") for name in tables}.items():
        sheet = book[name]
        # as wide as the paper, its head on every page
        assert sheet.sheet_properties.pageSetUpPr.fitToPage and not sheet.page_setup.fitToHeight
        assert sheet.print_title_rows == "$1:$1" and sheet.page_setup.paperSize == 9
        assert [cell.value for cell in sheet[1]] == list(rows.columns)
        assert sheet.max_row == len(rows) + 1
        for cells, values in zip(
            sheet.iter_rows(min_row=2), rows.itertuples(index=False), strict=True
        ):
            for cell, value in zip(cells, values, strict=True):
                assert cell.data_type != "f"
                if pd.isna(value):
                    assert cell.value is None
                elif isinstance(value, str):
                    assert cell.data_type == "s" and cell.value == value
                else:
                    assert cell.data_type == "n"
                    assert cell.value == pytest.approx(value, rel=1e-14)
                    counted += 1
    assert counted > 5000
    dictionary = {
        (row[0], row[1]): row[3] for row in book["data dictionary"].iter_rows(values_only=True)
    }
    for table, column, comment in demo.ask(
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = current_database()"
    ).itertuples(index=False):
        assert dictionary[table, column] == comment and comment


def test_text_that_begins_as_a_formula_stays_text(cut: Cut) -> None:
    marked = cut.tables["flow"].assign(label="=1+1")
    evil = Cut(cut.name, cut.study, {**cut.tables, "flow": marked}, cut.dictionary)
    sheet = openpyxl.load_workbook(io.BytesIO(manuscript.workbook(evil)))["flow"]
    assert {sheet.cell(2, 2).value, sheet.cell(2, 2).data_type} == {"=1+1", "s"}


def test_the_pack_is_made_again_with_the_same_bytes(pack: Files, cut: Cut) -> None:
    again = manuscript.Manuscript(cut)
    kept: dict[str, dict[str, bytes]] = {}
    for name, content in pack.items():
        if name.startswith("figures/"):
            picture, _, ending = name.removeprefix("figures/").rpartition(".")
            kept.setdefault(picture, {})[ending] = content
    assert set(kept) == set(again.pictures)
    # one of each way of drawing; to draw them all takes as long as to make the pack
    few = ("flow", "response", "km-pfs-all-high-vs-low", "subgroups-os", "evidence", "projection")
    for name in few:
        assert manuscript.for_print(again.pictures[name].draw()) == kept[name], name
    # what is written holds the pictures as they were drawn
    vars(again)["files"] = kept
    assert manuscript.document(again) == pack["manuscript.docx"]
    assert manuscript.checklists(again) == pack["checklists.docx"]
    assert workbook(cut) == pack["results.xlsx"]


def test_no_patient_is_in_the_pack(pack: Files, demo: Installation) -> None:
    with duckdb.connect(demo.working, read_only=True) as connection:
        keys = [
            key.encode()
            for (key,) in connection.execute('select "USUBJID" from cohort.subjects').fetchall()
        ]
    assert len(keys) > 50
    for name, content in pack.items():
        held = content
        if name.endswith(("docx", "xlsx")):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                held = b"".join(archive.read(part) for part in archive.namelist())
        assert not any(key in held for key in keys), name
        assert b"CRLM-0" not in held, name


def test_the_study_is_read_back_from_the_cut(cut: Cut, demo: Installation) -> None:
    assert cut.study == read_study(demo.study)
    assert cut.is_synthetic


def test_the_checklists_say_where_each_item_stands_with_its_value(pack: Files, cut: Cut) -> None:
    remark, strobe = (pd.read_csv(io.BytesIO(pack[name])) for name in ("remark.csv", "strobe.csv"))
    assert remark["number"].tolist() == list(range(1, 21))
    # recruitment dates are in the data
    assert re.search(r"Treatment began between 20\d\d-\d\d and 20", remark.loc[5, "value"])
    assert re.search(r"Treatment began between 20\d\d-\d\d and 20", strobe.loc[4, "value"])
    assert strobe["number"].tolist() == list(range(1, 23))
    word = docx.Document(io.BytesIO(pack["checklists.docx"]))
    for table, items in zip(word.tables, (remark, strobe), strict=True):
        shown = [[cell.text for cell in row.cells] for row in table.rows[1:]]
        columns = items[["number", "topic", "asks", "where", "value"]].fillna("").astype(str)
        assert shown == columns.to_numpy().tolist()
    titles = tables(docx.Document(io.BytesIO(pack["manuscript.docx"])))
    named = {title.partition(".")[0] for title in titles}
    assert set(re.findall(r"Table \d+", " ".join(remark["where"]))) <= named
    assert remark.loc[15, "where"].startswith(next(t for t in titles if "PFS: uni" in t)[:7])
    hazard = cut.row(
        analysis="survival", statistic="hazard_ratio_score", endpoint="PFS", population="all",
        contrast="high vs low",
    )  # fmt: skip
    assert hazard is not None
    said = numbers(remark.loc[14, "value"])
    assert all(map(agrees, said, hazard[["estimate", "ci_low", "ci_high"]]))
    assert list(remark["number"][remark["where"].str.startswith("missing")]) == [4, 5, 19, 20]


def test_what_a_cut_cannot_say_is_missing_in_its_checklists(cut: Cut) -> None:
    study = cut.study.model_copy(update={"planned": None, "covariates": ()})
    fewer = cut.results[cut.results["model"] != "multivariable"]
    poorer = Cut(cut.name, study, {**cut.tables, "results": fewer}, cut.dictionary)
    content = manuscript.Manuscript(poorer)
    missing = [item.number for item in content.items["REMARK"] if item.is_missing]
    assert missing == [4, 5, 8, 9, 16, 17, 19, 20]
    assert dict(content.text[0])["Sample size"].startswith("missing: ")


def test_a_count_that_is_hidden_stays_hidden(cut: Cut) -> None:
    few = cut.results.copy()
    hide = (few["analysis"] == "response") & (few["events"] == 1)
    few["suppressed"] = None
    few.loc[hide, "suppressed"] = "events <5"
    few.loc[hide, ["events", "estimate"]] = pd.NA
    flow = cut.tables["flow"].astype({"n": "Int64"})
    flow["suppressed"] = None
    flow.loc[flow["n"] < 5, "suppressed"] = "n <5"
    flow.loc[flow["n"] < 5, "n"] = pd.NA
    quality = cut.study.quality.model_copy(update={"minimal_cell": 5})
    study = cut.study.model_copy(update={"quality": quality})
    tables = {**cut.tables, "results": few, "flow": flow}
    content = manuscript.Manuscript(Cut(cut.name, study, tables, cut.dictionary))
    response = next(table for table in content.tables.values() if table.key == "response")
    assert any("<5" in row for row in response.rows)
    assert not any(cell.startswith("1 (") for row in response.rows for cell in row)
    assert "consent withdrawn, <5" in dict(content.text[0])["Design and patients"]
    assert not {"flow", "waterfall", "swimmer"} & {name for p in content.plates for name in p.names}


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.0004, "< 0.001"),
        (0.0012, "0.0012"),
        (0.0234, "0.023"),
        (0.0496, "0.0496"),
        (0.0504, "0.0504"),
        (0.2, "0.20"),
        (0.999, "> 0.99"),
        (None, ""),
    ],
)
def test_p_values_are_written_as_journals_do(p: float | None, said: str) -> None:
    assert journal.p_value(p) == said


def test_what_is_not_reached_is_said() -> None:
    open_above = pd.Series({"estimate": 12.34, "ci_low": 4.0, "ci_high": None})
    assert journal.with_interval(open_above, journal.months) == "12.3 (4.0 to not reached)"
    never = pd.Series({"estimate": None, "ci_low": None, "ci_high": None})
    assert journal.with_interval(never, journal.months) == "not reached"
    assert journal.with_interval(never, journal.ratio) == "not estimable"
    crossing = pd.Series({"estimate": -0.1, "ci_low": -0.25, "ci_high": 0.05})
    assert journal.with_interval(crossing, journal.points).startswith("\N{MINUS SIGN}10 (")
    assert " to " in journal.with_interval(crossing, journal.points)
