from __future__ import annotations

import logging

import pytest

from barnabas import log_levels
from barnabas.log_levels import LevelChange, LogLevels


@pytest.fixture(autouse=True)
def levels_as_before():
    root = logging.getLogger()
    known = {logger: logger.level for logger in root.manager.loggerDict.values() if isinstance(logger, logging.Logger)}
    level, names = root.level, set(root.manager.loggerDict)
    yield
    root.setLevel(level)
    for logger, before in known.items():
        logger.setLevel(before)
    for name in set(root.manager.loggerDict) - names:
        del root.manager.loggerDict[name]


async def put(client, name, level, scope=""):
    return await client("PUT", f"/admin/loggers/{name}{scope}", {"level": level})


async def test_loggers_are_listed(client):
    answer = await client("GET", "/admin/loggers")
    assert answer.body["root"] == {"level": "WARN", "last_modified": None}
    assert answer.body["barnabas.herder.lane" if "barnabas.herder.lane" in answer.body else "barnabas.rest.answers"]
    assert list(answer.body) == sorted(answer.body)


async def test_a_logger_and_all_below_it(client):
    assert (await client("GET", "/admin/loggers/no.such")).body["message"] == "Logger no.such not found."
    assert (await put(client, "no.such.one", "debug")).body == ["no.such.one"]
    first = (await client("GET", "/admin/loggers/no.such.one")).body
    assert first["level"] == "DEBUG"
    assert first["last_modified"] > 1_700_000_000_000
    assert (await put(client, "no.such", "ERROR")).body == ["no.such", "no.such.one"]
    changed = (await client("GET", "/admin/loggers/no.such")).body
    assert (await put(client, "no.such", "ERROR")).body == []
    assert (await client("GET", "/admin/loggers/no.such")).body == changed
    assert not logging.getLogger("no.such.one").isEnabledFor(logging.WARNING)
    logging.getLogger("no.such.later")
    assert (await client("GET", "/admin/loggers/no.such.later")).body == {"level": "ERROR", "last_modified": None}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"level": "LOUD"}, 404, "invalid log level 'LOUD'."),
        ({"level": None}, 400, "Desired 'level' parameter was not specified in request."),
        ({"lvl": "INFO"}, 400, "Desired 'level' parameter was not specified in request."),
        ({}, 400, "Desired 'level' parameter was not specified in request."),
    ],
)
async def test_what_is_no_level(client, body, status, message):
    answer = await client("PUT", "/admin/loggers/x", body)
    assert (answer.status, answer.body["message"]) == (status, message)


async def test_scopes(client, supervisor):
    answer = await put(client, "no.such", "DEBUG", "?scope=cluster")
    assert (answer.status, answer.body) == (204, None)
    assert (await put(client, "no.such", "INFO", "?scope=galaxy")).body == ["no.such"]
    assert [call for call in supervisor.calls if call[0] == "set_level"] == [
        ("set_level", ("no.such",), "DEBUG"),
        ("set_level", ("no.such",), "INFO"),
    ]


async def test_names_of_kafka_connect_stand_for_ours(client):
    before = (await client("GET", "/admin/loggers/org.apache.kafka.connect.runtime.rest.RestServer")).body
    assert before["level"] in log_levels.LEVEL_NUMBERS
    changed = (await put(client, "org.apache.kafka.connect.runtime.rest", "TRACE")).body
    assert {"barnabas.rest", "barnabas.rest.answers", "org.apache.kafka.connect.runtime.rest"} <= set(changed)
    assert not any(name.startswith("barnabas.herder") for name in changed)
    assert (await client("GET", "/admin/loggers/barnabas.rest.answers")).body["level"] == "TRACE"


def test_the_root_is_everybody():
    levels = LogLevels()
    levels.set("some.thing", "DEBUG")
    assert "some.thing" in levels.set("ROOT", "ERROR")
    assert logging.getLogger("some.thing").level == logging.ERROR
    assert levels.get("root").level == "ERROR"


def test_other_processes_are_told():
    told = []
    levels = LogLevels(told.append, clock=lambda: 5.0)
    levels.set("x", "error")
    assert told == [LevelChange(["x"], "ERROR")]
    assert levels.get("x").last_modified == 5000
