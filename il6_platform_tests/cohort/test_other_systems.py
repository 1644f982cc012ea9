"""Exports of other systems, by a profile of at most 40 lines alone, against a derivation by pandas.

The files are made up, in the shape of public ones: SDTM of the CDISC pilot (pharmaversesdtm), its
SAS transport files with ADTTE, a cBioPortal study, OMOP CDM 5.4 of Synthea, REDCapR's projects with
repeating instruments. What is expected is derived of the files themselves.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from lifelines import KaplanMeierFitter

from il6_platform import cli
from il6_platform_tests.derivation import derive, warehouse_of

PROFILES = Path(__file__).parent / "other_systems"
DAYS = 30.4375
Files = dict[str, bytes]
Expected = pd.DataFrame
"""One row a patient who is analysed, by number: arm, marker, and months and event by endpoint."""


def days(rng: np.random.Generator, n: int, low: int, high: int) -> np.ndarray[Any, Any]:
    return rng.integers(low, high, n)


def on(start: pd.Series, after: Any) -> pd.Series:
    return (start + pd.to_timedelta(after, unit="D")).dt.strftime("%Y-%m-%d")


def csv(frame: pd.DataFrame, **options: Any) -> bytes:
    return frame.to_csv(index=False, **options).encode()


def sdtm() -> tuple[Files, Expected]:
    """DM with screen failures, EX, LB with times of day, RS of two assessors."""
    rng, n = np.random.default_rng(1), 60
    people = pd.DataFrame({"USUBJID": [f"01-{701 + i}" for i in range(n)]})
    start = pd.Series(pd.Timestamp("2013-01-01") + pd.to_timedelta(days(rng, n, 0, 300), unit="D"))
    is_treated, is_dead = np.arange(n) % 6 != 0, np.arange(n) % 7 == 1
    seen = days(rng, n, 200, 400)
    placebo = rng.random(n) < 0.4
    dm = people.assign(
        SITEID=701,
        SEX=rng.choice(["F", "M"], n),
        AGE=days(rng, n, 50, 90),
        BRTHDTC="NA",
        RFPENDTC=on(start, seen) + "T11:45",
        DTHFL=np.where(is_dead, "Y", "NA"),
        DTHDTC=on(start, seen).where(is_dead, "NA"),
    )
    treated = people[is_treated]
    ex = treated.assign(
        EXTRT=np.where(placebo, "PLACEBO", "XANOMELINE")[is_treated],
        EXSTDTC=on(start, 0)[is_treated],
        EXENDTC=on(start, 30)[is_treated],
    )
    value = rng.integers(30, 50, n)
    lb = pd.concat(
        people.assign(
            LBTESTCD="ALB", LBSTRESN=value + shift, LBSTRESU="g/L",
            LBDTC=on(start, day) + "T14:45",
        )
        for day, shift in ((-40, 7), (-5, 0), (20, 5))
    )  # fmt: skip
    visits = []
    for day in (42, 84, 126):
        said = rng.choice(["CR", "PR", "NON-CR/NON-PD", "PD", "NE"], n, p=[0.1, 0.2, 0.3, 0.2, 0.2])
        for by, response in (("INVESTIGATOR", said), ("RADIOLOGIST 1", "PD")):
            visits.append(
                people.assign(
                    RSTESTCD="OVRLRESP", RSEVAL=by, RSSTRESC=response, RSDTC=on(start, day), day=day
                )
            )
    rs = pd.concat([*visits, people.assign(RSTESTCD="TRGRESP", RSEVAL="INVESTIGATOR",
                    RSSTRESC="PD", RSDTC=on(start, 20), day=20)])  # fmt: skip
    ours = rs[(rs["RSEVAL"] == "INVESTIGATOR") & (rs["RSTESTCD"] == "OVRLRESP")]
    progressed = ours[ours["RSSTRESC"] == "PD"].groupby("USUBJID")["day"].min()
    adequate = ours[ours["RSSTRESC"] != "NE"].groupby("USUBJID")["day"].max()
    rows = []
    for i, number in enumerate(people["USUBJID"]):
        if not is_treated[i]:
            continue
        pd_day = progressed.get(number)
        ends = pd_day or (seen[i] if is_dead[i] else adequate.get(number, 0))
        rows.append(
            (number, "C" if placebo[i] else "E", value[i], ends / DAYS,
             bool(pd_day) or bool(is_dead[i]), seen[i] / DAYS, bool(is_dead[i]))
        )  # fmt: skip
    expected = pd.DataFrame(
        rows, columns=["number", "arm", "marker", "PFS", "PFS_event", "OS", "OS_event"]
    )
    files = {"dm.csv": dm, "ex.csv": ex, "lb.csv": lb, "rs.csv": rs.drop(columns="day")}
    return {name: csv(frame) for name, frame in files.items()}, expected


def adam_xpt(tmp_path: Path) -> tuple[Files, Expected]:
    """SAS transport: DM, EX, ADSL with a characteristic as the marker, ADTTE in days."""
    rng, n = np.random.default_rng(2), 40
    people = pd.DataFrame({"USUBJID": [f"P-{i:03}" for i in range(n)]})
    start = pd.Series(pd.Timestamp("2013-01-01") + pd.to_timedelta(days(rng, n, 0, 300), unit="D"))
    drug = rng.choice(["PLACEBO", "XANOMELINE"], n)
    last = days(rng, n, 150, 200)
    censored, time = rng.integers(0, 2, n), days(rng, n, 1, 150)
    bmi = np.round(rng.normal(25, 3, n), 1)
    frames = {
        "dm": people.assign(
            SITEID="701", SEX="F", AGE=70.0, RFPENDTC=on(start, last), DTHFL="", DTHDTC=""
        ),
        "ex": people.assign(EXTRT=drug, EXSTDTC=on(start, 0), EXENDTC=on(start, last)),
        "adsl": people.assign(TRT01P=drug, TRTSDT=start.dt.date, BMIBL=bmi),
        "adtte": people.assign(
            PARAMCD="TTDE", AVAL=time.astype(float), CNSR=censored.astype(float)
        ),
    }
    files = {}
    for name, frame in frames.items():
        path = tmp_path / f"{name}.xpt"
        pyreadstat.write_xport(frame, str(path), table_name=name.upper(), file_format_version=5)
        files[path.name] = path.read_bytes()
    arm = np.where(drug == "PLACEBO", "C", "E")
    columns = {"arm": arm, "marker": bmi, "TTDE": time / DAYS, "TTDE_event": censored == 0}
    return files, people.rename(columns={"USUBJID": "number"}).assign(**columns)


def cbioportal() -> tuple[Files, Expected]:
    """Clinical files with comment lines: months and status, a subtype as arm and ordinal marker."""
    rng, n = np.random.default_rng(3), 80
    number = [f"TCGA-A{i:03}" for i in range(n)]
    subtype = rng.choice(["Luminal A", "Luminal B", "basal-like", "NA"], n)
    event, months = rng.random(n) < 0.4, np.round(rng.exponential(40, n), 2)
    is_known = np.arange(n) % 9 != 0
    patients = pd.DataFrame(
        {
            "PATIENT_ID": number,
            "OS_STATUS": np.where(is_known, np.where(event, "1:DECEASED", "0:LIVING"), ""),
            "OS_MONTHS": [
                f"{m}" if k else "[Not Available]" for m, k in zip(months, is_known, strict=True)
            ],
            "DFS_STATUS": np.where(np.arange(n) < 5, "1:Recurred/Progressed", ""),
            "DFS_MONTHS": "[Not Available]",
        }
    )
    samples = pd.DataFrame(
        {"PATIENT_ID": number, "SAMPLE_ID": [f"{one}-01" for one in number], "SUBTYPE": subtype}
    )
    more = samples.head(3).assign(SAMPLE_ID=[f"{one}-06" for one in number[:3]], SUBTYPE="NA")

    def commented(frame: pd.DataFrame) -> bytes:
        above = "#Patient Identifier\tmore\n#text\n#STRING\tNUMBER\n#1\t1\n"
        return above.encode() + csv(frame, sep="\t")

    rank = {"NA": 0, "Luminal A": 1, "Luminal B": 2, "basal-like": 5}
    expected = pd.DataFrame(
        {
            "number": number,
            "arm": np.where(subtype == "basal-like", "E", "C"),
            "marker": [rank[one] for one in subtype],
            "OS": np.where(is_known, months, np.nan),
            "OS_event": event & is_known,
        }
    )
    files = {
        "data_clinical_patients.txt": commented(patients),
        "data_clinical_samples.txt": commented(pd.concat([samples, more])),
    }
    return files, expected[is_known]


def omop() -> tuple[Files, Expected]:
    """PERSON, DRUG_EXPOSURE, MEASUREMENT; DEATH and OBSERVATION_PERIOD make one follow-up."""
    rng, n = np.random.default_rng(4), 30
    person = np.arange(1, n + 1)
    start = pd.Series(pd.Timestamp("2010-01-01") + pd.to_timedelta(days(rng, n, 0, 900), unit="D"))
    is_arm, is_dead, last = rng.random(n) < 0.5, np.arange(n) % 5 == 0, days(rng, n, 100, 900)
    weight = np.round(rng.normal(70, 10, n), 1)
    midnight = " 00:00:00"
    files = {
        "PERSON": pd.DataFrame(
            {
                "person_id": person,
                "gender_concept_id": rng.choice([8507, 8532], n),
                "year_of_birth": 1950,
                "birth_datetime": "1950-04-09" + midnight,
            }
        ),
        "DRUG_EXPOSURE": pd.DataFrame(
            {
                "person_id": person,
                "drug_concept_id": np.where(is_arm, 19073183, 19019979),
                "drug_exposure_start_date": on(start, 0),
                "drug_exposure_end_date": on(start, 10),
            }
        ),
        "MEASUREMENT": pd.DataFrame(
            {
                "person_id": np.tile(person, 2),
                "measurement_concept_id": 3025315,
                "measurement_date": [*on(start, -300), *on(start, -30)],
                "value_as_number": [*(weight + 5), *weight],
                "measurement_source_value": "29463-7",
                "unit_source_value": "kg",
            }
        ),
        "DEATH": pd.DataFrame({"person_id": person, "death_date": on(start, last)})[is_dead],
        "OBSERVATION_PERIOD": pd.DataFrame(
            {"person_id": person, "observation_period_end_date": on(start, last)}
        ),
    }
    expected = pd.DataFrame(
        {
            "number": person.astype(str),
            "arm": np.where(is_arm, "E", "C"),
            "marker": weight,
            "OS": last / DAYS,
            "OS_event": is_dead,
        }
    )
    return {f"{name}.csv": csv(frame) for name, frame in files.items()}, expected


def redcap() -> tuple[Files, Expected]:
    """One file: the record's own row, and a row an instance of laboratory and visit."""
    rng, n = np.random.default_rng(5), 25
    record = [str(100 + i) for i in range(n)]
    start = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(days(rng, n, 0, 300), unit="D"))
    arm, is_dead, last = rng.integers(1, 3, n), np.arange(n) % 4 == 0, days(rng, n, 100, 900)
    value = np.round(rng.exponential(8, n) + 1, 1)
    parts = [
        pd.DataFrame(
            {
                "record_id": record,
                "first_name": "aaa",
                "date_enrolled": on(start, 0),
                "dob": "1950-10-14",
                "sex": 0,
                "arm": arm,
            }
        )
    ]
    for instance, (day, factor) in enumerate(((-20, 2.0), (-3, 1.0)), start=1):
        parts.append(
            pd.DataFrame(
                {
                    **{"record_id": record, "redcap_repeat_instrument": "laboratory"},
                    "redcap_repeat_instance": instance,
                    **{"lab": "IL-6", "conc_unit": "pg/mL", "date_lab": on(start, day)},
                    "conc": [f"{one * factor:.1f}".replace(".", ",") for one in value],
                }
            )
        )
    for instance, share in enumerate((0.5, 1.0), start=1):
        is_last = is_dead & (share == 1)
        day = (last * share).astype(int)
        parts.append(
            pd.DataFrame(
                {
                    **{"record_id": record, "redcap_repeat_instrument": "visit"},
                    **{"redcap_repeat_instance": instance, "date_visit": on(start, day)},
                    "dead": is_last.astype(int),
                    "date_dead": on(start, day).where(is_last),
                }
            )
        )
    frame = pd.concat(parts)
    for name in ("sex", "arm", "dead", "redcap_repeat_instance"):
        frame[name] = frame[name].astype("Int64")
    expected = pd.DataFrame(
        {
            "number": record,
            "arm": np.where(arm == 2, "E", "C"),
            "marker": value,
            "OS": last / DAYS,
            "OS_event": is_dead,
        }
    )
    return {"data.csv": csv(frame)}, expected


IL6 = "marker: {analyte: il6, label: IL-6, unit: pg/mL}\narms: {experimental_drug: bevacizumab}\n"
STUDIES = {
    "sdtm": "marker: {analyte: albumin, label: Albumin, unit: g/L}\n"
    "arms: {experimental_drug: xanomeline}\nendpoints: [PFS, OS]\n",
    "adam_xpt": "marker: {analyte: bmi, label: BMI, unit: kg/m2}\n"
    "arms: {experimental_drug: xanomeline}\n"
    "endpoints: [{name: TTDE, label: Time to dermatologic event, events: [progression], "
    "censor: last_contact}]\n",
    "cbioportal": "marker: {analyte: subtype, label: Subtype, unit: score}\n"
    "arms: {experimental_drug: basal-like, control_drugs: ['*']}\nendpoints: [OS]\n",
    "omop": "marker: {analyte: 29463-7, label: Weight, unit: kg, window_days: [-400, 0]}\n"
    "arms: {experimental_drug: '19073183', control_drugs: ['*']}\nendpoints: [OS]\n",
    "redcap": f"{IL6}endpoints: [OS]\n",
}
COMMON = "cutoff: {method: median}\nreplicates: 0\nquality: {max_quarantine_share: 1}\n"
MADE: dict[str, Callable[[], tuple[Files, Expected]]] = {
    "sdtm": sdtm,
    "cbioportal": cbioportal,
    "omop": omop,
    "redcap": redcap,
}


def lay_out(system: str, folder: Path) -> Expected:
    """Put files, profile and study file of a system where they belong; return what is expected."""
    text = (PROFILES / f"{system}.yaml").read_text("utf-8")
    assert len(text.splitlines()) <= 40
    files, expected = adam_xpt(folder) if system == "adam_xpt" else MADE[system]()
    for place in ("landing", "home/profiles"):
        (folder / place).mkdir(parents=True)
    for name, content in files.items():
        (folder / "landing" / name).write_bytes(content)
    (folder / "home" / "profiles" / f"{system}.yaml").write_text(text, "utf-8")
    (folder / "study.yaml").write_text(STUDIES[system] + COMMON, "utf-8")
    return expected.set_index("number")


@pytest.mark.parametrize("system", STUDIES)
def test_a_profile_alone_makes_the_cohort_of_another_system(system: str, tmp_path: Path) -> None:
    expected = lay_out(system, tmp_path)
    warehouse = warehouse_of(tmp_path, tmp_path / "study.yaml")
    derive(warehouse)
    subjects = warehouse.query("from cohort.subjects where \"ANALFL\" = 'Y'").set_index("USUBJID")
    times = warehouse.query("from cohort.adtte").set_index(["USUBJID", "PARAMCD"])
    of = {number: warehouse.pseudonyms.of(number) for number in expected.index}
    assert {*subjects.index} == {*of.values()}
    for number, row in expected.iterrows():
        subject = subjects.loc[of[str(number)]]
        assert (subject["ARMCD"], subject["MARKER"]) == (row["arm"], pytest.approx(row["marker"]))
        for endpoint in (name for name in expected if f"{name}_event" in expected):
            found = times.loc[(of[str(number)], endpoint)]
            assert found["AVAL"] == pytest.approx(row[endpoint], abs=1e-6), (number, endpoint)
            assert (found["CNSR"] == 0) == row[f"{endpoint}_event"], (number, endpoint)


@pytest.mark.refreshes
def test_durations_go_from_file_to_the_published_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = lay_out("cbioportal", tmp_path)
    where = ["--home", str(tmp_path / "home")]
    more = ["--landing", str(tmp_path / "landing"), "--study", str(tmp_path / "study.yaml")]
    assert cli.main(["refresh", *where, *more]) == 0
    capsys.readouterr()
    sql = (
        "select grp, estimate, n, events from report.results where analysis = 'survival' "
        "and statistic = 'median' and endpoint = 'OS' and grp in ('control', 'experimental')"
    )
    assert cli.main(["query", "--format", "csv", *where, sql]) == 0
    published = pd.read_csv(io.StringIO(capsys.readouterr().out)).set_index("grp")
    for arm, grp in (("C", "control"), ("E", "experimental")):
        of_arm = expected[expected["arm"] == arm]
        fitted = KaplanMeierFitter().fit(of_arm["OS"], of_arm["OS_event"])
        row = published.loc[grp]
        assert (row["n"], row["events"]) == (len(of_arm), of_arm["OS_event"].sum())
        assert row["estimate"] == pytest.approx(fitted.median_survival_time_)
