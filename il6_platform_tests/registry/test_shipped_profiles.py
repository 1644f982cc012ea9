"""The profiles that are shipped, on small exports of the structure that each system has."""

from __future__ import annotations

import json

import pytest

from il6_platform import paths
from il6_platform.registry.deliveries import open_deliveries
from il6_platform.registry.profiles import read_profiles

Rows = list[tuple[str, dict[str, str]]]


def rows(file: str, text: str) -> tuple[str | None, Rows]:
    """Return which profile reads a file, and the native rows in the order in which they stand."""
    known = read_profiles(paths.project_root() / "data" / "profiles")
    opened = open_deliveries(file, text.encode(), known)
    made = [
        (str(one.table), row.line, row.cells)
        for one in opened.deliveries
        for row in (one.export.rows if one.export else ())
    ]
    assert opened.deliveries[0].problem is None
    profile = opened.deliveries[0].profile
    return profile, [(table, cells) for table, _, cells in sorted(made, key=lambda one: one[1])]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "PERSON.csv",
            "person_id,gender_concept_id,year_of_birth,birth_datetime\n"
            "1,8507,1950,1950-04-09 00:00:00\n2,8532,1960,\n3,0,1970,\n",
            [
                ("patients", {"patient_id": "1", "sex": "M", "birth_date": "1950-04-09"}),
                ("patients", {"patient_id": "2", "sex": "F", "birth_date": "1960"}),
                ("patients", {"patient_id": "3", "sex": "U", "birth_date": "1970"}),
            ],
        ),
        (
            # paracetamol is no cancer treatment: it starts no first line
            "DRUG_EXPOSURE.csv",
            "person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,"
            "drug_source_value\n"
            "1,1397141,2020-01-02,2020-01-02,x\n1,1125315,2019-01-01,2019-01-02,paracetamol\n"
            "2,0,2020-01-02,2020-01-02,AVASTIN 400 mg\n",
            [
                (
                    "treatments",
                    {"patient_id": number, "drug": drug, "start_date": "2020-01-02"}
                    | {"end_date": "2020-01-02", "line": "1"},
                )
                for number, drug in (("1", "bevacizumab"), ("2", "AVASTIN 400 mg"))
            ],
        ),
        (
            "EPISODE.csv",
            "person_id,episode_concept_id,episode_start_date,episode_end_date,episode_number,"
            "episode_source_value\n1,32531,2020-01-01,,1,FOLFOX\n1,32531,2020-09-01,,2,FOLFIRI\n"
            "1,32528,2020-01-01,,1,disease\n",
            [
                (
                    "treatments",
                    {"patient_id": "1", "line": "2", "drug": "FOLFIRI", "start_date": "2020-09-01"},
                )
            ],
        ),
        (
            "MEASUREMENT.csv",
            "person_id,measurement_concept_id,measurement_date,operator_concept_id,"
            "value_as_number,value_source_value,measurement_source_value,unit_source_value\n"
            "1,1,2020-01-01,0,7.5,7.5,26881-3,pg/mL\n1,1,2020-01-02,4171756,1.5,<1.5,26881-3,pg/mL\n"
            "1,1,2020-01-03,,,,26881-3,pg/mL\n1,1,2020-01-04,,,haemolysed,26881-3,pg/mL\n",
            [
                (
                    "labs",
                    {"patient_id": "1", "analyte": "26881-3", "value": value, "unit": "pg/mL"}
                    | {"collected_on": day},
                )
                for value, day in (
                    *(("7.5", "2020-01-01"), ("<1.5", "2020-01-02")),
                    ("haemolysed", "2020-01-04"),
                )
            ],
        ),
        (
            "DEATH.csv",
            "person_id,death_date\n7,2019-05-28\n",
            [
                (
                    "follow_up",
                    {"patient_id": "7", "last_contact_on": "2019-05-28", "died_on": "2019-05-28"}
                    | {"vital_status": "dead"},
                )
            ],
        ),
        (
            "OBSERVATION_PERIOD.csv",
            "person_id,observation_period_end_date\n7,2018-01-01\n7,2019-05-28\n7,2017-01-01\n",
            [
                (
                    "follow_up",
                    {"patient_id": "7", "last_contact_on": "2019-05-28", "vital_status": "alive"},
                )
            ],
        ),
    ],
)
def test_omop(file: str, text: str, expected: Rows) -> None:
    profile, found = rows(file, text)
    assert profile == "omop"
    assert found == expected


def test_omop_s_conditions_are_passed_over() -> None:
    known = read_profiles(paths.project_root() / "data" / "profiles")
    text = "person_id,condition_concept_id,condition_start_date\n1,4180790,2020-01-02\n"
    (one,) = open_deliveries("CONDITION_OCCURRENCE.csv", text.encode(), known).deliveries
    assert (one.status, one.problem) == ("passed over", "profile omop does not read it")


COMMENTS = "#Patient Identifier\tStatus\n#Patient identifier\tStatus\n#STRING\tSTRING\n#1\t1\n"


def test_cbioportal_patients_with_durations() -> None:
    text = (
        COMMENTS + "PATIENT_ID\tSEX\tAGE\tOS_STATUS\tOS_MONTHS\tDFS_STATUS\tDFS_MONTHS\n"
        "A-1\tFemale\t61\t1:DECEASED\t31.77\t0:DiseaseFree\t12\n"
        "A-2\t\t\t0:LIVING\t10\t1:Recurred/Progressed\t[Not Available]\n"
        "A-3\tMale\t70\t\t\t[Not Available]\t[Not Available]\n"
    )
    profile, found = rows("data_clinical_patient.txt", text)
    assert profile == "cbioportal"
    assert [cells for table, cells in found if table == "patients"] == [
        {"patient_id": "A-1", "sex": "F", "age_years": "61"},
        {"patient_id": "A-2", "sex": "U"},
        {"patient_id": "A-3", "sex": "M", "age_years": "70"},
    ]
    outcomes = [
        (cells["patient_id"], cells["endpoint"], cells.get("time"), cells.get("event"))
        for table, cells in found
        if table == "outcomes"
    ]
    assert sorted(outcomes, key=str) == [
        ("A-1", "DFS", "12", "N"),
        ("A-1", "OS", "31.77", "Y"),
        # an event without a time: listed, never censored
        ("A-2", "DFS", None, "Y"),
        ("A-2", "OS", "10", "N"),
    ]


def test_cbioportal_timelines_count_days_from_an_anchor() -> None:
    text = "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tAGENT\nA-1\t0\t31\tTREATMENT\tFOLFOX\n"
    assert rows("data_timeline_treatment.txt", text) == (
        "cbioportal",
        [
            (
                "treatments",
                {"patient_id": "A-1", "drug": "FOLFOX", "start_date": "1991-01-01"}
                | {"end_date": "1991-02-01", "line": "1"},
            )
        ],
    )


def test_adtte_is_outcomes() -> None:
    text = (
        "USUBJID,PARAMCD,AVAL,AVALU,CNSR,ADT\nP1,OS,120,DAYS,0,2020-05-01\n"
        "P2,OS,200,DAYS,1,2020-09-01\nP3,PFS,12,DAYS,3,2020-01-12\nP4,PFS,12,DAYS,,2020-01-12\n"
    )
    profile, found = rows("adtte.csv", text)
    assert profile == "cdisc"
    assert [(table, cells["endpoint"], cells.get("event")) for table, cells in found] == [
        ("outcomes", "OS", "Y"),
        ("outcomes", "OS", "N"),
        ("outcomes", "PFS", "N"),
        # it is not said whether this is an event
        ("outcomes", "PFS", None),
    ]


def test_rs_is_the_investigators_overall_response() -> None:
    text = (
        "USUBJID,RSTESTCD,RSEVAL,RSSTAT,RSORRES,RSDTC\n"
        "P1,OVRLRESP,INVESTIGATOR,,NON-CR/NON-PD,2020-01-01T10:00\n"
        "P1,OVRLRESP,INDEPENDENT ASSESSOR,,PD,2020-01-01\n"
        "P1,TRGRESP,INVESTIGATOR,,PD,2020-01-01\nP1,OVRLRESP,INVESTIGATOR,NOT DONE,,2020-02-01\n"
    )
    assert rows("rs.csv", text) == (
        "cdisc",
        [("assessments", {"patient_id": "P1", "assessed_on": "2020-01-01", "response": "SD"})],
    )


def coded(system: str, code: str, text: str = "") -> dict[str, object]:
    return {"coding": [{"system": system, "code": code}], "text": text}


LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
PATIENT: list[dict[str, object]] = [
    {
        "resourceType": "Patient",
        "id": "7",
        "gender": "female",
        "birthDate": "1950-04-09",
        "deceasedDateTime": "2021-03-01T08:00:00Z",
        "name": [{"family": "Doe", "given": ["Jane"]}],
    },
    {
        "resourceType": "MedicationAdministration",
        "id": "m",
        "status": "completed",
        "subject": {"reference": "urn:uuid:aaaa"},
        "medicationCodeableConcept": coded("x", "y", "Bevacizumab 25 MG/ML"),
        "effectivePeriod": {"start": "2020-01-02", "end": "2020-06-01"},
    },
    {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "subject": {"reference": "urn:uuid:aaaa"},
        "code": coded(LOINC, "26881-3"),
        "effectiveDateTime": "2019-12-30T07:30:00+01:00",
        "valueQuantity": {"value": 1.50, "comparator": "<", "unit": "pg/mL", "code": "pg/mL"},
    },
    {
        "resourceType": "Observation",
        "id": "o2",
        "status": "entered-in-error",
        "subject": {"reference": "urn:uuid:aaaa"},
        "code": coded(LOINC, "26881-3"),
        "effectiveDateTime": "2019-12-31",
        "valueQuantity": {"value": 900, "unit": "pg/mL"},
    },
    {
        "resourceType": "Observation",
        "id": "o3",
        "status": "final",
        "subject": {"reference": "urn:uuid:aaaa"},
        "code": coded(LOINC, "97509-4"),
        "effectiveDateTime": "2020-04-01",
        "valueCodeableConcept": coded(SNOMED, "271299001"),
    },
    {
        "resourceType": "Encounter",
        "id": "e",
        "subject": {"reference": "urn:uuid:aaaa"},
        "period": {"start": "2020-05-01", "end": "2020-05-02"},
    },
]
READ = [
    ("assessments", {"patient_id": "7", "assessed_on": "2020-04-01", "response": "PD"}),
    (
        "follow_up",
        {"patient_id": "7", "last_contact_on": "2020-05-02", "vital_status": "alive"},
    ),
    (
        "follow_up",
        {"patient_id": "7", "last_contact_on": "2021-03-01", "died_on": "2021-03-01"}
        | {"vital_status": "dead"},
    ),
    (
        "labs",
        {"patient_id": "7", "analyte": "26881-3", "value": "<1.5", "unit": "pg/mL"},
    ),
    ("patients", {"patient_id": "7", "sex": "F", "birth_date": "1950-04-09"}),
    (
        "treatments",
        {"patient_id": "7", "drug": "Bevacizumab 25 MG/ML", "start_date": "2020-01-02"}
        | {"end_date": "2020-06-01", "line": "1"},
    ),
]


@pytest.mark.parametrize("kind", ["bundle", "ndjson"])
def test_fhir_bundles_and_ndjson(kind: str) -> None:
    if kind == "bundle":
        entries = [
            {
                "fullUrl": "urn:uuid:aaaa" if one["resourceType"] == "Patient" else "",
                "resource": one,
            }
            for one in PATIENT
        ]
        text = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
    else:
        text = "\n".join(map(json.dumps, PATIENT)).replace("urn:uuid:aaaa", "Patient/7") + "\n"
    profile, found = rows(f"export.{'json' if kind == 'bundle' else 'ndjson'}", text)
    assert profile == "fhir"
    for table, cells in found:
        if table == "labs":
            # the day of the sample keeps its time
            assert cells.pop("collected_on").startswith("2019-12-30T")
    assert sorted(found, key=str) == sorted(READ, key=str)
    assert "Doe" not in str(found)


def medication(status: str, **more: object) -> dict[str, object]:
    """An administration of mCODE's, as CancerRelatedMedicationAdministration has it."""
    return {
        "resourceType": "MedicationAdministration",
        "status": status,
        "subject": {"reference": "Patient/7", "display": "Jane Doe"},
        "effectivePeriod": {"start": "2020-01-02"},
    } | more


def observation(status: str, code: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "status": status,
        "code": code,
        "subject": {"reference": "Patient/7"},
        "effectiveDateTime": "2020-05-05",
    } | more


RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
QUANTITY = {"value": 9, "unit": "pg/mL", "code": "pg/mL"}
SUBTLE: list[tuple[dict[str, object], dict[str, str] | None]] = [
    # what began and was stopped was given; the drug by text, display, code, or what is referred to
    (
        medication("stopped", medicationCodeableConcept={"coding": [{"display": "Avastin"}]}),
        {"drug": "Avastin"},
    ),
    (
        medication("completed", medicationCodeableConcept=coded(RXNORM, "253337")),
        {"drug": "253337"},
    ),
    (
        medication("completed", medicationReference={"reference": "Medication/m"}),
        {"drug": "bevacizumab"},
    ),
    (
        medication(
            "completed",
            contained=[
                {"resourceType": "Medication", "id": "in", "code": coded(RXNORM, "1", "Mvasi")}
            ],
            medicationReference={"reference": "#in"},
        ),
        {"drug": "Mvasi"},
    ),
    (
        medication("completed", medicationReference={"reference": "Medication/elsewhere"}),
        {"drug": "Medication/elsewhere"},
    ),
    (
        medication("unknown", medicationCodeableConcept={"text": "Avastin"}),
        {"drug": "unknown drug"},
    ),
    (medication("not-done", medicationCodeableConcept={"text": "Avastin"}), None),
    # a test without LOINC, a result that is not final
    (observation("final", {"text": "Interleukin 6"}, valueQuantity=QUANTITY), {"value": "9"}),
    (
        observation("preliminary", coded(LOINC, "26881-3"), valueQuantity=QUANTITY),
        {"value": "preliminary"},
    ),
    (observation("cancelled", coded(LOINC, "26881-3"), valueQuantity=QUANTITY), None),
    # disease status by the code of before, and in words
    (
        observation(
            *("final", coded(LOINC, "88040-1")),
            valueCodeableConcept=coded(SNOMED, "271299001", "worsened"),
        ),
        {"response": "PD"},
    ),
    (
        observation("final", coded(LOINC, "97509-4"), valueCodeableConcept={"text": "progressive"}),
        {"response": "progressive"},
    ),
    # a visit without an end, and one that never was
    (
        {
            **{"resourceType": "Encounter", "status": "finished"},
            **{"subject": {"reference": "Patient/7"}, "period": {"start": "2020-06-01"}},
        },
        {"last_contact_on": "2020-06-01"},
    ),
    (
        {
            **{"resourceType": "Encounter", "status": "cancelled"},
            **{"subject": {"reference": "Patient/7"}, "period": {"start": "2020-07-01"}},
        },
        None,
    ),
]


@pytest.mark.parametrize("number", range(len(SUBTLE)))
@pytest.mark.parametrize("kind", ["bundle", "bundle within", "ndjson"])
def test_what_fhir_says_in_another_way_is_read_or_set_aside(number: int, kind: str) -> None:
    resource, expected = SUBTLE[number]
    every = [
        {"resourceType": "Medication", "id": "m", "code": coded("x", "y", "bevacizumab")},
        *PATIENT,
        resource,
    ]
    text = "\n".join(map(json.dumps, every))
    if kind != "ndjson":
        made = {"resourceType": "Bundle", "entry": [{"resource": one} for one in every]}
        if kind == "bundle within":
            made = {"resourceType": "Bundle", "entry": [{"resource": made}]}
        text = json.dumps(made)
    _, found = rows("export.json", text.replace("urn:uuid:aaaa", "Patient/7"))
    _, usual = rows("export.json", json.dumps(PATIENT).replace("urn:uuid:aaaa", "Patient/7"))
    more = [cells for _, cells in found if cells not in [one for _, one in usual]]
    assert "Doe" not in str(found)
    if expected is None:
        assert not more
    else:
        assert any(expected.items() <= cells.items() for cells in more)
