from __future__ import annotations

import base64
import contextlib
import socket

import pytest
import rest_extension_samples as samples
from rest_client import Client

from barnabas.errors import ConfigError
from barnabas.herder.worker_config import WorkerConfig
from barnabas.rest import open_rest
from barnabas.rest.basic_auth import BasicAuthExtension
from herder.herder_fakes import worker_props

BASIC = "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension"
GREETER = "rest_extension_samples:Greeter"


@contextlib.asynccontextmanager
async def site(herder, tmp_path, classes, **props):
    more = {key.replace("_", "."): value for key, value in props.items()}
    config = WorkerConfig.standalone(worker_props(tmp_path, **{"rest.extension.classes": classes}, **more))
    sock = socket.create_server(("127.0.0.1", 0))
    try:
        async with open_rest(herder, config, [sock]):
            yield Client(sock.getsockname()[1])
    finally:
        sock.close()


def credentials(text):
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


@pytest.fixture
def users(tmp_path):
    file = tmp_path / "users"
    file.write_text("ann=secret\nb\\ o=p:w\n")
    return str(file)


async def test_an_extension_adds_routes_and_asks_about_the_cluster(herder, tmp_path):
    samples.CLOSED.clear()
    async with site(herder, tmp_path, GREETER, greeter_word="hi") as client:
        herder.ready()
        await client("PUT", "/connectors/c/config", {"connector.class": "FileStreamSource", "topic": "t"})
        answer = await client("GET", "/greet/me")
        assert answer.body["hi"] == ["c"]
        assert answer.body["cluster"] == "kafka"
        assert answer.body["path"] == "me"
        assert answer.body["configs"] == [{"connector.class": "FileStreamSource", "topic": "t", "name": "c"}]
        assert answer.body["states"] == [["RUNNING", [0]]]
        assert (await client("GET", "/connectors/a%2Fb")).body["message"] == "Connector a/b not found"
        assert (await client("GET", "/nowhere")).body == {"error_code": 404, "message": "HTTP 404 Not Found"}
    assert samples.CLOSED == ["hi"]


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        ("rest_extension_samples:Broken", "RuntimeError: no"),
        ("rest_extension_samples:Other", "is no barnabas"),
        ("no_such_module:Class", "no_such_module"),
        (BASIC, "no file of users is named"),
    ],
)
async def test_without_its_extensions_rest_is_not_served(herder, tmp_path, classes, reason, monkeypatch):
    monkeypatch.delenv("KAFKA_OPTS", raising=False)
    with pytest.raises(ConfigError, match=reason):
        async with site(herder, tmp_path, classes):
            pass


async def test_basic_authentication(herder, tmp_path, users):
    async with site(herder, tmp_path, BASIC, rest_basic_auth_file=users) as client:
        for headers in ({}, credentials("ann:wrong"), credentials("eve:secret"), credentials("ann"), *others()):
            answer = await client("GET", "/", headers=headers)
            assert answer.status == 401, headers
            assert answer.body == {"error_code": 401, "message": "User cannot access the resource."}
            assert answer.headers["www-authenticate"].startswith("Basic")
        for right in ("ann:secret", "b o:p:w"):
            assert (await client("GET", "/", headers=credentials(right))).status == 200


def others():
    return ({"Authorization": "Bearer x"}, {"Authorization": "Basic !!"}, {"Authorization": "Basic"})


async def test_requests_between_workers_pass(herder, tmp_path, users):
    async with site(herder, tmp_path, BASIC, rest_basic_auth_file=users) as client:
        assert (await client("PUT", "/connectors/c/fence")).status != 401
        assert (await client("POST", "/connectors/c/tasks", [])).status != 401
        assert (await client("GET", "/connectors/c/tasks")).status == 401
        assert (await client("POST", "/connectors/c/d/tasks", [])).status == 401


async def test_no_users_is_no_protection(herder, tmp_path, caplog):
    (tmp_path / "none").write_text("# nobody\n")
    async with site(herder, tmp_path, BASIC, rest_basic_auth_file=str(tmp_path / "none")) as client:
        assert (await client("GET", "/")).status == 200
    assert "everybody is let in" in caplog.text


def jaas(tmp_path, text):
    file = tmp_path / "jaas.conf"
    file.write_text(text)
    return f"-Xmx1g -Djava.security.auth.login.config={file}"


def test_users_are_found_where_the_jvm_finds_them(tmp_path, users, monkeypatch):
    module = "org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule"
    entry = f'Other {{ x required; }};\nKafkaConnect {{\n  {module} required\n  file="{users}";\n}};'
    monkeypatch.setenv("KAFKA_OPTS", jaas(tmp_path, entry))
    BasicAuthExtension().configure({})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Other { x required; };",
        "KafkaConnect { x required; };",
        'KafkaConnect { a.LdapModule required file="x"; };',
    ],
)
def test_a_jaas_file_of_another_kind(tmp_path, monkeypatch, text):
    monkeypatch.setenv("KAFKA_OPTS", jaas(tmp_path, text))
    with pytest.raises(ConfigError, match="Basic authentication"):
        BasicAuthExtension().configure({})


def test_files_that_are_not_there(monkeypatch):
    monkeypatch.setenv("KAFKA_OPTS", "-Djava.security.auth.login.config=/nowhere")
    for props in ({}, {"rest.basic.auth.file": "/nowhere"}):
        with pytest.raises(ConfigError, match="nowhere"):
            BasicAuthExtension().configure(props)
