"""Drafted profiles: right on exports that nobody tuned them to, silent on who the patients are."""

from __future__ import annotations

import csv
import io
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from il6_platform import cli, paths
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.exports import ExportError
from il6_platform.registry.formats import Sheet, open_sheets
from il6_platform.registry.profile_inference import draft
from il6_platform.registry.profiles import Profile, read_profile
from il6_platform.registry.redcap_dictionary import dictionary_beside
from il6_platform_tests.registry import foreign

SAMPLES = paths.project_root() / "data" / "profiles" / "samples"
Rows = list[dict[str, str]]


def drafted(folder: Path, file: str, sheets: list[Sheet], edit: dict[str, str]) -> Profile:
    """Draft a profile, put the answers in, and read it as a site's own."""
    text = draft(file, sheets, dictionary_beside(folder / file)).text
    for old, new in edit.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "draft.yaml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def native_rows(profile: Profile, sheets: list[Sheet]) -> Counter[tuple[object, ...]]:
    told, data = profile.opened(sheets)
    return Counter(
        (part.table, line, *sorted((name, text.lower()) for name, text in cells.items()))
        for part in told.native(data)
        for line, cells in part.rows
    )


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("chinese_hospital", {}),
        ("redcap_flat", {}),
        ("cdisc", {}),
        (
            "redcap_longitudinal",
            {
                "analyte: {}": 'analyte: {"1": il6, "2": crp, "3": cea, '
                '"4": neutrophils, "5": lymphocytes}'
            },
        ),
        # with the project's data dictionary nothing is left to answer
        ("redcap_longitudinal with dictionary", {}),
        ("redcap_longitudinal_labels with dictionary", {}),
        ("redcap_flat_raw", {}),
    ],
)
def test_the_draft_of_a_sample_reads_it_as_the_shipped_profile_does(
    name: str, answers: dict[str, str], tmp_path: Path
) -> None:
    """The same native rows: all of staging rests on these."""
    name, _, is_told = name.partition(" ")
    if is_told:
        dictionary = foreign.redcap_dictionary(flat=False)
        (tmp_path / "redcap_longitudinal_dictionary.csv").write_bytes(dictionary)
    ((file, content),) = foreign.FORMATS[name]("2023-12-31").items()
    sheets = open_sheets(file, content)
    made = drafted(tmp_path, file, sheets, answers)
    told, data = made.opened(sheets)
    assert told.fits(file, data)
    assert native_rows(made, sheets) == native_rows(foreign.profile(name), sheets)


# Names as three hospitals write them, put together without a look at the vocabulary.
NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "patients": {
        "patient_id": ("Patient ID", "SubjectNo", "Pat.-Nr.", "受试者编号", "study_id", "病人编号"),
        "sex": ("Sex", "gender_code", "Geschlecht", "性别", "Sex at birth", "患者性别"),
        "birth_date": (
            "DOB",
            "Date of Birth",
            "Geburtsdatum",
            "出生日期",
            "birthdate",
            "出生年月日",
        ),
        "diagnosis_date": (
            "Dx Date",
            "date_of_diagnosis",
            "Erstdiagnose",
            "确诊日期",
            "DiagnosisDate",
            "诊断时间",
        ),
        "primary_site": (
            "Primary tumour",
            "primary_location",
            "Primärtumor",
            "原发部位",
            "Tumor site",
            "原发灶",
        ),
        "metastasis_timing": (
            "Synchronicity",
            "mets_timing",
            "Metastasierung",
            "转移时间",
            "Timing of mets",
            "同时/异时",
        ),
        "liver_metastases_n": (
            "No. of liver mets",
            "n_liver_mets",
            "Anzahl Lebermetastasen",
            "肝转移灶数目",
            "LiverMetsCount",
            "肝转移数",
        ),
        "largest_metastasis_mm": (
            "Largest lesion (mm)",
            "max_diameter_mm",
            "Größte Metastase (mm)",
            "最大径(mm)",
            "LargestMet",
            "最大转移灶直径",
        ),
        "extrahepatic": (
            "Extrahepatic disease",
            "extrahep_mets",
            "extrahepatische Metastasen",
            "肝外转移",
            "EHD",
            "有无肝外转移",
        ),
        "ras_status": (
            "KRAS/NRAS",
            "ras_mutation",
            "RAS-Mutation",
            "RAS基因状态",
            "RAS",
            "RAS突变",
        ),
        "braf_status": (
            "BRAF V600E",
            "braf_mutation",
            "BRAF-Mutation",
            "BRAF基因",
            "BRAF",
            "BRAF突变",
        ),
        "ecog": ("ECOG PS", "performance_status", "ECOG", "ECOG评分", "ECOG score", "体能评分"),
    },
    "treatments": {
        "line": ("Line", "therapy_line", "Therapielinie", "治疗线数", "Line of therapy", "线数"),
        "drug": ("Drug", "agent_name", "Medikament", "药物名称", "Drug given", "用药"),
        "start_date": ("Start", "start_dt", "Beginn", "开始日期", "Started", "开始用药日期"),
        "end_date": ("Stop", "end_dt", "Ende", "结束日期", "Stopped", "停药时间"),
    },
    "labs": {
        "analyte": ("Test", "test_name", "Parameter", "检验项目", "Assay", "项目"),
        "value": ("Result", "lab_result", "Ergebnis", "结果", "Value", "测定值"),
        "unit": ("Units", "result_unit", "Einheit", "单位", "Unit", "计量单位"),
        "collected_on": (
            "Sample date",
            "collection_dt",
            "Abnahmedatum",
            "采血日期",
            "Drawn on",
            "标本采集时间",
        ),
    },
    "assessments": {
        "assessed_on": (
            "CT date",
            "scan_dt",
            "Untersuchungsdatum",
            "检查日期",
            "Imaged on",
            "评估时间",
        ),
        "response": (
            "RECIST",
            "overall_response",
            "Ansprechen",
            "疗效评价",
            "Response (RECIST 1.1)",
            "疗效",
        ),
        "sum_of_diameters_mm": (
            "SLD (mm)",
            "sum_target_lesions",
            "Summe der Zielläsionen",
            "靶病灶总和",
            "Sum of diameters",
            "靶病灶径线之和",
        ),
    },
    "follow_up": {
        "last_contact_on": (
            "Last contact",
            "last_fu_date",
            "Letzter Kontakt",
            "末次随访日期",
            "Last seen alive",
            "最后随访时间",
        ),
        "vital_status": (
            "Status",
            "vital_status",
            "Vitalstatus",
            "生存状态",
            "Alive/Dead",
            "是否存活或死亡",
        ),
        "died_on": ("Date of death", "death_dt", "Todesdatum", "死亡日期", "Died", "死亡时间"),
        "cause_of_death": (
            "Cause of death",
            "death_cause",
            "Todesursache",
            "死亡原因",
            "COD",
            "死因",
        ),
    },
}
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "M": {"sex": ("Male", "m", "männlich", "男", "M", "男性")},
    "F": {"sex": ("Female", "f", "weiblich", "女", "F", "女性")},
    "right colon": {
        "primary_site": ("Right colon", "right", "Kolon rechts", "右半结肠", "Right", "右侧结肠")
    },
    "left colon": {
        "primary_site": ("Left colon", "left", "Kolon links", "左半结肠", "Left", "左侧结肠")
    },
    "rectum": {"primary_site": ("Rectum", "rectum", "Rektum", "直肠", "Rectal", "直肠")},
    "alive": {"vital_status": ("Alive", "alive", "lebend", "存活", "Alive", "存活")},
    "dead": {"vital_status": ("Dead", "dead", "verstorben", "死亡", "Dead", "死亡")},
    "Y": {"extrahepatic": ("Yes", "yes", "ja", "有", "Y", "是")},
    "N": {"extrahepatic": ("No", "no", "nein", "无", "N", "否")},
    "bevacizumab": {
        "drug": ("Bevacizumab", "Avastin", "Bevacizumab", "贝伐珠单抗", "bevacizumab", "贝伐珠单抗")
    },
    "il6": {"analyte": ("IL-6", "il6", "Interleukin-6", "白介素6", "IL6", "白细胞介素-6")},
}
DATES = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%b-%Y", "%Y年%m月%d日")
SHEETS = ("Data", "sheet", "Tabelle", "表", "Export", "导出")
NOISE: dict[str, Callable[[random.Random], str]] = {
    "Patient name": lambda rng: rng.choice("ABCDEFG") + "son, " + rng.choice("abc") + "nna",
    "Telefon": lambda rng: f"0151 {rng.randrange(10**7, 10**8)}",
    "备注": lambda rng: "病人要求下周再来复查 并带上以前的片子",
    "BMI": lambda rng: f"{rng.uniform(17, 38):.1f}",
    "Smoker": lambda rng: rng.choice(["current", "never", "former"]),
}
PRIVATE = ("Patient name", "Telefon", "备注")


def variant(seed: int) -> tuple[list[Sheet], dict[tuple[str, str], str], dict[str, str]]:
    """Return an export in one style, what each native column is called in it, and what is noise."""
    rng = random.Random(seed)
    style = rng.randrange(6)
    tables = foreign.native("2021-12-31")
    truth: dict[tuple[str, str], str] = {}
    sheets = []
    comma = style == 2
    for number, (table, columns) in enumerate(NAMES.items()):
        optional = [c for c in columns if c not in REQUIRED]
        dropped = set(rng.sample(optional, rng.randrange(len(optional) // 2 + 1)))
        names = {
            native: listed[style if rng.random() < 0.7 else rng.randrange(6)]
            for native, listed in columns.items()
            if native not in dropped
        }
        names["patient_id"] = NAMES["patients"]["patient_id"][style]
        if len(set(names.values())) < len(names):
            names = {native: listed[style] for native, listed in columns.items()}
            names["patient_id"] = NAMES["patients"]["patient_id"][style]
        header = [*names, *(NOISE if table == "patients" else ())]
        rng.shuffle(header)
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";")
        writer.writerow([names.get(native, native) for native in header])
        for row in tables[table]:
            line = []
            for native in header:
                text = row.get(native, "") if native in names else NOISE[native](rng)
                said = WORDS.get(text, {}).get(native)
                text = said[style] if said else text
                try:
                    text = date.fromisoformat(text).strftime(DATES[style])
                except ValueError:
                    text = text.replace(".", ",") if comma and native == "value" else text
                line.append(text)
            writer.writerow(line)
        (sheet,) = open_sheets("x.csv", out.getvalue().encode())
        sheets.append(Sheet(f"{SHEETS[style]}{number}", sheet.export))
        truth |= {(table, native): name for native, name in names.items()}
    rng.shuffle(sheets)
    return sheets, truth, {"decimal": "," if comma else ".", "style": str(style)}


REQUIRED = frozenset(
    {"patient_id", "sex", "birth_date", "line", "drug", "start_date", "analyte", "value", "unit"}
    | {"collected_on", "assessed_on", "response", "last_contact_on", "vital_status"}
)


def mapped(text: str, folder: Path) -> tuple[dict[tuple[str, str], str], Profile]:
    (folder / "d.yaml").write_text(text, encoding="utf-8")
    profile = read_profile(folder / "d.yaml")
    return {
        (one.table, native): name for one in profile.tables for native, name in one.columns.items()
    }, profile


def score(seed: int, folder: Path) -> tuple[int, int, int]:
    """Return how many columns there were to map, how many are right, and how many wrong."""
    sheets, truth, said = variant(seed)
    made = draft("export.xlsx", sheets, None)
    found, profile = mapped(made.text, folder)
    right = sum(found.get(place) == name for place, name in truth.items())
    wrong = sum(truth.get(place) != name for place, name in found.items())
    assert profile.decimal == said["decimal"]
    assert profile.dates == (("dmy",) if said["style"] in "12" else ())
    assert set(PRIVATE) <= set(profile.identifiers), (seed, profile.identifiers)
    patients = {row["patient_id"] for row in foreign.native("2021-12-31")["patients"]}
    for private in (*patients, "son, ", "0151", "病人要求"):
        assert private not in made.text + " ".join(made.questions)
    return len(truth), right, wrong


@given(st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_most_columns_of_an_export_in_any_words_are_mapped_right(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        every, right, wrong = score(seed, Path(folder))
    assert right >= 0.85 * every
    assert wrong <= 0.05 * every


def written(header: list[str], *rows: list[str]) -> list[Sheet]:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return open_sheets("x.csv", out.getvalue().encode())


def test_analytes_in_columns_of_their_own(tmp_path: Path) -> None:
    rows = [
        [f"P{n}", f"2020-01-{n:02}", f"{n}.5", f"{n}", "f" if n % 2 else "m", "1950-03-01"]
        for n in range(1, 20)
    ]
    sheets = written(["Pat ID", "Blood draw", "IL-6 (pg/mL)", "CEA", "sex", "dob"], *rows)
    made = draft("x.csv", sheets, None)
    found, profile = mapped(made.text, tmp_path)
    labs = [one for one in profile.tables if one.table == "labs"]
    assert [(one.columns["value"], one.constants) for one in labs] == [
        ("IL-6 (pg/mL)", {"analyte": "il6", "unit": "pg/mL"}),
        ("CEA", {"analyte": "cea", "unit": "ng/mL"}),
    ]
    assert found["labs", "collected_on"] == "Blood draw"
    assert [question for question in made.questions if "unit" in question] == [
        "In which unit is CEA? ng/mL is assumed"
    ]


def test_what_cannot_be_told_is_asked(tmp_path: Path) -> None:
    rows = [[f"P{n}", f"0{n}/0{n + 1}/1950", str(1 + n % 2)] for n in range(1, 8)]
    made = draft("x.csv", written(["patient", "dob", "sex"], *rows), None)
    _, profile = mapped(made.text, tmp_path)
    assert profile.dates == ("dmy",)
    assert any("day or the month first in dob" in question for question in made.questions)
    assert any("codes of sex (sex) mean: 1, 2?" in question for question in made.questions)
    rows[0][1] = "12/31/1950"
    made = draft("x.csv", written(["patient", "dob", "sex"], *rows), None)
    assert mapped(made.text, tmp_path)[1].dates == ("mdy",)


def test_codes_that_say_missing_and_a_text_that_stands_once(tmp_path: Path) -> None:
    rows = [[f"P{n}", "1950-01-01", "M", "-99" if n == 3 else "2"] for n in range(1, 30)]
    rows[5][2], rows[6][2] = "k.A.", "Mr Secret"
    made = draft("x.csv", written(["patient", "dob", "sex", "ecog"], *rows), None)
    assert mapped(made.text, tmp_path)[1].missing == ("k.A.", "-99")
    assert "Secret" not in made.text + "".join(made.questions)
    asked = "In sex (sex) there is a text that occurs once: what does it mean?"
    assert asked in made.questions


@pytest.mark.parametrize(
    ("texts", "asked"),
    [
        (["9"], "In 性别 (sex) the code 9 occurs once: what does it mean?"),
        (["9", "8"], "What do these mean in 性别 (sex): 8, 9?"),
        (["x?", "x?", "9"], "What do these mean in 性别 (sex): x?, 9?"),
        (["Mr Secret", "9"], "What do these mean in 性别 (sex): 9 (and a text that occurs once)?"),
        (
            ["Mr A", "Mrs B"],
            "In 性别 (sex) there are 2 texts that occur once each: what do they mean?",
        ),
    ],
)
def test_a_code_that_occurs_once_is_asked_by_itself(texts: list[str], asked: str) -> None:
    rows = [[f"P{n}", "1950-01-01", "M" if n % 2 else "F"] for n in range(1, 30)]
    for place, text in enumerate(texts):
        rows[place][2] = text
    made = draft("x.csv", written(["patient", "dob", "性别"], *rows), None)
    assert asked in made.questions
    assert "Secret" not in "".join(made.questions)


@pytest.mark.parametrize(
    "line",
    [
        ["CRLM-0001", "M", "1950-03-04", "Anna Doe"],
        ["Anna Doe", "CRLM-0001", "M", "x"],
        ["a", "03.04.1950", "b", "c"],
        ["a", "0151 1234567", "b", "c"],
    ],
)
def test_a_first_line_that_is_a_patient_is_not_repeated(line: list[str]) -> None:
    rows = [[text.replace("1", str(n)) for text in line] for n in range(2, 9)]
    with pytest.raises(ExportError, match="the first line is no header") as told:
        draft("x.csv", written(line, *rows), None)
    assert not any(text in str(told.value) for text in line if len(text) > 1)


@given(st.lists(st.lists(st.text(max_size=6), min_size=3, max_size=3), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_table_gives_a_draft_that_is_valid_or_a_sentence(rows: list[list[str]]) -> None:
    try:
        sheets = written(["id", *rows[0][:2]], *rows)
        made = draft("x.csv", sheets, None)
    except ExportError:
        return
    with tempfile.TemporaryDirectory() as folder:
        mapped(made.text, Path(folder))


def test_the_command_prints_the_draft_and_asks_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = SAMPLES / "chinese_hospital" / "crlm_2023-12-31.xlsx"
    where = ["profile", str(sample), "--home", str(tmp_path)]
    assert cli.main(where) == 0
    told = capsys.readouterr()
    (tmp_path / "printed.yaml").write_text(told.out, encoding="utf-8")
    assert read_profile(tmp_path / "printed.yaml").tables
    assert "Profile chinese_hospital reads this file already." in told.err
    assert "Q1: " in told.err
    assert "CRLM-" not in told.out + told.err
    assert "某某" not in told.out + told.err
    assert cli.main([*where, "--to", str(tmp_path / "own.yaml")]) == 0
    assert (tmp_path / "own.yaml").read_text(encoding="utf-8") == told.out
    assert cli.main(["profile", str(tmp_path / "nothing.csv")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    assert cli.main(["profile", str(tmp_path / "a.csv")]) == 2
    assert "no column is the patient's number" in capsys.readouterr().err


def draft_of(file: str, text: str) -> str:
    return draft(file, open_sheets(file, text.encode()), None).text


@pytest.mark.parametrize(
    ("file", "header", "holds"),
    [
        (
            "adtte.csv",
            "USUBJID,PARAMCD,AVAL,CNSR",
            ["table: outcomes", "event: CNSR", "unit: days"],
        ),
        ("ex.csv", "USUBJID,EXTRT,EXSTDTC", ["table: treatments", "drug: EXTRT", 'line: "1"']),
        ("PERSON.csv", "person_id,gender_concept_id,year_of_birth", ["birth_date: year_of_birth"]),
        ("DEATH.csv", "person_id,death_date", ["table: follow_up", "died_on: death_date"]),
        ("p.txt", "PATIENT_ID\tOS_STATUS\tOS_MONTHS", ["endpoint: OS", "relative: days"]),
    ],
)
def test_a_standards_export_is_drafted_by_its_profile(
    file: str, header: str, holds: list[str], tmp_path: Path
) -> None:
    sign = "\t" if "\t" in header else ","
    line = sign.join(["7", *["1"] * header.count(sign)])
    text = draft_of(file, f"{header}\n{line}\n{line.replace('7', '8', 1)}\n")
    assert [words for words in holds if words not in text] == []
    (tmp_path / "draft.yaml").write_text(text)
    assert read_profile(tmp_path / "draft.yaml").fits(
        file, open_sheets(file, f"{header}\n".encode())
    )
    # what the standard does not say is assumed and asked
    assert ("# Q1" in text) == (file in ("adtte.csv", "ex.csv"))


SCORES = [f"{60 + n % 5 * 10},{n % 2 + 1},{50 + n % 30},{n * 17}" for n in range(100)]


def test_a_score_is_no_patients_number() -> None:
    with pytest.raises(ExportError, match=r"no column is the patient's number \(time has another"):
        draft_of("lung.csv", "\n".join(["pat.karno,sex,age,time", *SCORES]) + "\n")


def test_a_column_that_cannot_be_what_it_is_called_is_asked_about() -> None:
    lines = [f"P{n},F,19{50 + n % 30}-01-01,no {n % 3}" for n in range(60)]
    text = draft_of("patients_of_a.csv", "\n".join(["patient_id,sex,dob,ecog", *lines]) + "\n")
    assert "ecog is called like ecog, but holds 3 different texts that cannot be it" in text


PROJECTS = {
    # who tells nothing of sex or age: records are patients, whatever their instruments repeat
    "record_id,redcap_repeat_instrument,redcap_repeat_instance,height,intake_complete,sbp\n"
    "1,,,1.5,2,\n1,blood_pressure,1,,,110\n1,blood_pressure,2,,,112\n2,,,1.7,2,\n": 2,
    # of some nothing is filled in
    "record_id,redcap_repeat_instrument,redcap_repeat_instance,enrolled,dob,sex,main_complete,bp\n"
    "1,,,2019-10-14,1960-10-14,F,2,\n1,bp,1,,,,,110\n2,,,2019-02-02,1970-02-02,M,2,\n"
    "3,,,2021-11-04,,,0,\n4,,,,,,0,\n": 4,
    # letters number the records
    "record_id,age,consent_complete\nAAAA,33,2\nBBBB,18,2\nCCCC,,0\n": 3,
    # an event each
    "record_id,redcap_event_name,birth_date,position,main_complete\n"
    "101,event_1_arm_1,1960-05-01,pg,2\n101,event_2_arm_1,,sg,2\n"
    "102,event_1_arm_1,1961-06-01,c,2\n": 2,
    # a day that all have in common chooses no rows
    "record_id,redcap_event_name,date_enrolled,dob,sex,main_complete,weight,pmq1\n"
    "100,enrollment_arm_1,2015-04-02,1960-10-14,F,2,,\n100,visit_1_arm_1,,,,,80,3\n"
    "100,visit_2_arm_1,,,,,81,2\n220,enrollment_arm_1,2015-04-02,1970-02-02,M,2,,\n"
    "220,visit_1_arm_1,,,,,70,1\n304,enrollment_arm_2,2015-04-02,1971-02-02,M,2,,\n": 3,
}


@pytest.mark.parametrize("text", PROJECTS)
def test_every_record_of_a_redcap_project_is_a_patient(text: str, tmp_path: Path) -> None:
    sheets = open_sheets("project.csv", text.encode())
    profile = drafted(tmp_path, "project.csv", sheets, {})
    opened = open_deliveries("project.csv", text.encode(), [profile])
    numbers = {
        row.cells["patient_id"]
        for one in opened.deliveries
        if one.table == "patients" and one.export is not None
        for row in one.export.rows
    }
    assert len(numbers) == PROJECTS[text]
