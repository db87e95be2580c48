"""TLS and passwords against a real broker: what works, and what the errors say when it does not."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from barnabas.errors import ConfigError
from barnabas.kafka.admin import Admin, cluster_id
from barnabas.kafka.consumer import SinkConsumer
from barnabas.kafka.faults import KafkaClientError, KafkaFault
from barnabas.kafka.producer import open_producer
from barnabas.kafka.settings import translate
from services.kafka_tls import ADMIN, jaas, make_certificates


@pytest.fixture
def java(secure_kafka: Any) -> dict[str, str]:
    """Java client settings of the administrator."""
    return {
        "bootstrap.servers": secure_kafka.bootstrap,
        **secure_kafka.security.client,
        "sasl.jaas.config": jaas(*ADMIN),
    }


def _fault(java: dict[str, str], seconds: float = 10) -> KafkaFault:
    started = time.monotonic()
    with pytest.raises(KafkaClientError) as caught:
        cluster_id(translate(java, "admin"), seconds)
    assert time.monotonic() - started < seconds + 3
    assert caught.value.fault is not None
    return caught.value.fault


@pytest.mark.kafka
def test_scram_over_tls(java: dict[str, str]) -> None:
    assert len(cluster_id(translate(java, "admin"), 10)) >= 16
    inline = {key: value for key, value in java.items() if not key.startswith("ssl.truststore.location")}
    inline["ssl.truststore.certificates"] = Path(java["ssl.truststore.location"]).read_text()
    assert len(cluster_id(translate(inline, "admin"), 10)) >= 16


@pytest.mark.kafka
def test_wrong_password_is_named_at_once(java: dict[str, str]) -> None:
    fault = _fault({**java, "sasl.jaas.config": jaas("admin", "wrong")}, 20)
    assert fault.name == "_AUTHENTICATION"
    assert fault.fatal
    assert not fault.retriable
    assert "sasl.jaas.config" in fault.message
    assert "wrong" not in fault.message


@pytest.mark.kafka
def test_unknown_authority_and_wrong_name(java: dict[str, str], tmp_path: Path) -> None:
    stranger = make_certificates(tmp_path / "tls").authority
    fault = _fault({**java, "ssl.truststore.location": str(stranger)})
    assert fault.name == "_SSL"
    assert fault.fatal
    assert "truststore" in fault.message


@pytest.mark.kafka
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "PLAINTEXT"])
def test_a_tls_listener_spoken_to_without_tls(java: dict[str, str], protocol: str) -> None:
    fault = _fault({**java, "security.protocol": protocol}, 3)
    assert "security.protocol" in fault.message


@pytest.mark.kafka
def test_a_plain_listener_spoken_to_with_tls(kafka_server: Any, java: dict[str, str]) -> None:
    fault = _fault({**java, "bootstrap.servers": kafka_server.bootstrap, "security.protocol": "SSL"}, 3)
    assert fault.name in {"_SSL", "_TRANSPORT"}
    assert "TLS" in fault.message or "security.protocol" in fault.message


@pytest.mark.kafka
def test_tasks_with_a_wrong_password_fail_instead_of_waiting(java: dict[str, str]) -> None:
    wrong = {**java, "sasl.jaas.config": jaas("admin", "wrong")}
    told: list[KafkaFault] = []
    producer = open_producer(translate(wrong, "producer"), on_error=told.append)
    ticket = producer.send("t", [b"x"])
    until = time.monotonic() + 15
    while ticket.error is None and time.monotonic() < until:
        producer.poll(0.1)
    assert ticket.error is not None
    assert ticket.error.name == "_AUTHENTICATION"
    assert [fault.name for fault in told].count("_AUTHENTICATION") == 1
    assert producer.send("t", [b"y"]).error is not None
    producer.close(0)
    consumer = SinkConsumer(translate({**wrong, "group.id": "g"}, "consumer"))
    consumer.subscribe(["t"], lambda _: None, lambda _: None, lambda _: None)
    with pytest.raises(KafkaClientError, match=r"sasl\.jaas\.config"):  # noqa: PT012
        until = time.monotonic() + 15
        while time.monotonic() < until:
            consumer.fetch(10, 0.1)
    consumer.close()


@pytest.mark.kafka
def test_missing_rights_are_named(java: dict[str, str], secure_kafka: Any) -> None:
    with Admin(translate(java, "admin")) as admin:
        admin.create_topic("forbidden", 1, 1)
    user = {**java, **secure_kafka.security.client}
    producer = open_producer(translate(user, "producer"))
    ticket = producer.send("forbidden", [b"x"])
    producer.flush(15)
    assert ticket.error is not None
    assert ticket.error.name == "TOPIC_AUTHORIZATION_FAILED"
    assert "Write" in ticket.error.message
    producer.close(0)
    consumer = SinkConsumer(translate({**user, "group.id": "forbidden"}, "consumer"))
    consumer.subscribe(["forbidden"], lambda _: None, lambda _: None, lambda _: None)
    with pytest.raises(KafkaClientError, match="AUTHORIZATION_FAILED"):  # noqa: PT012
        until = time.monotonic() + 15
        while time.monotonic() < until:
            consumer.fetch(10, 0.1)
    consumer.close()


def test_nobody_listens_and_nobody_is_known() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fault = _fault({"bootstrap.servers": f"127.0.0.1:{port}"}, 2)
    assert fault.name == "_TRANSPORT"
    assert "refused" in fault.message
    assert fault.retriable
    with pytest.raises(ConfigError, match="unknown host"):
        cluster_id(translate({"bootstrap.servers": "no-such-host.invalid:9092"}, "admin"), 2)
