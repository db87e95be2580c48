"""Logging: what a line looks like, whose name it carries, what it hides."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas import logs
from barnabas.errors import ConfigError, UsageError

log = logging.getLogger("barnabas.herder.standalone")


@pytest.fixture(autouse=True)
def plain_logging(monkeypatch):
    """Each test sets logging up itself; afterwards the root logger is as it was."""
    monkeypatch.delenv(logs.FORMAT_VARIABLE, raising=False)
    monkeypatch.delenv(logs.LEVEL_VARIABLE, raising=False)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logs._process_context = None
    logging.captureWarnings(capture=False)


def raised(error):
    """The error as it is caught: with a traceback."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def lines(capfd):
    return capfd.readouterr().err.splitlines()


def test_a_line_says_when_what_who_and_where(capfd):
    logs.configure()
    with logs.context("orders|task-0"):
        log.info("Started %d things.", 3)
    (line,) = lines(capfd)
    time, rest = line.split(" ", 1)
    assert rest == "INFO  [orders|task-0] Started 3 things. (herder.standalone)"
    assert time[10] == "T"
    assert time[19] == "."


def test_nothing_goes_to_standard_output(capfd):
    logs.configure()
    log.error("x")
    assert capfd.readouterr().out == ""


def test_context_is_per_thread_and_ends(capfd):
    logs.configure(context="worker")

    def unit(number: int) -> None:
        with logs.context(f"c|task-{number}"):
            barrier.wait()
            log.info("line of %d", number)
            barrier.wait()

    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(unit, range(2)))
    log.info("after")
    got = {line.split(" ", 2)[2].strip() for line in lines(capfd)}
    assert got == {
        "[c|task-0] line of 0 (herder.standalone)",
        "[c|task-1] line of 1 (herder.standalone)",
        "[worker] after (herder.standalone)",
    }


def test_threads_of_plugin_code_speak_for_the_only_unit():
    seen = []

    def unit() -> None:
        with logs.context("c|task-0"):
            helper = threading.Thread(target=lambda: seen.append(logs.current_context()))
            helper.start()
            helper.join()

    thread = threading.Thread(target=unit)
    thread.start()
    thread.join()
    assert seen == ["c|task-0"]
    assert logs.current_context() is None


def test_a_terminal_gets_colours_and_the_time_of_day(monkeypatch):
    record = logging.makeLogRecord({"name": "barnabas.cli", "levelno": 40, "levelname": "ERROR", "msg": "no"})
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3} \x1b\[31mERROR\x1b\[0m no \x1b\[2m\(cli\)\x1b\[0m",
        logs._Text(terminal=True).format(record),
    )
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert logs._formatter(json=False)._terminal
    monkeypatch.setenv("NO_COLOR", "1")
    assert not logs._formatter(json=False)._terminal


def test_json_lines(capfd):
    logs.configure(json=True)
    with logs.context("or|ders|task-12"):
        log.warning("ümläut\nand more")
    (line,) = lines(capfd)
    parsed = json.loads(line)
    assert parsed["message"] == "ümläut\nand more"
    assert parsed["level"] == "WARN"
    assert (parsed["connector"], parsed["task"]) == ("or|ders", 12)
    assert parsed["process"] == os.getpid()
    assert parsed["time"].endswith("Z")


def test_json_by_environment(capfd, monkeypatch):
    monkeypatch.setenv(logs.FORMAT_VARIABLE, "json")
    logs.configure()
    with logs.context("orders|worker"):
        log.error("x", exc_info=ConfigError("Bad.", key="file", remedy="Fix it.", code="BRN-1999"))
    parsed = json.loads(lines(capfd)[0])
    assert parsed["code"] == "BRN-1999"
    assert parsed["key"] == "file"
    assert parsed["connector"] == "orders"
    assert "trace" not in parsed


def test_our_errors_are_one_line(capfd):
    logs.configure()
    error = ConfigError("No such folder.", key="file", remedy="Create it.", code="BRN-1999")
    log.error("The task failed.", exc_info=error)
    (line,) = lines(capfd)
    assert "The task failed: file: No such folder. Create it. (BRN-1999)" in line


def test_our_errors_are_not_said_twice(capfd):
    logs.configure()
    log.error("Task failed: No such folder. (BRN-1999)", exc_info=ConfigError("No such folder.", remedy="Create it."))
    (line,) = lines(capfd)
    assert line.count("No such folder.") == 1
    assert "Create it." in line


def test_our_errors_have_a_trace_when_debugging(capfd):
    logs.configure("debug")
    log.error("x", exc_info=raised(ConfigError("Bad.")))
    assert "Traceback" in capfd.readouterr().err


def test_other_errors_have_a_trace(capfd):
    logs.configure()
    log.error("Poll failed.", exc_info=raised(KeyError("missing")))
    text = capfd.readouterr().err
    assert text.count("Poll failed.") == 1
    assert "Traceback" in text
    assert text.rstrip().endswith("KeyError: 'missing'")


def test_secrets_are_hidden_in_messages_and_traces(capfd):
    logs.configure()
    log.error("connecting with sasl.password=swordfish", exc_info=raised(ValueError("ssl.key.password=hunter2")))
    text = capfd.readouterr().err
    assert "hunter2" not in text
    assert "swordfish" not in text


def test_a_broken_log_call_does_not_raise(capfd, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logs.configure()
    log.info("%d", "x")
    log.info("still here")
    assert "still here" in capfd.readouterr().err


def test_libraries_are_quiet(capfd):
    logs.configure()
    logging.getLogger("kafka.conn").info("chatter")
    logging.getLogger("uvicorn.error").info("chatter")
    logging.getLogger("my_connector").info("heard")
    assert [line.split(" ", 2)[2].strip() for line in lines(capfd)] == ["heard (my_connector)"]


def test_trace_lets_libraries_speak(capfd):
    logs.configure("TRACE")
    logging.getLogger("kafka.conn").debug("chatter")
    assert "chatter" in capfd.readouterr().err


def test_warnings_are_captured(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.configure()
        warnings.warn("old thing", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "old thing" in lines(capfd)[0]


def test_configuring_again_replaces(capfd):
    logs.configure()
    logs.configure("ERROR")
    log.warning("no")
    log.error("once")
    assert len(lines(capfd)) == 1


@pytest.mark.parametrize("arguments", [{"level": "LOUD"}, {}])
def test_unknown_names(arguments, monkeypatch):
    if not arguments:
        monkeypatch.setenv(logs.FORMAT_VARIABLE, "xml")
    with pytest.raises(UsageError) as caught:
        logs.configure(**arguments)
    assert caught.value.remedy


def test_lines_of_several_processes_do_not_mix(tmp_path):
    """Each line is one write: forked writers on one pipe leave only whole lines."""
    reader, writer = os.pipe()
    children = []
    for name in "ab":
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                os.dup2(writer, 2)
                logs.configure()
                for _ in range(200):
                    log.info(name * 500)
            os._exit(0)
        children.append(pid)
    os.close(writer)
    with os.fdopen(reader) as stream:
        got = stream.read().splitlines()
    for pid in children:
        os.waitpid(pid, 0)
    assert len(got) == 400
    assert all(f"INFO  {'a' * 500} (" in line or f"INFO  {'b' * 500} (" in line for line in got)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssl.key.password=abc def", "ssl.key.password=[hidden] def"),
        ('{"sasl.password": "a\\"b", "x": 1}', '{"sasl.password": [hidden], "x": 1}'),
        ("{'aws.secret.access.key': 'k'}", "{'aws.secret.access.key': [hidden]}"),
        ("url=postgres://joe:pw@db:5432/x", "url=postgres://joe:[hidden]@db:5432/x"),
        ("see https://token@example.com/x", "see https://[hidden]@example.com/x"),
        (
            'sasl.jaas.config=org.apache.PlainLoginModule required username="u" password="p";',
            "sasl.jaas.config=[hidden]",
        ),
        ('{"sasl.jaas.config": "x required password=\\"p\\";", "b": "c"}', '{"sasl.jaas.config": [hidden], "b": "c"}'),
        ('required username="u" password="p w";', 'required username="u" password=[hidden];'),
        ("ssl.key.password: Missing.", "ssl.key.password: Missing."),
        ("sasl.jaas.config: Missing.", "sasl.jaas.config: Missing."),
        ("a plain line, mail me@example.com", "a plain line, mail me@example.com"),
        ("http://host/a@b", "http://host/a@b"),
    ],
)
def test_redact(text, expected):
    assert logs.redact(text) == expected


@given(st.text(alphabet="abcxyz0123456789", min_size=4), st.sampled_from(["password", "x.secret.y", "api-key"]))
def test_no_assigned_secret_survives(secret, key):
    marked = f"<{secret}>"
    assert marked not in logs.redact(f"before {key}={marked} after")
    assert marked not in logs.redact(json.dumps({key: marked}))


@given(st.text())
def test_redact_takes_anything_and_is_stable(text):
    once = logs.redact(text)
    assert logs.redact(once).replace("[hidden]", "") == once.replace("[hidden]", "")


def test_redact_is_linear():
    sizes = []
    for length in (20_000, 40_000):
        text = "a" * length + "="
        start = os.times().user
        logs.redact(text)
        sizes.append(os.times().user - start)
    assert all(later < 1 for _, later in pairwise(sizes))
