"""``barnabas broker`` and ``barnabas dev`` as processes."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "barnabas", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_broker_says_where_it_is_and_stops(tmp_path):
    with start("broker", "--data", tmp_path / "data", "--port", "0") as process:
        line = process.stdout.readline()
        port = int(re.search(r"127\.0\.0\.1:(\d+)", line)[1])
        assert "production use Apache Kafka" in line
        assert accepts(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], ["--host", "no authentication", "BRN-7001"]),
        (["--port", "{taken}"], ["--port", "is in use", "BRN-7004"]),
        (["--data", "/proc/no/such"], ["--data", "cannot write", "BRN-7002"]),
    ],
)
def test_a_broker_that_cannot_start(tmp_path, arguments, says):
    with socket.create_server(("127.0.0.1", 0)) as other:
        filled = [argument.format(taken=other.getsockname()[1]) for argument in arguments]
        with start("broker", "--data", tmp_path, *filled) as process:
            text = process.communicate(timeout=30)[1]
    assert process.returncode == 3
    last = text.splitlines()[-1]
    assert last.startswith("barnabas: ")
    assert [part for part in says if part not in last] == []
    assert "Traceback" not in text


def test_dev_runs_both_and_leaves_nothing(tmp_path):
    (tmp_path / "in.txt").write_text("one\ntwo\n")
    for name, text in {
        "source": "name=s\nconnector.class=FileStreamSource\nfile=in.txt\ntopic=t\n",
        "sink": "name=k\nconnector.class=FileStreamSink\nfile=out.txt\ntopics=t\nvalue.converter=String\n",
    }.items():
        (tmp_path / f"{name}.properties").write_text(text)
    arguments = ["dev", "--port", "0", "--rest-port", "0", "source.properties", "sink.properties"]
    with start(*arguments, cwd=tmp_path) as process:
        told = []
        while not any("Ctrl-C stops both" in line for line in told):
            told.append(process.stderr.readline())
            assert told[-1], "".join(told)
        port = int(re.search(r"Kafka +127\.0\.0\.1:(\d+)", "".join(told))[1])
        url = re.search(r"REST +(http://\S+)", "".join(told))[1]
        with urllib.request.urlopen(f"{url}/connectors", timeout=5) as answer:
            assert sorted(json.load(answer)) == ["k", "s"]
        deadline = time.monotonic() + 20
        while not (tmp_path / "out.txt").exists() or (tmp_path / "out.txt").read_text() != '"one"\n"two"\n':
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert not accepts(port)
    assert (tmp_path / "barnabas-data" / "connect.offsets").exists()


def test_no_broker_outlives_dev(tmp_path):
    with start("dev", "--port", "0", "--rest-port", "0", cwd=tmp_path) as process:
        told = ""
        while "Ctrl-C stops both" not in told:
            told += process.stderr.readline()
        port = int(re.search(r"Kafka +127\.0\.0\.1:(\d+)", told)[1])
        process.kill()
        process.wait()
        deadline = time.monotonic() + 10
        while accepts(port):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_dev_with_a_taken_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = start("dev", "--port", str(other.getsockname()[1]), cwd=tmp_path)
        text = process.communicate(timeout=30)[1]
    assert process.returncode == 3
    assert "BRN-7004" in text
    assert "The development broker did not start (exit code 3)" in text.splitlines()[-1]
