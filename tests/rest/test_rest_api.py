from __future__ import annotations

import asyncio
import time

import pytest

from herder.herder_fakes import source, task

CLASS = "org.apache.kafka.connect.file.FileStreamSourceConnector"


async def settled(client, name, states):
    deadline = time.monotonic() + 3
    while True:
        body = (await client("GET", f"/connectors/{name}/status")).body
        seen = (body.get("connector", {}).get("state"), [entry["state"] for entry in body.get("tasks", [])])
        if seen == states:
            return
        assert time.monotonic() < deadline, body
        await asyncio.sleep(0.01)


async def test_root_and_health(client, herder):
    answer = await client("GET", "/")
    assert answer.body == {"version": "4.3.1", "commit": "unknown", "kafka_cluster_id": "kafka"}
    assert answer.headers["content-type"] == "application/json"
    assert "server" not in answer.headers
    answer = await client("GET", "/health")
    assert (answer.status, answer.body["status"]) == (200, "healthy")
    herder._is_ready = False
    answer = await client("GET", "/health")
    assert (answer.status, answer.body["status"]) == (503, "starting")
    assert answer.body["message"].startswith("Worker is still starting up. The worker is currently starting")


async def test_create_and_read(client):
    answer = await client("POST", "/connectors", {"name": " c ", "config": {"connector.class": CLASS, "topic": 5}})
    assert answer.status == 201
    assert answer.headers["location"] == f"{client.base}/connectors/c"
    config = {"connector.class": CLASS, "topic": "5", "name": "c"}
    info = {"name": "c", "config": config, "tasks": [{"connector": "c", "task": 0}], "type": "source"}
    assert answer.body == info
    await settled(client, "c", ("RUNNING", ["RUNNING"]))
    state = {"state": "RUNNING", "worker_id": "w:1", "version": "1.0"}
    status = {"name": "c", "connector": state, "tasks": [{"id": 0, **state}], "type": "source"}
    assert (await client("GET", "/connectors")).body == ["c"]
    assert (await client("GET", "/connectors/")).body == ["c"]
    assert (await client("GET", "/connectors/c")).body == info
    assert (await client("GET", "/connectors/c/config")).body == config
    assert (await client("GET", "/connectors/c/status")).body == status
    assert (await client("GET", "/connectors/c/tasks/0/status")).body == {"id": 0, **state}
    (only,) = (await client("GET", "/connectors/c/tasks")).body
    assert only["id"] == {"connector": "c", "task": 0}
    assert only["config"]["task.class"].endswith("FileStreamSourceTask")
    expanded = (await client("GET", "/connectors?expand=status&expand=info&expand=x")).body
    assert expanded == {"c": {"status": status, "info": info}}
    assert (await client("GET", "/connectors?expand=status,info")).body == {"c": {}}
    (stats,) = (await client("GET", "/barnabas/tasks")).body
    assert stats["id"] == "c-0"


async def test_changes(client, supervisor):
    assert (await client("PUT", "/connectors/c/config", source())).status == 201
    answer = await client("PUT", "/connectors/c/config", source(tasks_max=2))
    assert (answer.status, len(answer.body["tasks"])) == (200, 2)
    assert "location" not in answer.headers
    answer = await client("PATCH", "/connectors/c/config", {"tasks.max": 1, "name": "other"})
    assert (answer.status, answer.body["name"], answer.body["config"]["name"]) == (200, "c", "other")
    for method, path, status, states in [
        ("PUT", "pause", 202, ("PAUSED", ["PAUSED"])),
        ("PUT", "resume", 202, ("RUNNING", ["RUNNING"])),
        ("PUT", "stop", 204, ("STOPPED", [])),
        ("PUT", "resume", 202, ("RUNNING", ["RUNNING"])),
        ("POST", "restart", 204, ("RUNNING", ["RUNNING"])),
        ("POST", "restart?includeTasks=maybe&onlyFailed=", 204, ("RUNNING", ["RUNNING"])),
        ("POST", "tasks/0/restart", 204, ("RUNNING", ["RUNNING"])),
    ]:
        answer = await client(method, f"/connectors/c/{path}")
        assert (answer.status, answer.body) == (status, None), path
        await settled(client, "c", states)
    answer = await client("POST", "/connectors/c/restart?includeTasks=TRUE")
    assert (answer.status, answer.body["connector"]["state"]) == (202, "RESTARTING")
    await settled(client, "c", ("RUNNING", ["RUNNING"]))
    supervisor.fail(task(0))
    answer = await client("GET", "/connectors/c/tasks/0/status")
    assert answer.body["trace"].startswith("org.apache.kafka.connect.errors.ConnectException: boom")
    answer = await client("DELETE", "/connectors/c")
    assert (answer.status, answer.body) == (204, None)
    assert (await client("GET", "/connectors")).body == []


@pytest.mark.parametrize(
    "name", ["a b", "ümläut-日", "a+b", "a?b#c", "a;b", "..", "a/b/c", "100%", "a\\b", "%2F", "a&b=c", "."]
)
async def test_any_name_works_in_paths(client, name):
    from urllib.parse import quote  # noqa: PLC0415

    answer = await client("POST", "/connectors", {"name": name, "config": source(name)})
    assert answer.status == 201
    path = "/connectors/" + (quote(name, safe="") if name != "." else "%2E")
    assert (await client("GET", path)).body["name"] == name
    assert (await client("GET", path + "/status")).body["name"] == name
    assert (await client("PUT", path + "/config", source(name, extra=1))).status == 200
    assert (await client("DELETE", path)).status == 204


@pytest.mark.parametrize(
    ("name", "location"),
    [("a b", "a%20b"), ("a+b", "a+b"), ("a?b#c", "a%3Fb%23c"), ("ü", "%C3%BC"), ("100%", "100%25"), ("a\\b", "a%5Cb")],
)
async def test_locations_are_escaped(client, name, location):
    answer = await client("POST", "/connectors", {"name": name, "config": source(name)})
    assert answer.headers["location"] == f"{client.base}/connectors/{location}"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/nope", None, 404, "HTTP 404 Not Found"),
        ("GET", "/connectors/x/y/z", None, 404, "HTTP 404 Not Found"),
        ("GET", "/connectors/c/tasks-config", None, 404, "HTTP 404 Not Found"),
        ("GET", "/connectors/c/tasks/abc/status", None, 404, "HTTP 404 Not Found"),
        ("GET", "/connectors/c/tasks/-1/status", None, 404, "No status found for task c--1"),
        ("POST", "/", None, 405, "HTTP 405 Method Not Allowed"),
        ("DELETE", "/connectors", None, 405, "HTTP 405 Method Not Allowed"),
        ("GET", "/connectors/c/restart", None, 405, "HTTP 405 Method Not Allowed"),
        ("GET", "/connectors/z", None, 404, "Connector z not found"),
        ("GET", "/connectors/z/status", None, 404, "No status found for connector z"),
        ("PUT", "/connectors/z/pause", None, 404, "Unknown connector z"),
        ("POST", "/connectors/z/restart", None, 404, "Unknown connector: z"),
        ("GET", "/connector-plugins/Nope/config", None, 404, "Unknown plugin Nope."),
        ("POST", "/connectors", {"name": "c", "config": source()}, 409, "Connector c already exists"),
        (
            "POST",
            "/connectors",
            {"name": "d", "config": {}},
            400,
            "Connector config {name=d} contains no connector type",
        ),
        (
            "PUT",
            "/connectors/c/config",
            source("d"),
            400,
            "Connector name configuration (d) doesn't match connector name in the URL (c)",
        ),
        (
            "PUT",
            "/connectors/c/config",
            {"connector.class": CLASS},
            400,
            (
                "Connector configuration is invalid and contains the following 1 error(s):\n"
                'Missing required configuration "topic" which has no default value.\nYou can also find the above list '
                "of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`"
            ),
        ),
        (
            "PUT",
            "/connector-plugins/FileStreamSource/config/validate",
            {"connector.class": "FileStreamSink"},
            400,
            "Included connector type FileStreamSink does not match request type FileStreamSource",
        ),
        (
            "PUT",
            "/connector-plugins/FileStreamSource/config/validate",
            {"name": "v"},
            500,
            (
                "org.apache.kafka.connect.runtime.rest.errors.BadRequestException: "
                "Connector config {name=v} contains no connector type"
            ),
        ),
        ("POST", "/connectors", {"name": "d"}, 500, None),
        ("POST", "/connectors", [], 500, None),
        ("POST", "/connectors", {"name": "d", "config": source("d"), "bogus": 1}, 500, None),
        ("PUT", "/connectors/c/config", {"a": {"b": 1}}, 500, None),
        ("POST", "/connectors", {"name": "e", "config": source("e", fake_start="no file")}, 500, None),
    ],
)
async def test_errors_have_one_shape(client, method, path, body, status, message):
    await client("PUT", "/connectors/c/config", source())
    answer = await client(method, path, body)
    assert answer.status == status
    assert answer.body.keys() == {"error_code", "message"}
    assert answer.body["error_code"] == status
    assert answer.body["message"]
    if message is not None:
        assert answer.body["message"] == message


@pytest.mark.parametrize("raw", [b"", b"null", b"{", b"name=x", b'"x"', b"\xff\xfe"])
@pytest.mark.parametrize("path", ["/connectors/c/config", "/connector-plugins/FileStreamSource/config/validate"])
async def test_bodies_that_are_no_map_are_500(client, raw, path):
    answer = await client("PUT", path, raw=raw)
    assert (answer.status, answer.body["error_code"]) == (500, 500)


async def test_media_types(client):
    assert (await client("POST", "/connectors", raw=b"a", headers={"Content-Type": "text/plain"})).status == 415
    assert (
        await client("POST", "/connectors", {}, headers={"Content-Type": "application/json; charset=utf-8"})
    ).status == 500
    assert (await client("GET", "/connectors", headers={"Accept": "application/xml"})).status == 406
    for accept in ("*/*", "application/json", "text/html,application/json;q=0.5"):
        assert (await client("GET", "/connectors", headers={"Accept": accept})).status == 200


async def test_head_and_options(client):
    answer = await client("HEAD", "/connectors")
    assert (answer.status, answer.body) == (200, None)
    answer = await client("OPTIONS", "/connectors")
    assert (answer.status, set(answer.headers["allow"].split(","))) == (200, {"HEAD", "POST", "GET", "OPTIONS"})


async def test_initial_state(client):
    body = {"name": "c", "config": source(), "initial_state": "paused"}
    assert (await client("POST", "/connectors", body)).status == 201
    await settled(client, "c", ("PAUSED", []))


async def test_plugins(client):
    listed = (await client("GET", "/connector-plugins")).body
    assert {"class": CLASS, "type": "source", "version": "1.0"} in listed
    assert len(listed) == 2
    assert len((await client("GET", "/connector-plugins?connectorsOnly=false")).body) == 3
    assert (await client("GET", "/connector-plugins/FileStreamSource/config")).body[0]["of"] == CLASS
    answer = await client("PUT", "/connector-plugins/Source/config/validate", {"connector.class": CLASS, "topic": "t"})
    assert (answer.status, answer.body["error_count"]) == (200, 1)


async def test_topics(client, herder):
    await client("PUT", "/connectors/c/config", source())
    herder.topic_used("c", "t")
    assert (await client("GET", "/connectors/c/topics")).body == {"c": {"topics": ["t"]}}
    assert (await client("PUT", "/connectors/c/topics/reset")).status == 202
    assert (await client("GET", "/connectors/c/topics")).body == {"c": {"topics": []}}
    assert (await client("GET", "/connectors/z/topics")).body == {"z": {"topics": []}}


@pytest.mark.parametrize(
    ("more_props", "get", "reset"),
    [
        ({"topic.tracking.enable": "false"}, "Topic tracking is disabled.", "Topic tracking is disabled."),
        ({"topic.tracking.allow.reset": "false"}, None, "Topic tracking reset is disabled."),
    ],
)
async def test_topics_switched_off(client, get, reset):
    answer = await client("GET", "/connectors/c/topics")
    assert answer.body.get("message") == get
    answer = await client("PUT", "/connectors/c/topics/reset")
    assert (answer.status, answer.body["message"]) == (403, reset)


async def test_hung_plugins_do_not_slow_anybody_else(client):
    """Create, read, change and delete while other connectors' validation, start and stop do not return."""
    await client("PUT", "/connectors/stopping/config", source("stopping", fake_stop="hang"))
    hung = [
        asyncio.create_task(client("PUT", "/connectors/v/config", source("v", fake_validate="slow:2"))),
        asyncio.create_task(client("PUT", "/connectors/s/config", source("s", fake_start="hang"))),
        asyncio.create_task(client("DELETE", "/connectors/stopping")),
    ]
    await asyncio.sleep(0.1)
    slowest = 0.0
    for method, path, body in [
        ("GET", "/connectors?expand=status&expand=info", None),
        ("PUT", "/connectors/c/config", source()),
        ("GET", "/connectors/s", None),
        ("PUT", "/connectors/c/pause", None),
        ("PUT", "/connectors/c/stop", None),
        ("GET", "/barnabas/tasks", None),
        ("DELETE", "/connectors/c", None),
        ("DELETE", "/connectors/s", None),
    ]:
        began = time.monotonic()
        answer = await client(method, path, body)
        slowest = max(slowest, time.monotonic() - began)
        assert answer.status < 400 or path.startswith("/connectors?"), (path, answer.body)
    assert slowest < 0.9
    for task_ in hung:
        task_.cancel()


async def test_too_large_bodies_are_refused(client, monkeypatch):
    monkeypatch.setattr("barnabas.rest.resource._MAX_BODY", 100)
    assert (await client("POST", "/connectors", raw=b" " * 200)).status == 413


async def test_requests_end_after_the_time_limit(client, monkeypatch):
    monkeypatch.setattr("barnabas.rest.resource.REQUEST_TIMEOUT", 0.1)
    answer = await client("PUT", "/connectors/v/config", source("v", fake_validate="slow:4"))
    assert answer.status == 500
    assert answer.body["message"].startswith("Request timed out")
