"""A home in a notebook: the worked examples run, and nothing can be changed."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

from il6_platform import open_home, paths
from il6_platform.errors import UsageError
from il6_platform.notebook import PublishedStudy
from il6_platform_tests.end_to_end.conftest import Installation


@pytest.fixture(scope="module")
def study(demo: Installation) -> PublishedStudy:
    return open_home(demo.home).study()


def test_the_worked_examples_run(demo: Installation) -> None:
    text = (paths.PACKAGE / "docs" / "notebooks.md").read_text("utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 10
    said: dict[str, object] = {"folder": demo.home}
    for example in examples:
        exec(compile(example, "notebooks.md", "exec"), said)
    assert isinstance(said["curves"], pa.Table)
    assert isinstance(said["figure"], Figure)
    medians = said["medians"]
    assert isinstance(medians, pd.DataFrame) and medians["estimate"].gt(0).any()


def test_an_unchanged_study_gives_what_is_published(study: PublishedStudy) -> None:
    for analysis in ("cox", "interaction"):
        again, kept = study.rerun(analysis), study.results(analysis=analysis)
        columns = ["statistic", "estimate", "ci_low", "ci_high", "p_value", "n", "events"]
        pd.testing.assert_frame_equal(
            again[columns], kept[columns], check_dtype=False, rtol=1e-9, check_exact=False
        )


def test_another_cut_off_makes_other_groups(study: PublishedStudy, demo: Installation) -> None:
    adsl = study.cohort("adsl")
    analysed = adsl[adsl["ANALFL"] == "Y"]
    rows = study.rerun("survival", cutoff={"method": "fixed", "value": 4.83})
    high = rows.query("grp == 'high' and statistic == 'median' and endpoint == 'PFS'")["n"].iloc[0]
    assert high == (analysed["MARKER"] >= 4.83).sum()
    scan = demo.ask("select estimate from report.results where analysis = 'cutoff'")
    assert len(scan)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s: s.table("nonsense"), "there are results"),
        (lambda s: s.cohort("nonsense"), "there are adsl"),
        (lambda s: s.figure("nonsense"), "no figure"),
        (lambda s: s.rerun("nonsense"), "no analysis"),
        (lambda s: s.rerun("evidence"), "only a refresh"),
        (lambda s: s.rerun("cox", marker={"analyte": "crp"}), "another cohort"),
        (lambda s: s.rerun("cox", endpoints=["TTNT"]), "has no TTNT"),
        (lambda s: s.rerun("cox", seed="soon"), "seed"),
        (lambda s: s.results(nonsense=1), "no column"),
    ],
)
def test_a_wrong_question_is_answered_with_what_there_is(
    study: PublishedStudy, call: object, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        call(study)  # type: ignore[operator]


def test_a_folder_that_is_no_home_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no home of il6"):
        open_home(tmp_path)


def test_nothing_can_be_changed(study: PublishedStudy) -> None:
    for sql in ("drop table report.results", "copy (select 1) to 'x.csv'"):
        with pytest.raises(Exception, match=r"read-only|disabled"):
            study.query(sql)
