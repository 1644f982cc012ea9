"""Every line of a foreign export is in a table, or passed over for a reason that is on record."""

from __future__ import annotations

from pathlib import Path

from il6_platform import paths
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.profiles import read_profiles
from il6_platform_tests.registry.test_formats import written
from il6_platform_tests.registry.test_reading import workbook
from il6_platform_tests.validation.conftest import Registry, made

__all__ = ["made"]

PROFILES = read_profiles(paths.project_root() / "data" / "profiles")
PEOPLE = [
    ["住院号", "姓名", "性别", "出生日期"],
    ["甲1", "王某某", "男", "1950/3/5"],
    ["甲2", "李某某", "", "1951/3/5"],
]
LABS = [
    ["住院号", "检验项目", "结果", "单位", "采样日期", "备注"],
    ["甲1", "白介素6", "1.5", "pg/mL", "2021/3/5", ""],
    ["", "", "", "", "", ""],
    ["甲1", "", "2.5", "pg/mL", "2021/3/6", "王某某"],
    ["甲1", "", "", "", "", ""],
]
NOTES = [["说明"], ["王某某 exported it"], ["twice"]]


def test_a_line_that_no_mapping_takes_is_quarantined_or_passed_over(made: Registry) -> None:
    file = made.folder / "landing" / "crlm_2024-01-01.xlsx"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(workbook({"患者": PEOPLE, "检验": LABS, "说明": NOTES}))
    assert made.stage()
    worklist = made.ask(
        "select file, file_line, rule, severity from staging.quarantine "
        "where rule like '%is_given' and severity != 'warn' order by file"
    )
    name = "crlm_2024-01-01.xlsx"
    assert worklist.values.tolist() == [
        [f"{name} (患者: patients)", 3, "sex_is_given", "cell"],
        [f"{name} (检验: labs)", 4, "analyte_is_given", "quarantine"],
    ]
    passed_over = made.ask("select sheet, line, reason from raw.passed_over order by sheet, line")
    assert passed_over.values.tolist() == [
        ["检验", 5, "nothing that the profile reads is filled in"],
        ["说明", 2, "no table is read from its sheet"],
        ["说明", 3, "no table is read from its sheet"],
    ]
    balance = made.ask("from staging.balance").set_index("table_name")
    assert balance["received"].to_dict() == {"(no table)": 3, "labs": 2, "patients": 2}
    assert balance["unaccounted"].sum() == 0 and balance.loc["(no table)", "passed_over"] == 3
    # who the people are stays outside
    for table in ("raw.patients", "raw.labs", "raw.passed_over", "raw.columns", "raw.sources"):
        assert made.ask(f"from {table} as t where t::varchar like '%某某%'").empty
    # a line that is in no place is found by the file's own count
    made.warehouse.query("delete from raw.labs where line = 4")
    made.warehouse.query("delete from raw.passed_over where line = 3")
    made.warehouse.run_sql("staging.received")
    made.warehouse.run_sql("staging.lines")
    made.warehouse.run_sql("staging.balance")
    assert made.ask("select sum(unaccounted) as n from staging.balance")["n"].iloc[0] >= 2


def test_a_sheet_that_lacks_what_its_table_is_known_by_is_refused() -> None:
    renamed = [[name.replace("检验项目", "项目名称") for name in LABS[0]], *LABS[1:]]
    content = workbook({"患者": PEOPLE, "检验": renamed})
    (one,) = open_deliveries("crlm.xlsx", content, PROFILES).deliveries
    assert one.status == "rejected" and one.problem is not None
    assert "sheet 检验 lacks the column 检验项目" in one.problem and "labs" in one.problem


def test_redcap_rows_of_other_forms_and_boxes_that_are_not_ticked() -> None:
    header = ["record_id", "redcap_repeat_instrument", "redcap_repeat_instance", "sex", "dob"]
    header += ["extrahepatic___1", "lab_test", "lab_value", "lab_unit", "lab_date", "ae_term"]
    rows = [
        ["1", "", "", "1", "1950-03-05", "0", "", "", "", "", ""],
        ["2", "", "", "", "", "0", "", "", "", "", ""],
        ["1", "laboratory", "1", "", "", "", "", "2.5", "pg/mL", "2021-03-05", ""],
        ["1", "adverse_event", "1", "", "", "", "", "", "", "", "rash"],
    ]
    opened = open_deliveries("redcap.csv", written([header, *rows]).encode(), PROFILES)
    lines = {one.table: list(one.export.lines) for one in opened.deliveries if one.export}
    assert lines == {"patients": [2], "labs": [4]}
    (source,) = opened.sources
    assert source.lines == 4
    assert source.passed_over == {
        3: "nothing that the profile reads is filled in",
        5: "the profile reads no line with such a value of redcap_repeat_instrument",
    }


def test_a_file_that_is_renamed_as_it_was_told_is_read(made: Registry) -> None:
    made.deliver("2024-01-01", patients=["A,F,1950-01-01,", "B,M,1960-01-01,"])
    folder = Path(made.folder / "landing" / "2024-01-01")
    (folder / "export.csv").write_text("patient_id,last_contact_on\nA,2023-01-01\n")
    assert made.stage()
    before = made.ask("select status, problem, sequence from raw.deliveries order by sequence")
    assert before["status"].tolist() == ["unrecognised", "accepted"]
    assert "name the file after its table" in before["problem"].iloc[0]
    (folder / "export.csv").rename(folder / "follow_up.csv")
    assert not made.stage()
    after = made.ask("select file, status from raw.deliveries order by sequence")
    assert after.values.tolist() == [
        ["2024-01-01/patients.csv", "accepted"],
        ["2024-01-01/follow_up.csv", "rejected"],
    ]
