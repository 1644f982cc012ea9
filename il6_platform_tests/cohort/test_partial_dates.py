"""Days of which only month or year is known: set aside, or taken as the study file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from il6_platform_tests.small_registry import SET_ASIDE, STUDY, SmallRegistry, base

ROWS = base(
    # the start; the sample is of a day before it by any rule but never
    treatments=["T01,1,fluorouracil,2023-02,", "T01,1,bevacizumab,2023-02,"],
    # the progression
    assessments=[
        *("T02,2023-04-01,SD,", "T02,2023-08,PD,"),
        # it may have been before treatment began
        *("T03,2023-UN-UN,PD,", "T03,2023-08-03,PD,"),
        # wrong in something else
        "T04,2023-08,?,",
    ],
    follow_up=[
        *("T05,2023-10-20,alive,,", "T05,2023-12-31,dead,2023-10,"),
        "T06,2023-12-31,dead,2023,",
        # alive after the month of the death
        *("T07,2023-12-17,alive,,", "T07,2023-12-31,dead,2023-09,"),
    ],
    labs=["T08,il6,8.5,pg/mL,2023-01-20", "T08,il6,9.5,pg/mL,2023-01"],
)
EXPECTED = {
    # number -> which figure, by start, middle, end
    ("T01", "PFS"): [(5.95, True), (5.49, True), (5.06, True)],
    ("T02", "PFS"): [(5.95, True), (6.41, True), (6.93, True)],
    ("T05", "OS"): [(8.57, True), (8.57, True), (8.94, True)],
    ("T06", "OS"): [(6.11, True), (6.11, True), (10.94, True)],
    ("T08", "marker"): [8.5, 8.5, 9.5],
}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> SmallRegistry:
    made = SmallRegistry(tmp_path_factory.mktemp("partial"))
    made.deliver("2024-01-31", ROWS)
    found = made.derive()
    assert {number for number, row in found.items() if row["reason"] == SET_ASIDE} == {
        f"T{n:02}" for n in range(1, 9)
    }
    return made


@pytest.mark.parametrize(("place", "rule"), enumerate(["start", "middle", "end"]))
def test_a_day_is_taken_by_the_study_s_rule_and_flagged(
    registry: SmallRegistry, place: int, rule: str, tmp_path: Path
) -> None:
    made = copied(registry, tmp_path)
    found = made.derive_again(f"{STUDY}partial_dates: {rule}\n")
    for (number, figure), values in EXPECTED.items():
        if values[place] is not None:
            # by the last day of its month the start is too late for the sample
            assert found[number]["reason"] in (None, "No baseline marker in the window"), number
            assert found[number][figure] == values[place], (number, figure)
    for number in ("T03", "T04", "T07"):
        assert found[number]["reason"] == SET_ASIDE
    flags = made.warehouse.query(
        'select s."USUBJID", "PARAMCD", "STARTDTF", "ADTF" from cohort.adtte as s '
        'where "STARTDTF" is not null or "ADTF" is not null'
    )
    of = {made.warehouse.pseudonyms.of(number): number for number in made.numbers}
    flagged = {
        (of[row.USUBJID], row.PARAMCD): (row.STARTDTF, row.ADTF) for row in flags.itertuples()
    }
    assert flagged[("T01", "PFS")][0] == "D" and flagged[("T02", "PFS")][1] == "D"
    assert flagged[("T05", "OS")][1] == "D" and flagged[("T06", "OS")][1] == "M"


def copied(registry: SmallRegistry, folder: Path) -> SmallRegistry:
    """Return a registry as it is staged, in a folder of its own."""
    import shutil

    shutil.copytree(registry.folder, folder, dirs_exist_ok=True)
    return SmallRegistry(folder, registry.study, registry.numbers)
