"""An export is judged before it is delivered: what would be read, set aside, and what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6_platform import cli
from il6_platform_tests.small_registry import STUDY, SmallRegistry, base


def said(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Return exit status, output and the last line on stderr."""
    study = tmp_path / "study.yaml"
    study.write_text(STUDY, encoding="utf-8")
    status = cli.main(["check", *words, "--study", str(study), "--home", str(tmp_path / "none")])
    out = capsys.readouterr()
    return status, out.out, (out.err.splitlines() or [""])[-1]


def test_a_delivery_is_judged_with_what_it_costs_and_leaves_no_home(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = SmallRegistry(tmp_path)
    wrong = ["T03,1,fluorouracil,2023-02-01,", "T03,1,bevacizumab,2023-02,"]
    made.deliver("2024-01-31", base(treatments=wrong, patients=["T01,F,1951-01-01,9"]))
    landing = str(tmp_path / "landing")
    status, out, _ = said([landing], tmp_path, capsys)
    assert status == 0
    assert "treatments.csv: read as treatments, 12 lines, 1 of them would be set aside" in out
    assert "start_date '2023-02': set aside." in out
    assert "decides the arm: the patient leaves the analysis until it is put right." in out
    assert "ecog '9': cell left empty." in out
    assert "Decisive record in quarantine 1, Analysed 7" in out
    assert "No file gives" not in out
    assert not (tmp_path / "none").exists()
    assert "T03" not in out and "T01" not in out
    status, _, last = said([landing, "--strict"], tmp_path, capsys)
    assert (status, last) == (1, "1 line would be set aside")


def test_one_file_is_judged_without_its_patients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "labs.csv"
    rows = [f"T{n:02},il6,{n}.5,pg/mL,2023-01-20" for n in range(1, 9)]
    header = "patient_id,analyte,value,unit,collected_on"
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    status, out, _ = said([str(file)], tmp_path, capsys)
    assert status == 0
    assert "labs.csv: read as labs, 8 lines, 0 of them would be set aside" in out
    assert "patients and treatments together" in out
    lacking = "patients, treatments (start of treatment and arm), follow_up or outcomes (endpoints)"
    assert f"No file gives {lacking}: deliver it as well" in out
    # cut short within the day of the last row
    file.write_text("\n".join([header, *rows])[:-4], encoding="utf-8")
    status, _, last = said([str(file)], tmp_path, capsys)
    assert status == 1 and "labs.csv" in last and "truncat" in last
    status, _, last = said([str(tmp_path / "absent.csv")], tmp_path, capsys)
    assert status == 2 and "there is no such file" in last


def test_a_problem_of_many_lines_is_shown_of_three(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = SmallRegistry(tmp_path)
    wrong = [f"T0{n},il6,{n}.5,pg/mL,2023-02" for n in range(1, 9)]
    made.deliver("2024-01-31", base(labs=wrong, patients=["T01,F,1951-01-01,9"]))
    _, out, _ = said([str(tmp_path / "landing")], tmp_path, capsys)
    assert out.count("collected_on '2023-02': set aside.") == 3
    assert "  and 5 more of 2024-01-31/labs.csv with this\n" in out
    # what is of one line is seen beside it
    assert "ecog '9': cell left empty." in out


def test_each_thing_is_said_once_and_nothing_is_passed_over_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = SmallRegistry(tmp_path)
    given = base(
        patients=["T01,F,2050-01-01,1", "T02,F,1850-01-01,1", "T03,F,1912-01-01,1"],
        labs=["Total,,,,"],
        follow_up=["T03,2023-02,dead,2023-02,"],
    )
    made.deliver("2024-01-31", given)
    (tmp_path / "landing" / "2024-01-31" / "gen.py").write_text("import os\n")
    _, out, _ = said([str(tmp_path / "landing")], tmp_path, capsys)
    lines = out.splitlines()
    # what is left empty is not used as well
    for day, how in (("2050", "cell left empty"), ("1850", "cell left empty"), ("1912", "used")):
        of_it = [line for line in lines if f"birth_date '{day}-01-01': " in line]
        assert of_it and all(f": {how}" in line for line in of_it)
    assert "labs.csv: passed over, 1 line (10): it is a total or mean of the table" in out
    assert "2024-01-31/gen.py: is a program, no table; it is passed over" in lines
    assert "until it is put right. It may be the last contact: the patient leaves" in out
    assert "; It" not in out


def test_columns_of_another_format_lead_to_a_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("patients", "other"):
        file = tmp_path / f"{name}.csv"
        file.write_text("Pat,Geschlecht\n1,m\n")
        status, _, last = said([str(file)], tmp_path, capsys)
        assert status == 1 and last.endswith("or draft a profile: il6 profile FILE")
    assert said([str(tmp_path / "patients.csv")], tmp_path, capsys)[2].startswith(
        "patients.csv: lacks the columns patient_id, sex, "
    )
