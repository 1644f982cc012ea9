"""Changes that matter are said as checks, and told to who asked for it."""

from __future__ import annotations

import email
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from dagster import (
    AssetCheckEvaluation,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    RunsFilter,
    build_run_status_sensor_context,
)

from il6_platform.defs.sensors import alert_sensors
from il6_platform.publishing.notices import tell
from il6_platform.report.synthetic_flag import SYNTHETIC
from il6_platform.warehouse.home import Site
from il6_platform_tests.end_to_end.conftest import Installation


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What arrives at a webhook that really listens."""
    texts: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            texts.append(json.loads(content)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("IL6_ALERT_WEBHOOK", f"http://127.0.0.1:{server.server_port}/")
    yield texts
    server.shutdown()


def listen(
    installation: Installation, status: DagsterRunStatus, *, ago: int = 0
) -> dict[str, AssetCheckEvaluation]:
    """Let the sensors hear of the last run of a status, or of one before; return its checks."""
    site = Site(
        home=str(installation.home),
        landing=str(installation.landing),
        study_file=str(installation.study),
    )
    sensors = {sensor.name: sensor for sensor in alert_sensors(site)}
    name = "tell_of_changes" if status is DagsterRunStatus.SUCCESS else "tell_of_blocked_refreshes"
    with DagsterInstance.from_config(str(installation.home / "dagster")) as instance:
        # a refresh is a run of the registry, then one of the study
        job = "refresh_study" if status is DagsterRunStatus.SUCCESS else None
        run = instance.get_runs(RunsFilter(statuses=[status], job_name=job))[ago]
        ended = {
            DagsterRunStatus.SUCCESS: DagsterEventType.RUN_SUCCESS,
            DagsterRunStatus.FAILURE: DagsterEventType.RUN_FAILURE,
        }[status]
        (record,) = instance.get_records_for_run(run.run_id, of_type=ended).records
        context = build_run_status_sensor_context(
            sensor_name=name,
            dagster_event=record.event_log_entry.get_dagster_event(),
            dagster_instance=instance,
            dagster_run=run,
        )
        sensors[name](context)
        records = instance.get_records_for_run(
            run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION
        ).records
        found = [
            record.event_log_entry.get_dagster_event().asset_check_evaluation_data
            for record in records
        ]
    return {one.check_name: one for one in found}


def test_what_changed_since_the_cut_before_is_told(grown: Installation, heard: list[str]) -> None:
    study = grown.study
    checks = listen(grown, DagsterRunStatus.SUCCESS, ago=1)
    assert checks["conclusions_stand"].passed
    assert not heard
    checks = listen(grown, DagsterRunStatus.SUCCESS)
    said = checks["conclusions_stand"]
    assert not said.passed
    assert not said.blocking
    assert "On chemotherapy alone" in (said.description or "")
    assert checks["nobody_is_lost"].passed
    assert checks["boundary_is_not_crossed"].passed
    (text,) = heard
    assert "On chemotherapy alone" in text
    assert SYNTHETIC in text.splitlines()[0]
    assert "CRLM-" not in text
    # a plan whose events are all there, and patients who lose their baseline marker; both are
    # asked of one endpoint
    content = yaml.safe_load(study.read_text("utf-8"))
    content |= {"endpoints": ["PFS"], "covariates": content["covariates"][-1:]}
    asked = {key: content[key] for key in content if key not in ("characteristics", "published")}
    crossed = {"monitoring": content["monitoring"] | {"looks": [1.0], "events": 42}}
    study.write_text(yaml.safe_dump(asked | crossed), "utf-8")
    assert grown.refresh() == 0
    assert not listen(grown, DagsterRunStatus.SUCCESS)["boundary_is_not_crossed"].passed
    assert "boundary is crossed" in heard[-1]
    narrow = {"marker": content["marker"] | {"window_days": [-3, 0]}}
    study.write_text(yaml.safe_dump(asked | narrow), "utf-8")
    assert grown.refresh() == 0
    assert not listen(grown, DagsterRunStatus.SUCCESS)["nobody_is_lost"].passed
    assert "patients are analysed" in heard[-1]


def test_a_blocked_refresh_and_a_silent_site_are_told_once(
    begun: Installation, heard: list[str]
) -> None:
    (begun.home / "registry.yaml").write_text("sites: {Nord: {every_days: 30}}\n")
    begun.deliver("2021-12-31")
    (begun.landing / "2021-12-31" / "patients.csv").write_text("patient_id,birth_date\n")
    assert begun.refresh() == 1
    blocked, silent = heard
    assert "did not publish" in blocked and "lacks the column sex" in blocked
    assert "Site Nord has delivered nothing yet" in silent
    # the daemon's sensor and another refresh say the same words: nobody hears them again
    listen(begun, DagsterRunStatus.FAILURE)
    assert begun.refresh() == 1
    assert len(heard) == 2


class Post(socketserver.StreamRequestHandler):
    """A mail server that takes one message and keeps it."""

    server: Office

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while (line := self.rfile.readline()) != b".\r\n":
                    self.server.letter += line
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")


class Office(socketserver.TCPServer):
    letter = b""


def test_an_alert_goes_out_by_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    with Office(("127.0.0.1", 0), Post) as office:
        threading.Thread(target=office.handle_request, daemon=True).start()
        monkeypatch.delenv("IL6_ALERT_WEBHOOK", raising=False)
        monkeypatch.setenv("IL6_ALERT_EMAIL", "nurse@example.org")
        monkeypatch.setenv("IL6_SMTP", f"127.0.0.1:{office.server_address[1]}")
        tell("The study's title", ["P was 0.06 (n=40), now 0.04 (n=44)."])
    message = email.message_from_bytes(office.letter)
    assert message["To"] == "nurse@example.org"
    assert message["Subject"] == "Alert: The study's title"
    assert "now 0.04 (n=44)." in message.get_payload()


def test_who_cannot_be_told_is_not_listened_for(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IL6_ALERT_WEBHOOK", raising=False)
    monkeypatch.delenv("IL6_ALERT_EMAIL", raising=False)
    site = Site(
        home=str(installation.home),
        landing=str(installation.landing),
        study_file=str(installation.study),
    )
    assert {sensor.default_status.value for sensor in alert_sensors(site)} == {"STOPPED"}
