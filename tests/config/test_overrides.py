"""Override policies: which client settings a connector may set."""

from __future__ import annotations

import pytest

from barnabas.errors import ConfigError
from barnabas.herder.worker_config import WorkerConfig
from barnabas.overrides import (
    ALLOW_ALL,
    check_overrides,
    clients_in_use,
    exactly_once_enabled,
    policy_of,
    worker_group,
)

POLICY, ALLOWLIST = (f"connector.client.config.override.{name}" for name in ("policy", "allowlist"))
JAVA = "org.apache.kafka.connect.connector.policy."


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("All", ["acks", "sasl.mechanism", "anything"], []),
        ("None", [], ["acks", "sasl.mechanism"]),
        ("none", [], ["acks"]),
        ("Principal", ["sasl.jaas.config", "sasl.mechanism", "security.protocol"], ["acks", "client.id"]),
        (f"{JAVA}PrincipalConnectorClientConfigOverridePolicy", ["sasl.mechanism"], ["acks"]),
        ("NoneConnectorClientConfigOverridePolicy", [], ["acks"]),
        (" Allowlist ", ["acks", "client.id"], ["sasl.mechanism"]),
    ],
)
def test_policies(name: str, allowed: list[str], refused: list[str]) -> None:
    policy = policy_of({POLICY: name, ALLOWLIST: " acks , client.id,"})
    assert all(policy.refusal(key) is None for key in allowed)
    texts = [
        f"The '{policy.name}' policy does not allow '{key}' to be overridden in the connector configuration."
        for key in refused
    ]
    assert [policy.refusal(key) for key in refused] == texts


def test_without_a_policy_everything_is_allowed() -> None:
    assert policy_of({}) == ALLOW_ALL


def test_an_unknown_policy_stops_the_worker() -> None:
    props = {
        "key.converter": "Json",
        "value.converter": "Json",
        "offset.storage.file.filename": "/tmp/offsets",
        POLICY: "Principle",
    }
    with pytest.raises(ConfigError) as raised:
        WorkerConfig.standalone(props)
    assert raised.value.key == POLICY
    assert raised.value.code == "BRN-1071"
    assert "Did you mean Principal?" in str(raised.value)
    with pytest.raises(ConfigError, match="Java classes cannot be loaded"):
        policy_of({POLICY: "com.example.Own"})


def test_clients_of_a_sink() -> None:
    assert clients_in_use("sink", {"topics": "t"}) == ["consumer"]
    assert clients_in_use("sink", {"errors.deadletterqueue.topic.name": " d "}) == ["producer", "admin", "consumer"]


def test_clients_of_a_source() -> None:
    own, creates = {"offsets.storage.topic": "o"}, {"topic.creation.groups": "g"}
    assert clients_in_use("source", own) == ["producer"]
    assert clients_in_use("source", own, own_offsets_topic=True) == ["producer", "admin", "consumer"]
    assert clients_in_use("source", {}, exactly_once=True) == ["producer", "admin", "consumer"]
    assert clients_in_use("source", creates) == ["producer", "admin"]
    assert clients_in_use("source", creates, topic_creation=False) == ["producer"]


def test_a_task_does_not_start_with_what_the_policy_forbids() -> None:
    worker = {POLICY: "None"}
    check_overrides("source", worker, {"consumer.override.client.id": "x", "name": "c"})
    with pytest.raises(ConfigError) as raised:
        check_overrides("source", worker, {"producer.override.acks": "1"})
    assert raised.value.message == (
        "Client Config Overrides not allowed: "
        "The 'None' policy does not allow 'acks' to be overridden in the connector configuration."
    )
    assert (raised.value.code, raised.value.key) == ("BRN-1072", "producer.override.acks")


def test_a_standalone_worker_is_in_no_group() -> None:
    assert worker_group({"group.id": "g", "offset.storage.file.filename": "f"}) is None
    assert worker_group({"group.id": " g "}) == "g"
    assert exactly_once_enabled({}) is None
    assert exactly_once_enabled({"group.id": "g"}) is False
    assert exactly_once_enabled({"group.id": "g", "exactly.once.source.support": "ENABLED"}) is True
