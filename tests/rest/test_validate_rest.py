"""Questions about plugins: names, versions, and what a validation request may look like."""

from __future__ import annotations

import pytest

from barnabas.errors import ConfigError, ConnectError
from barnabas.supervisor.api import RemoteError, describe

CLASS = "org.apache.kafka.connect.file.FileStreamSourceConnector"
BAD_REQUEST = "org.apache.kafka.connect.runtime.rest.errors.BadRequestException"
VALIDATE = "/connector-plugins/{}/config/validate"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Source", 200),
        ("FileStreamSource", 200),
        ("FileStreamSourceConnector", 200),
        (CLASS, 200),
        ("eSource", 400),
        ("Connector", 400),
    ],
)
async def test_the_path_has_to_be_the_end_of_the_class(client, path, status):
    answer = await client("PUT", VALIDATE.format(path), {"connector.class": CLASS, "topic": "t", "name": "c"})
    assert answer.status == status
    if status == 400:
        assert answer.body["message"] == f"Included connector type {CLASS} does not match request type {path}"


@pytest.mark.parametrize("query", ["", "=", "=true", "=TRUE"])
async def test_connectors_only_unless_said_otherwise(client, query):
    answer = await client("GET", f"/connector-plugins?connectorsOnly{query}")
    assert {entry["type"] for entry in answer.body} <= {"source", "sink"}


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("", 200, None),
        ("?version=latest", 200, None),
        ("?version=%5B0,)", 200, None),
        ("?version=9.9.9", 400, "not found that matches the version range [9.9.9,9.9.9], available versions: ["),
        ("?version=", 400, "not found that matches the version range [,], available versions: ["),
        ("?version=(1,2", 400, "Invalid version specification: (1,2"),
    ],
)
async def test_versions_of_a_plugin(client, query, status, message):
    answer = await client("GET", f"/connector-plugins/{CLASS}/config{query}")
    assert answer.status == status
    assert message is None or message in answer.body["message"]


@pytest.mark.parametrize(
    "name",
    [
        *("All", "Principal", "AllConnectorClientConfigOverridePolicy", "File", "EnvVar", "FileConfigProvider"),
        "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
        "org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy",
    ],
)
async def test_plugins_without_a_definition(client, name):
    answer = await client("GET", f"/connector-plugins/{name}/config")
    kinds = "sink, source, converter, header_converter, transformation, predicate"
    assert answer.body == {"error_code": 400, "message": f"Invalid plugin class {name}. Valid types are {kinds}."}


def failing(error):
    async def validate(plugin, props):
        del plugin, props
        raise RemoteError(describe(error))

    return validate


async def test_what_cannot_be_validated(client, supervisor, monkeypatch):
    config = {"connector.class": CLASS, "topic": "t", "name": "c"}
    text = "Invalid value x for configuration linger.ms: Not a number of type LONG"
    monkeypatch.setattr(supervisor, "validate", failing(ConfigError(text, remedy="Write a number.")))
    answer = await client("PUT", VALIDATE.format("Source"), config)
    message = f"org.apache.kafka.common.config.ConfigException: {text}"
    assert answer.body == {"error_code": 500, "message": message}
    answer = await client("PUT", "/connectors/c/config", config)
    assert answer.body == {"error_code": 500, "message": text}


async def test_a_malformed_version(client, supervisor, monkeypatch):
    config = {"connector.class": CLASS, "topic": "t", "name": "c"}
    monkeypatch.setattr(supervisor, "validate", failing(ConfigError("Unbounded range: (1", code="BRN-1070")))
    answer = await client("PUT", VALIDATE.format("Source"), config)
    assert answer.body == {"error_code": 500, "message": f"{BAD_REQUEST}: Unbounded range: (1"}
    answer = await client("PUT", "/connectors/c/config", config)
    assert answer.body == {"error_code": 400, "message": "Unbounded range: (1"}


async def test_other_failures_keep_their_remedy(client, supervisor, monkeypatch):
    error = ConnectError("X.config() must return a ConfigDef that is not null.", code="BRN-4012", remedy="Return one.")
    monkeypatch.setattr(supervisor, "validate", failing(error))
    answer = await client("PUT", VALIDATE.format("Source"), {"connector.class": CLASS})
    assert answer.status == 500
    assert answer.body["message"].endswith("not null. Return one.")
