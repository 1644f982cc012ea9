"""Sources against real servers on this machine: HTTP, SQLite, PostgreSQL where it is installed."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs

import fsspec
import paramiko
import pytest
from dagster import DagsterInstance, materialize

from il6_platform.defs import sources
from il6_platform.errors import Il6Error, UsageError
from il6_platform.registry.connectors import Fetched, deliver, fetch
from il6_platform.registry_file import RegistryFile, Source, read_registry_file
from il6_platform.warehouse.home import Site
from il6_platform.yaml_config import YamlConfigError

TOKEN = "0123456789ABCDEF"
RECORDS = b"record_id,sex\n7,1\n8,2\n"
METADATA = b"field_name,form_name,field_type,field_label\nrecord_id,base,text,Record\n"


class Redcap(BaseHTTPRequestHandler):
    """Answers as REDCap's API does, recorded from its documentation."""

    asked: ClassVar[list[dict[str, list[str]]]] = []

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.asked.append(form)
        right = form["token"] == [TOKEN]
        content = {"record": RECORDS, "metadata": METADATA}.get(form["content"][0], b"")
        if self.path != "/api/":
            content = b"<html>Log in</html>"
        body = content if right else b'{"error":"You do not have permissions to use the API"}'
        self.send_response(200 if right else 403)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[object]:
    servers = []

    def start(handler: object) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)  # type: ignore[arg-type]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def source(**keys: object) -> Source:
    return RegistryFile.model_validate({"connectors": {"one": keys}}).connectors["one"]


def test_redcap_gives_records_and_the_dictionary(serve, monkeypatch) -> None:
    monkeypatch.setenv("CRLM_TOKEN", TOKEN)
    url = serve(Redcap)
    Redcap.asked.clear()
    project = source(kind="redcap", url=f"{url}/api/", secret="CRLM_TOKEN", forms=["base", "labs"])
    assert fetch("crlm", project) == [
        Fetched("records.csv", RECORDS),
        Fetched("dictionary.csv", METADATA, is_dictionary=True),
    ]
    assert Redcap.asked[0]["forms[1]"] == ["labs"]
    assert Redcap.asked[0]["rawOrLabel"] == ["raw"]


@pytest.mark.parametrize(
    ("path", "token", "says"),
    [
        ("/api/", "wrong", r"source crlm: REDCap refuses \(403: .*You do not have permissions"),
        ("/login", TOKEN, "REDCap gives no CSV of record; check the url"),
    ],
)
def test_what_redcap_refuses_is_said(path, token, says, serve, monkeypatch) -> None:
    monkeypatch.setenv("CRLM_TOKEN", token)
    project = source(kind="redcap", url=serve(Redcap) + path, secret="CRLM_TOKEN")
    with pytest.raises(Il6Error, match=says) as told:
        fetch("crlm", project)
    assert token not in str(told.value)


def test_a_source_that_is_not_there_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/api/"
    with pytest.raises(Il6Error, match="source crlm: REDCap cannot be reached"):
        fetch("crlm", source(kind="redcap", url=url))


def test_a_secret_stands_in_the_environment_alone(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("CRLM_TOKEN", raising=False)
    with pytest.raises(UsageError, match=r"connectors.crlm.secret: .* no variable CRLM_TOKEN"):
        fetch("crlm", source(kind="redcap", url="https://x/api/", secret="CRLM_TOKEN"))
    (tmp_path / "registry.yaml").write_text(
        "connectors:\n  lab:\n    kind: sql\n    url: postgresql://me:word@host/lab\n"
        "    queries: {labs: select 1}\n"
    )
    with pytest.raises(YamlConfigError, match="holds a password; take it out") as told:
        read_registry_file(tmp_path)
    assert "word@" not in str(told.value)


QUERIES = {
    "labs": "select patient_id, value, taken as collected_on from result order by patient_id",
    "patients": "select 'a,b' as patient_id, cast(null as varchar(5)) as sex",
}
ANSWERS = [
    Fetched("labs.csv", b"patient_id,value,collected_on\n007,1.50,2024-01-05\n008,,2024-01-06\n"),
    Fetched("patients.csv", b'patient_id,sex\n"a,b",\n'),
]


def test_a_query_is_an_export(tmp_path: Path) -> None:
    file = tmp_path / "lab.db"
    with sqlite3.connect(file) as connection:
        connection.execute("create table result (patient_id text, value text, taken text)")
        connection.executemany(
            "insert into result values (?, ?, ?)",
            [("007", "1.50", "2024-01-05"), ("008", None, "2024-01-06")],
        )
    database = source(kind="sql", url=f"sqlite:///{file}", queries=QUERIES)
    assert fetch("lab", database) == ANSWERS
    wrong = source(kind="sql", url=f"sqlite:///{file}", queries={"labs": "select x from nowhere"})
    with pytest.raises(Il6Error, match=r"source lab: query labs \(no such table: nowhere\)"):
        fetch("lab", wrong)
    none = source(kind="sql", url="nosuch://host/db", queries=QUERIES)
    with pytest.raises(UsageError, match="the driver of nosuch is not installed"):
        fetch("lab", none)


@pytest.fixture
def postgres() -> Iterator[str]:
    """Start a server of Debian's PostgreSQL; its user is not root."""
    initdb = shutil.which("initdb") or next(
        (str(path) for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), None
    )
    if initdb is None:
        pytest.skip("PostgreSQL is not installed")
    who = None
    if os.geteuid() == 0:
        names = [one.pw_name for one in pwd.getpwall()]
        who = next((name for name in ("postgres", "nobody") if name in names), None)
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(0o777)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "word").write_text("secret word")
    (folder / "word").chmod(0o644)
    data = folder / "data"
    made = subprocess.run(
        [
            initdb,
            "-D",
            data,
            "-E",
            "UTF8",
            "-U",
            "il6",
            "-A",
            "scram-sha-256",
            f"--pwfile={folder / 'word'}",
        ],
        user=who,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be initialised here: {made.stderr[-200:]}")
    server = subprocess.Popen(
        [
            *(str(Path(initdb).with_name("postgres")), "-D", data, "-p", str(port)),
            *("-k", folder, "-c", "listen_addresses=127.0.0.1"),
        ],
        user=who,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"postgresql+psycopg://il6@127.0.0.1:{port}/postgres"
    finally:
        # a fast shutdown: it waits for no connection
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_postgresql(postgres: str, monkeypatch) -> None:
    psycopg = pytest.importorskip("psycopg")
    monkeypatch.setenv("LAB_PASSWORD", "secret word")
    address = postgres.replace("+psycopg", "").replace("il6@", "il6:secret%20word@")
    for _ in range(100):
        try:
            connection = psycopg.connect(address, autocommit=True)
            break
        except psycopg.OperationalError:
            time.sleep(0.2)
    connection.execute("create table result (patient_id text, value numeric(8, 2), taken date)")
    connection.execute("insert into result values ('007', 1.5, '2024-01-05')")
    connection.execute("insert into result values ('008', null, '2024-01-06')")
    database = source(kind="sql", url=postgres, secret="LAB_PASSWORD", queries=QUERIES)
    assert fetch("lab", database) == ANSWERS
    # a query reads: what it writes is not kept
    writes = {"gone": "delete from result returning patient_id"}
    fetch("lab", database.model_copy(update={"queries": writes}))
    assert connection.execute("select count(*) from result").fetchone() == (2,)
    connection.close()
    monkeypatch.setenv("LAB_PASSWORD", "wrong word")
    with pytest.raises(Il6Error, match="source lab: the database cannot be reached") as told:
        fetch("lab", database)
    assert "wrong word" not in str(told.value)


def test_a_folder_by_http(tmp_path: Path, serve) -> None:
    (tmp_path / "labs.csv").write_bytes(b"a\n1\n")
    (tmp_path / "patients.csv").write_bytes(b"b\n2\n")
    (tmp_path / "letter.txt").write_bytes(b"no")
    url = serve(lambda *given: Quiet(*given, directory=str(tmp_path)))
    found = fetch("share", source(kind="folder", url=f"{url}/", files="*.csv"))
    assert found == [Fetched("labs.csv", b"a\n1\n"), Fetched("patients.csv", b"b\n2\n")]
    with pytest.raises(Il6Error, match=r"source share: the folder holds no file \*.xlsx"):
        fetch("share", source(kind="folder", url=f"{url}/", files="*.xlsx"))


def test_a_folder_by_any_protocol_of_fsspec() -> None:
    memory = fsspec.filesystem("memory")
    try:
        for name, content in (("b.csv", b"2"), ("a.csv", b"1"), ("north/a.csv", b"3")):
            memory.pipe(f"/exports/{name}", content)
        found = fetch("share", source(kind="folder", url="memory://exports", files="*.csv"))
        assert found == [Fetched("a.csv", b"1"), Fetched("b.csv", b"2")]
        found = fetch("share", source(kind="folder", url="memory://exports", files="**/*.csv"))
        assert [one.name for one in found] == ["a.csv", "b.csv", "north_a.csv"]
    finally:
        memory.rm("/exports", recursive=True)


def test_a_folder_by_s3(monkeypatch) -> None:
    # here, not at the top: they are a second of imports in each process of tests
    import boto3
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("SHARE_PASSWORD", "word")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        bucket = boto3.client("s3", aws_access_key_id="il6", aws_secret_access_key="word")
        bucket.create_bucket(Bucket="hospital")
        for name, content in (("exports/labs.csv", b"1"), ("exports/a.pdf", b"0"), ("b.csv", b"2")):
            bucket.put_object(Bucket="hospital", Key=name, Body=content)
        keys = {"user": "il6", "secret": "SHARE_PASSWORD", "files": "*.csv"}
        share = source(kind="folder", url="s3://hospital/exports", **keys)
        assert fetch("share", share) == [Fetched("labs.csv", b"1")]
        # what came since then is found
        bucket.put_object(Bucket="hospital", Key="exports/new.csv", Body=b"3")
        assert [one.name for one in fetch("share", share)] == ["labs.csv", "new.csv"]
        none = source(kind="folder", url="s3://elsewhere/exports", **keys)
        with pytest.raises(Il6Error, match="source share: the folder"):
            fetch("share", none)
    finally:
        server.stop()


class Disk(paramiko.SFTPServerInterface):
    """The files of one folder, by SFTP."""

    root: ClassVar[Path]

    def _on_disk(self, path: str) -> Path:
        return self.root / self.canonicalize(path).lstrip("/")

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        return [
            paramiko.SFTPAttributes.from_stat(one.stat(), one.name)
            for one in self._on_disk(path).iterdir()
        ]

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._on_disk(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    lstat = stat

    def open(self, path: str, flags: int, attr: object) -> paramiko.SFTPHandle:
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = self._on_disk(path).open("rb")
        return handle


class Door(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        is_right = (username, password) == ("il6", "word")
        return paramiko.AUTH_SUCCESSFUL if is_right else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Serve a folder by SFTP; give its address, and the line of known_hosts that names its key."""
    Disk.root = tmp_path / "served"
    (Disk.root / "exports").mkdir(parents=True)
    (Disk.root / "exports" / "labs.csv").write_bytes(b"a\n1\n")
    (Disk.root / "exports" / "letter.txt").write_bytes(b"no")
    key = paramiko.RSAKey.generate(2048)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    transports = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            transports.append(paramiko.Transport(connection))
            transports[-1].add_server_key(key)
            transports[-1].set_subsystem_handler("sftp", paramiko.SFTPServer, Disk)
            with contextlib.suppress(paramiko.SSHException, EOFError):
                transports[-1].start_server(server=Door())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield (
        f"sftp://127.0.0.1:{port}/exports",
        f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n",
    )
    # closing alone does not wake who waits in accept
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    for transport in transports:
        transport.close()
    thread.join()


def test_a_folder_by_sftp(sftp: tuple[str, str], tmp_path: Path, monkeypatch) -> None:
    url, known = sftp
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHARE_PASSWORD", "word")
    monkeypatch.setenv("WRONG", "another word")
    share = source(kind="folder", url=url, files="*.csv", user="il6", secret="SHARE_PASSWORD")
    # a password is for a known server alone
    with pytest.raises(Il6Error, match=r"is not in .*known_hosts; connect to it once by ssh"):
        fetch("share", share)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text(known)
    assert fetch("share", share) == [Fetched("labs.csv", b"a\n1\n")]
    with pytest.raises(Il6Error, match="source share: the folder cannot be reached") as told:
        fetch("share", share.model_copy(update={"secret": "WRONG"}))
    assert "another word" not in str(told.value)


def test_what_is_not_new_is_no_delivery(tmp_path: Path) -> None:
    first, second = date(2024, 1, 1), date(2024, 1, 2)
    one, other = Fetched("labs.csv", b"1"), Fetched("../../x y.csv", b"2")
    assert sorted(deliver(tmp_path, "lab", first, [one, other])) == [
        "2024-01-01/lab_labs.csv",
        "2024-01-01/lab_x_y.csv",
    ]
    assert deliver(tmp_path, "lab", second, [one, other]) == []
    changed = Fetched("labs.csv", b"3")
    assert deliver(tmp_path, "lab", second, [changed]) == ["2024-01-02/lab_labs.csv"]
    # what it said before is a correction
    assert deliver(tmp_path, "lab", date(2024, 1, 3), [one]) == ["2024-01-03/lab_labs.csv"]
    north = deliver(tmp_path, "lab", second, [one], site="north")
    assert north == ["north/2024-01-02/lab_labs.csv"]


def test_a_source_of_the_registry_file_is_an_asset(tmp_path: Path, serve, monkeypatch) -> None:
    monkeypatch.setenv("CRLM_TOKEN", TOKEN)
    home, landing = tmp_path / "home", tmp_path / "landing"
    home.mkdir()
    (home / "registry.yaml").write_text(
        f"connectors:\n  crlm: {{kind: redcap, url: '{serve(Redcap)}/api/', secret: CRLM_TOKEN}}\n"
    )
    assets, schedules = sources.of(Site(home=str(home), landing=str(landing)))
    assert [one.name for one in schedules] == ["fetch_crlm"]
    with DagsterInstance.ephemeral() as instance:
        done = materialize(assets, instance=instance)
    (made,) = done.asset_materializations_for_node(assets[0].node_def.name)
    assert made.metadata["new"].value == 2
    (day,) = landing.iterdir()
    assert sorted(file.name for file in day.iterdir()) == [
        "crlm_dictionary.csv",
        "crlm_records.csv",
    ]
