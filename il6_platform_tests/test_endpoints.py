"""Endpoints of a study file: of the library or declared; a mistake is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6_platform.endpoints import endpoint_library
from il6_platform.study import Study, StudyError, read_study

MINIMAL = """\
marker: {analyte: il6, unit: pg/mL}
arms: {experimental_drug: bevacizumab}
cutoff: {method: median}
"""


def study(folder: Path, more: str) -> Study:
    file = folder / "study.yaml"
    file.write_text(MINIMAL + more, encoding="utf-8")
    return read_study(file)


def test_the_library() -> None:
    library = endpoint_library()
    # those that DESIGN names; a further one is a line of data/endpoints.yaml
    assert [*library][:8] == ["PFS", "OS", "TTP", "DFS", "EFS", "CSS", "TTNT", "DOR"]
    assert library["TTP"].sources() == [
        ("progression", 0, 0),
        ("death", 2, 1),
        ("last_adequate_assessment", 1, 2),
    ]


def test_what_is_derived(tmp_path: Path) -> None:
    """PFS and OS in any case, then what the study, its cut-off and its family name."""
    more = """\
endpoints: [OS, {name: TTF, events: [new_therapy], competing: [death], censor: last_contact}]
family: [{endpoint: TTP, contrast: high vs low}]
"""
    made = study(tmp_path, more)
    assert made.endpoints == ("OS", "TTF")
    assert [one.name for one in made.derived_endpoints] == ["PFS", "OS", "TTF", "TTP"]
    assert made.known_endpoints["TTF"].label == "TTF"


def test_a_study_is_stored_and_read_again(tmp_path: Path) -> None:
    made = study(tmp_path, "endpoints: [PFS, {name: TTF, events: [death], censor: last_contact}]\n")
    again = Study.model_validate(made.model_dump(mode="json"))
    assert again == made and again.digest == made.digest


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("endpoints: [PFS, QOL]", r"line 4, key endpoints.1: QOL is no known endpoint; write one"),
        ("endpoints: [pfs]", r"line 4, key endpoints.0: must be capital letters"),
        ("endpoints: [OS, OS]", r"key endpoints.1: OS is named twice"),
        ("endpoints: []", r"key endpoints: name at least one endpoint"),
        (
            "endpoints:\n  - OS\n  - {name: PFS, events: [death], censor: last_contact}",
            r"line 6, key endpoints.1.name: PFS is in the library; name yours otherwise",
        ),
        (
            "endpoints:\n  - {name: ORR, events: [death], censor: last_contact}",
            r"line 5, key endpoints.0.name: ORR is the name of something else",
        ),
        (
            "endpoints:\n  - {name: X, events: [relapse], censor: last_contact}",
            r"line 5, key endpoints.0.events.0: Input should be 'progression', 'death'",
        ),
        (
            "endpoints:\n  - {name: X, events: [death], competing: [death], censor: last_contact}",
            r"line 5, key endpoints.0: death is named twice",
        ),
        ("endpoints:\n  - {name: X, events: [death]}", r"endpoints.0.censor: is missing"),
        (
            "endpoints:\n  - {name: X, events: [death], censor: last_contact, Events: 1}",
            r"endpoints.0.Events: unknown key",
        ),
        (
            "planned: {endpoint: TTX, hazard_ratio: 0.6}",
            r"line 4, key planned.endpoint: TTX is no known endpoint",
        ),
        (
            "family:\n  - {endpoint: TTX, contrast: high vs low}",
            r"line 5, key family.0.endpoint: TTX is no known endpoint",
        ),
    ],
)
def test_a_mistake_names_line_and_key(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        study(tmp_path, more + "\n")


def test_a_cutoff_needs_a_time_of_every_patient(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    cutoff = "cutoff: {method: maxstat, outcome: {endpoint: DOR}}"
    file.write_text(MINIMAL.replace("cutoff: {method: median}", cutoff), encoding="utf-8")
    with pytest.raises(StudyError, match=r"cutoff.outcome.endpoint: DOR is not of every patient"):
        read_study(file)
