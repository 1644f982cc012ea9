"""An alert goes out once; a late site is one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from dagster import FreshnessPolicy

from il6_platform import paths
from il6_platform.definitions import build_defs
from il6_platform.publishing import notices
from il6_platform.publishing.freshness import late, late_sites
from il6_platform.warehouse.home import Site


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is sent; the sending itself is tested with a server that listens (test_alerts)."""
    letters: list[list[str]] = []
    monkeypatch.setenv("IL6_ALERT_EMAIL", "nurse@example.org")
    monkeypatch.setattr(notices, "tell", lambda title, said: letters.append([title, *said]))
    return letters


def test_the_same_words_are_sent_once(tmp_path: Path, sent: list[list[str]]) -> None:
    assert notices.tell_once(tmp_path, "refresh", "T", ["blocked by A"])
    assert not notices.tell_once(tmp_path, "refresh", "T", ["blocked by A"])
    assert notices.tell_once(tmp_path, "refresh", "T", ["blocked by B"])
    assert notices.tell_once(tmp_path, "another", "T", ["blocked by B"])
    assert sent == [["T", "blocked by A"], ["T", "blocked by B"], ["T", "blocked by B"]]


def test_what_was_in_order_in_between_is_news(tmp_path: Path, sent: list[list[str]]) -> None:
    for said in (["blocked"], [], ["blocked"]):
        notices.tell_once(tmp_path, "refresh", "T", said)
    assert len(sent) == 2


def test_what_nobody_took_is_sent_again(
    tmp_path: Path, sent: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(notices, "tell", refuse)
        with pytest.raises(OSError, match="refused"):
            notices.tell_once(tmp_path, "refresh", "T", ["blocked"])
    assert notices.tell_once(tmp_path, "refresh", "T", ["blocked"])
    # a damaged list of what was told costs nothing but a second letter
    (tmp_path / notices.NAME).write_text("{")
    assert notices.tell_once(tmp_path, "refresh", "T", ["blocked"])


def test_nobody_to_tell_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IL6_ALERT_EMAIL", "IL6_ALERT_WEBHOOK"):
        monkeypatch.delenv(name, raising=False)
    assert not notices.tell_once(tmp_path, "refresh", "T", ["blocked"])
    assert not list(tmp_path.iterdir())


def test_a_site_is_late_after_its_days_not_on_the_last_one() -> None:
    last = {"A": date(2024, 1, 1)}
    assert not late({"A": 30}, last, date(2024, 1, 31))
    assert "for 31 days" in late({"A": 30}, last, date(2024, 2, 1))[0]
    assert "nothing yet" in late({"B": 30}, last, date(2024, 2, 1))[0]
    # a clock that goes back makes nobody late
    assert not late({"A": 30}, last, date(2020, 1, 1))


def test_the_last_export_of_each_site_is_looked_up(tmp_path: Path) -> None:
    home = tmp_path / "home"
    site = Site(home=str(home), landing=str(tmp_path))
    site.home_path.joinpath("registry.yaml").write_text(
        "sites: {A: {every_days: 30}, B: {every_days: 30}, C: {exports: full}}\n"
    )
    assert late_sites(site, date(2024, 3, 1)) == []
    with duckdb.connect(site.registry_database) as connection:
        connection.execute(
            "create schema raw; create schema staging;"
            "create table staging.lines as select '' as site, date '2024-02-20' as delivered_on;"
            "create table raw.deliveries as select * from (values ('d1', date '2024-01-01'), "
            "('d2', date '2024-02-20')) as given (delivery, delivered_on);"
            "create table staging.patients as select * from (values ('A', 'd1'), ('B', 'd2'), "
            "(null, 'd2')) as given (site_id, delivery)"
        )
    (said,) = late_sites(site, date(2024, 3, 1))
    assert said.startswith("Site A has not delivered for 60 days")


def test_dagster_knows_how_often_exports_are_expected(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "registry.yaml").write_text("sites: {A: {every_days: 30}, B: {every_days: 90}}\n")
    graph = build_defs(home, tmp_path, paths.default_study()).resolve_asset_graph()
    policies = {
        key.to_user_string(): graph.get(key).freshness_policy for key in graph.get_all_asset_keys()
    }
    expected = FreshnessPolicy.time_window(fail_window=timedelta(days=90))
    assert {name for name, one in policies.items() if one is not None} == {"raw/deliveries"}
    assert policies["raw/deliveries"] == expected
