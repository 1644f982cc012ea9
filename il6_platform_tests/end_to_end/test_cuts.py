"""Cuts are kept, compared and made again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from il6_platform import cli, paths
from il6_platform.analysis.cohort import Cohort
from il6_platform.cohort.known import read_delivered
from il6_platform.publishing import cuts
from il6_platform.publishing.content import published_content
from il6_platform.study import read_study
from il6_platform.warehouse.home import Site
from il6_platform_tests.end_to_end.conftest import Installation

EARLY, LATE = "2022-12-31", "2023-12-31"


@pytest.fixture
def site(grown: Installation) -> Site:
    return Site(home=str(grown.home), landing=str(grown.landing), study_file=str(grown.study))


def names(site: Site) -> tuple[str, str]:
    earlier, later = cuts.ledger(site)
    return earlier, later


def test_every_cut_is_listed_in_the_order_in_which_it_came(
    grown: Installation, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = cuts.kept_cuts(site)
    assert list(listed["cut"]) == list(names(site))
    assert list(listed["current"]) == ["", "*"]
    assert list(listed["last_export"]) == [EARLY, LATE]
    assert list(listed["analysed"]) == [51, 53]
    assert cli.main(["cuts", "--home", str(grown.home)]) == 0
    assert names(site)[0] in capsys.readouterr().out


def test_numbers_that_are_joined_make_another_cut(begun: Installation) -> None:
    before = begun.ask("select name from report.provenance where name = 'numbers joined'")
    one, other = pd.read_csv(begun.landing / "2019-12-31" / "patients.csv")["patient_id"][:2]
    begun.home.joinpath("merged_patients.csv").write_text(f"from,to,on\n{one},{other},\n")
    assert begun.refresh() == 0
    assert before.empty
    said = begun.ask("select value from report.provenance where name = 'numbers joined'")
    assert list(said["value"]) == ["1"]
    with duckdb.connect(begun.working, read_only=True) as connection:
        made = connection.execute("select n from report.flow").df()
    assert list(begun.ask("select n from report.flow")["n"]) == list(made["n"])


def test_a_difference_names_what_came_and_what_moved(site: Site) -> None:
    earlier, later = names(site)
    found = cuts.difference(site, earlier, later)
    # an export that was delivered again with the same bytes counts from its last day on
    came = found.provenance.query("kind == 'delivery' and new.notna()")
    assert sorted(came["name"]) == sorted(
        f"{p.stem} of {LATE}" for p in (paths.demo_landing() / LATE).iterdir()
    )
    # enrolment went on: its last month moved too
    assert set(found.provenance["kind"]) == {"cohort", "cut", "delivery"}
    assert found.patients is not None
    counted = found.patients["change"].value_counts()
    assert counted["came, analysed"] == 3
    assert counted.filter(like="came").sum() == 59 - 54
    assert not counted.filter(like="left").size
    cutoff = found.estimates.query("analysis == 'cutoff' and statistic == 'cutoff'").iloc[0]
    assert cutoff["moved_by"] == pytest.approx(cutoff["new_estimate"] - cutoff["old_estimate"])
    assert cutoff["change"] == "moved" and cutoff["main"]
    logrank = found.estimates.query(
        "analysis == 'survival' and statistic == 'logrank' and endpoint == 'PFS' "
        "and population == 'all'"
    ).iloc[0]
    assert logrank["crossed"] and logrank["old_p"] > 0.05 > logrank["new_p"]


def treatment_effect(site: Site, cut: str) -> str:
    with duckdb.connect(str(site.cuts_path / cut / "report.duckdb"), read_only=True) as report:
        row = report.execute(
            "select estimate, ci_low, ci_high from report.headline "
            "where claim like 'Bevacizumab prolongs PFS%'"
        ).fetchone()
    assert row
    return f"{row[0]:.2f} ({row[1]:.2f}\u2013{row[2]:.2f})"


def test_the_status_says_in_brief_what_changed_and_names_nobody(
    grown: Installation, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier, later = names(site)
    assert cli.main(["status", "--json", "--home", str(grown.home)]) == 0
    said = json.loads(capsys.readouterr().out)
    (study,) = said["studies"]
    assert (study["cut"], study["after"]) == (later, earlier)
    assert study["answer"][0].startswith("Not shown that IL-6 tells who benefits")
    changes = " ".join(study["changes"])
    assert "59 patients have arrived; there were 54." in changes
    found = cuts.difference(site, earlier, later)
    assert found.patients is not None
    moved = found.patients["change"].str.startswith("follow-up changed").sum()
    assert f"{moved} patients have another follow-up." in changes
    assert "The cut-off is" in changes
    # the interval that the answer and the claims of either cut give, not another method's
    now, before = (treatment_effect(site, cut) for cut in (later, earlier))
    assert f"Treatment's hazard ratio for PFS: {now}; it was {before}." in changes
    assert now.strip(")").split("(")[1] in study["answer"][1]
    assert not any(patient in changes for patient in found.patients["patient"])
    assert said["last_refresh"]["status"] == 0
    assert said["to_put_right"]["problems"] > 0


def test_a_cut_does_not_differ_from_itself(site: Site) -> None:
    later = names(site)[1]
    found = cuts.difference(site, later, later)
    assert found.provenance.empty
    assert found.patients is not None and found.patients.empty
    assert set(found.estimates["change"]) == {"same"}


def test_the_command_counts_patients_and_names_none(
    grown: Installation, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier, later = names(site)
    assert cli.main(["diff", earlier[:6], "--home", str(grown.home)]) == 0
    said = capsys.readouterr().out
    assert "3  came, analysed" in said and "crossed P = 0.05" in said
    listed = grown.study_folder / "patients" / f"{earlier}-{later}.csv"
    patients = pd.read_csv(listed)["patient"]
    assert listed.stat().st_mode & 0o077 == 0
    assert len(patients) > 0 and not any(patient in said for patient in patients)
    for path in (grown.study_folder / "cuts").rglob("*.*"):
        content = path.read_bytes()
        assert not any(patient.encode() in content for patient in patients), path


def test_a_name_that_means_no_cut_is_wrong_use(
    grown: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["diff", "xyz", "--home", str(grown.home)]) == 2
    assert "no cut begins with 'xyz'" in capsys.readouterr().err
    assert cli.main(["diff", "published", "--home", str(grown.home)]) == 2
    assert "compared with itself" in capsys.readouterr().err


@pytest.mark.computes_anew
def test_a_cut_is_made_again_from_raw_with_the_same_content(
    grown: Installation, site: Site, tmp_path: Path
) -> None:
    earlier = names(site)[0]
    folder = site.cuts_path / earlier
    kept = Path(shutil.move(folder, tmp_path / "kept"))
    shutil.rmtree(grown.landing)
    grown.landing.mkdir()
    assert grown.refresh("--as-of", EARLY) == 0
    assert (folder / "report.html").read_bytes() == (kept / "report.html").read_bytes()
    again, before = (cuts.digest_of_tables(path / "report.duckdb") for path in (folder, kept))
    assert again == before
    assert before != cuts.digest_of_tables(site.cuts_path / names(site)[1] / "report.duckdb")
    # the current one stays the published one
    assert site.published_path.resolve().name == names(site)[1]


def test_follow_up_is_cut_at_the_day_that_is_asked_for(
    grown: Installation, site: Site, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert grown.refresh("--censor") == 2
    assert "needs a day" in capsys.readouterr().err
    published = site.published_path.resolve()
    before = {folder.name for folder in site.cuts_path.iterdir()}
    day = "2021-12-31"
    before_it = list(cohort(grown).as_known_on([pd.Timestamp(day)], read_study(grown.study)))
    assert grown.refresh("--as-of", day, "--censor") == 0
    cut = cohort(grown)
    (made,) = {folder.name for folder in site.cuts_path.iterdir()} - before
    assert cuts.kept_cuts(site).set_index("cut").loc[made, "censored_on"] == day
    assert site.published_path.resolve() == published
    # what holds patients is of the look back, until the next refresh
    assert cli.main(["export", "--home", str(grown.home), "--to", str(tmp_path)]) == 2
    reason = capsys.readouterr().err.splitlines()[-1]
    assert f"not {published.name}; bring that back with il6 refresh" in reason
    assert published_content(site) is None
    known = before_it[0][1].patients
    # covariates are those of today
    added = {"SUBJSEQ", "MARKERGR", *(item.name for item in read_study(grown.study).described)}
    columns = [name for name in known if name not in added]
    pd.testing.assert_frame_equal(cut.patients[columns], known[columns], check_dtype=False)
    replayed = grown.ask(f"from report.results where analysis = 'evidence' and term = '{day}'")
    assert len(replayed) == 1 + 2 * (2 * 6 + 1)
    database = site.cuts_path / made / "report.duckdb"
    with duckdb.connect(database, read_only=True) as connection:
        then = connection.execute("from report.results").df()
    for row in replayed.itertuples():
        (expected,) = as_computed(then, row).itertuples()
        for name in ("estimate", "ci_low", "ci_high", "p_value", "n", "events"):
            ours, theirs = (float(getattr(one, name) or "nan") for one in (row, expected))
            assert ours == pytest.approx(theirs, rel=1e-6, nan_ok=True), (row, name)


def as_computed(results: pd.DataFrame, row: Any) -> pd.DataFrame:
    """Return the row of a cut that answers what a replayed row answers."""
    analysis = {"logrank": "survival", "hazard_ratio": "cox", "cutoff": "cutoff"}
    found = results[
        (results["analysis"] == analysis.get(row.statistic, "interaction"))
        & (results["statistic"] == row.statistic)
        & results["term"].isna()
        & (results["model"].isna() | ~results["model"].isin(["multivariable", "stratified"]))
    ]
    for name in ("endpoint", "population", "contrast"):
        value = getattr(row, name)
        found = found[found[name].isna() if pd.isna(value) else found[name] == value]
    return found


def cohort(installation: Installation) -> Cohort:
    """Return the cohort of the last refresh, with the records behind it."""
    with duckdb.connect(installation.working, read_only=True) as working:
        tables = [
            working.execute(f"from cohort.{t}").df() for t in ("adsl", "adtte", "adrs", "adtr")
        ]
        subjects = working.execute("from cohort.subjects limit 0").df()
        delivered = read_delivered(
            lambda sql: working.sql(sql).to_arrow_table(), tables[0], subjects
        )
    return replace(Cohort.of(*tables, read_study(installation.study)), delivered=delivered)
