"""``barnabas standalone`` as a process: what it says and how it ends, with good and with wrong input."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from barnabas.broker import EmbeddedBroker

STRING = "org.apache.kafka.connect.storage.StringConverter"


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """One broker for all tests here."""
    with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def write(tmp_path, broker):
    """Writes a usable worker file, with some settings changed (``None`` removes one)."""

    def write(**changes):
        settings = {
            "bootstrap.servers": broker.bootstrap,
            "key.converter": STRING,
            "value.converter": STRING,
            "offset.storage.file.filename": tmp_path / "offsets",
            "offset.flush.interval.ms": 500,
            "listeners": "http://127.0.0.1:0",
            **{key.replace("_", "."): value for key, value in changes.items()},
        }
        file = tmp_path / "worker.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in settings.items() if value is not None))
        return file

    return write


def connector(folder, name="lines", **changes):
    """A connector file for a file source."""
    settings = {
        "name": name,
        "connector.class": "FileStreamSource",
        "file": folder / "in.txt",
        "topic": f"{folder.name}-{name}",
        **{key.replace("_", "."): value for key, value in changes.items()},
    }
    file = folder / f"{name}.properties"
    file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    return file


def ends(*arguments, **options):
    """Run a worker that is expected to end by itself; its exit code and its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "barnabas", "standalone", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()[-1]


@contextlib.contextmanager
def running(*arguments, until="Kafka Connect started"):
    """A worker, once its log says so; killed if the test leaves it running."""
    command = [sys.executable, "-m", "barnabas", "standalone", *map(str, arguments)]
    log = Path(arguments[0]).with_suffix(".log")
    with log.open("wb") as stream, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream) as process:
        try:
            wait_for(lambda: until in log.read_text() or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield process, log
        finally:
            if process.poll() is None:
                process.kill()


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(pid):
    """Whether a process is there and is no zombie that nobody has reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def rest(log, path):
    (line,) = [line for line in log.read_text().splitlines() if "REST server listening at" in line]
    url = line.split("REST server listening at ")[1].split(",")[0]
    with urllib.request.urlopen(f"{url}{path}", timeout=5) as answer:
        return json.load(answer)


# ---------------------------------------------------------------------- wrong input: exit code 2
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"key_converter": None}, ['Missing required configuration "key.converter"', "Set key.converter", "BRN-1002"]),
        ({"offset_flush_interval_ms": "soon"}, ["offset.flush.interval.ms", "Not a number of type LONG", "BRN-1"]),
        ({"listeners": "8083"}, ["listeners", "it is not of the form scheme://host:port", "BRN-1040"]),
        ({"listeners": "http://no-such-host.invalid:0"}, ["listeners: Cannot listen", "no-such-host", "BRN-1050"]),
        ({"task_isolation": "none"}, ["task.isolation", "BRN-1"]),
        ({"bootstrap_servers": "localhost"}, ["bootstrap.servers", "localhost", "host:port", "BRN-1202"]),
        ({"bootstrap_servers": "no-such-host.invalid:9092"}, ["bootstrap.servers", "unknown host", "BRN-1203"]),
    ],
)
def test_wrong_settings(write, changes, says):
    code, line = ends(write(**changes))
    assert code == 2
    assert line.startswith("barnabas: ")
    assert [part for part in says if part not in line] == []


def test_no_worker_file(tmp_path):
    code, line = ends(tmp_path / "none.properties")
    assert code == 2
    assert line == (
        f"barnabas: Cannot read {tmp_path}/none.properties: No such file or directory. "
        "Check the path and its permissions. (BRN-1010)"
    )


def test_a_syntax_error_in_the_worker_file(tmp_path):
    file = tmp_path / "worker.properties"
    file.write_text("# a comment\nkey.converter=\\u12\n")
    code, line = ends(file)
    assert code == 2
    assert f"{file}:2: malformed \\u escape" in line
    assert line.endswith("(BRN-1011)")


def test_a_port_in_use(write):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, line = ends(write(listeners=f"http://127.0.0.1:{port}"))
    assert code == 2
    assert f"listeners: Cannot listen on http://127.0.0.1:{port}: port {port} is in use" in line


def test_a_kafka_that_is_not_there(write):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    code, line = ends(write(bootstrap_servers=f"127.0.0.1:{port}", default_api_timeout_ms=1500))
    assert code == 2
    assert "Failed to connect to and describe Kafka cluster" in line
    assert "bootstrap.servers" in line


# ---------------------------------------------------------------------- wrong input: exit code 3
def test_an_offsets_file_in_a_folder_that_is_not_there(write, tmp_path):
    code, line = ends(write(offset_storage_file_filename=tmp_path / "no" / "offsets"))
    assert code == 3
    assert f"The offsets file {tmp_path}/no/offsets cannot be written: the folder {tmp_path}/no does not exist" in line
    assert line.startswith("barnabas: offset.storage.file.filename: ")


def test_an_unknown_converter(write):
    code, line = ends(write(value_converter="org.apache.kafka.connect.json.JsonConvertor"))
    assert code == 2
    assert "value.converter" in line
    assert "Did you mean org.apache.kafka.connect.json.JsonConverter?" in line


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"connector_class": "FileStreamSorce"}, ["FileStreamSorce", "Did you mean", "FileStreamSourceConnector?"]),
        ({"topic": ""}, ["contains the following 1 error(s)", "topic"]),
        ({"tasks_max": "many"}, ["tasks.max", "Not a number of type INT"]),
    ],
)
def test_wrong_connectors(write, tmp_path, changes, says):
    file = connector(tmp_path, **changes)
    code, line = ends(write(), file)
    assert code == 3
    assert [part for part in [*says, str(file), "BRN-"] if part not in line] == []


def test_a_connector_file_that_is_not_there(write, tmp_path):
    code, line = ends(write(), tmp_path / "none.properties")
    assert code == 3
    assert f"Cannot read {tmp_path}/none.properties" in line


def test_a_connector_file_without_name(write, tmp_path):
    file = tmp_path / "nameless.json"
    file.write_text('{"connector.class": "FileStreamSource"}')
    code, line = ends(write(), file)
    assert code == 3
    assert f"Connector configuration at '{file}' is missing the mandatory 'name' configuration." in line


def test_two_connectors_of_one_name(write, tmp_path):
    file = connector(tmp_path)
    code, line = ends(write(), file, file)
    assert code == 3
    assert "already exists" in line


def test_errors_as_json(write):
    code, line = ends(write(key_converter=None), "--log-format", "json")
    assert code == 2
    parsed = json.loads(line)
    assert parsed["level"] == "FATAL"
    assert "key.converter" in parsed["message"]


# ---------------------------------------------------------------------- running and stopping
def test_start_and_stop(write, tmp_path):
    (tmp_path / "in.txt").write_text("one\ntwo\n")
    request = tmp_path / "paused.json"
    config = {"connector.class": "FileStreamSource", "topic": "x", "file": str(tmp_path / "in.txt")}
    request.write_text(json.dumps({"name": "paused", "config": config, "initial_state": "PAUSED"}))
    flat = tmp_path / "flat.json"
    flat.write_text(
        json.dumps({"name": "flat", "connector.class": "FileStreamSink", "topics": "x", "file": "/dev/null"})
    )
    files = [connector(tmp_path), request, flat]
    with running(write(unknwon_setting="1"), *files) as (process, log):
        assert "Kafka version: 4.3.1" in log.read_text()
        assert "The setting 'unknwon.setting' is not known" in log.read_text()
        assert set(rest(log, "/connectors")) == {"lines", "paused", "flat"}
        assert rest(log, "/connectors/paused/status")["connector"]["state"] == "PAUSED"
        assert rest(log, "/health")["status"] == "healthy"
        wait_for((tmp_path / "offsets").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert process.stdout.read() == b""
    assert "Stopping, on SIGTERM" in log.read_text()
    assert "[lines|worker] Created connector lines" in log.read_text()


def test_stopping_while_kafka_is_looked_for(write):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        file = write(bootstrap_servers=f"127.0.0.1:{silent.getsockname()[1]}")
        with running(file, until="Kafka version") as (process, _):
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0


def test_a_second_signal_stops_at_once(write, tmp_path):
    (tmp_path / "stubborn.py").write_text(
        "import time\nfrom barnabas import SourceConnector, SourceTask\n"
        "class T(SourceTask):\n    def poll(self):\n        time.sleep(3600)\n"
        "class Stubborn(SourceConnector):\n    TASK = T\n"
    )
    file = connector(tmp_path, "stubborn", connector_class="stubborn.Stubborn")
    worker = write(task_shutdown_graceful_timeout_ms=60_000, plugin_path=tmp_path)
    with running(worker, file) as (process, log):
        wait_for(lambda: [task["state"] for task in rest(log, "/connectors/stubborn/status")["tasks"]] == ["RUNNING"])
        (task,) = rest(log, "/barnabas/tasks")
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: "a second one stops at once" in log.read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 128 + signal.SIGTERM
        wait_for(lambda: not runs(task["pid"]), 1)


BAD = {
    "hangs": "def validate(self, props):\n        time.sleep(3600)",
    "exits": "def start(self, props):\n        os._exit(7)",
}


@pytest.mark.parametrize("how", BAD)
def test_a_connector_that_hangs_or_crashes_does_not_end_the_worker(write, tmp_path, how):
    (tmp_path / "bad_module.py").write_text(
        "import os, time\nfrom barnabas import SourceConnector, SourceTask\n"
        f"class Bad(SourceConnector):\n    TASK = SourceTask\n    {BAD[how]}\n"
    )
    files = [connector(tmp_path, "bad", connector_class="bad_module.Bad"), connector(tmp_path, "good")]
    worker = write(connector_call_timeout_ms=1500, plugin_path=tmp_path, task_restart_enabled="false")
    with running(worker, *files) as (process, log):
        assert "good" in rest(log, "/connectors")
        assert "[bad|worker]" in log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_lines_of_a_task_carry_its_name(write, tmp_path):
    (tmp_path / "talkative.py").write_text(
        "import logging, time\nfrom barnabas import SourceConnector, SourceTask\n"
        "class T(SourceTask):\n    def start(self, props):\n"
        "        logging.getLogger('mine').info('hello %s', 'password=x')\n"
        "    def poll(self):\n        time.sleep(0.1)\n"
        "class Talkative(SourceConnector):\n    TASK = T\n"
    )
    worker = write(plugin_path=tmp_path)
    with running(worker, connector(tmp_path, "talk", connector_class="talkative.Talkative")) as (_, log):
        wait_for(lambda: "[talk|task-0] hello password=[hidden] (mine)" in log.read_text())


def test_a_console_sink_writes_to_standard_output(write, tmp_path):
    (tmp_path / "in.txt").write_text("hello\n")
    source = connector(tmp_path, "source")
    sink = tmp_path / "console.properties"
    sink.write_text(f"name=console-{os.getpid()}\nconnector.class=FileStreamSink\ntopics={tmp_path.name}-source\n")
    with running(write(consumer_auto_offset_reset="earliest"), source, sink) as (process, _):
        assert process.stdout.readline() == b"hello\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
