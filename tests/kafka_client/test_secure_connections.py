"""TLS and passwords against a real broker: what works, and what the errors say when it does not."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from jks_writer import write_jks

from barnabas.errors import ConfigError
from barnabas.kafka.admin import Admin, cluster_id
from barnabas.kafka.consumer import SinkConsumer
from barnabas.kafka.faults import KafkaClientError, KafkaFault
from barnabas.kafka.producer import open_producer
from barnabas.kafka.settings import translate
from services.kafka import KafkaServer, Security
from services.kafka_tls import ADMIN, jaas, make_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
_LOCKED = BestAvailableEncryption(b"pw")


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
def test_truststores_of_java(java: dict[str, str], tmp_path: Path) -> None:
    authority = x509.load_pem_x509_certificate(Path(java["ssl.truststore.location"]).read_bytes())
    jks, p12 = tmp_path / "trust.jks", tmp_path / "trust.p12"
    jks.write_bytes(write_jks("pw", certificates=[authority.public_bytes(Encoding.DER)]))
    p12.write_bytes(pkcs12.serialize_java_truststore([pkcs12.PKCS12Certificate(authority, b"ca")], _LOCKED))
    for path, kind in ((jks, "JKS"), (p12, "PKCS12")):
        mine = {
            **java,
            "ssl.truststore.location": str(path),
            "ssl.truststore.type": kind,
            "ssl.truststore.password": "pw",
        }
        assert len(cluster_id(translate(mine, "admin"), 10)) >= 16


@pytest.fixture(scope="module")
def simple_kafka(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A broker without TLS that takes passwords in plain text, and unsigned tokens."""
    listener = "listener.name.sasl_plaintext"
    broker = {
        "sasl.enabled.mechanisms": "PLAIN,OAUTHBEARER",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        f"{listener}.plain.sasl.jaas.config": f'{PLAIN} required username="a" password="b" user_a="b" user_me="pw";',
        f"{listener}.oauthbearer.sasl.jaas.config": f'{OAUTH} required unsecuredLoginStringClaim_sub="a";',
    }
    client = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "a",
        "sasl.password": "b",
    }
    security = Security(protocol="SASL_PLAINTEXT", broker=broker, librdkafka=client)
    with KafkaServer(tmp_path_factory.mktemp("simple-kafka"), kafka_libs, security=security) as server:
        yield server


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("mechanism", "jaas_line"),
    [
        ("PLAIN", f'{PLAIN} required username="me" password="pw";'),
        ("OAUTHBEARER", f'{OAUTH} required unsecuredLoginStringClaim_sub="me";'),
    ],
)
@pytest.mark.parametrize("path", ["batch", "client"])
def test_plain_and_unsigned_tokens(
    simple_kafka: KafkaServer, mechanism: str, jaas_line: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BARNABAS_PRODUCER", path)
    java = {"bootstrap.servers": simple_kafka.bootstrap, "security.protocol": "SASL_PLAINTEXT"}
    java |= {"sasl.mechanism": mechanism, "sasl.jaas.config": jaas_line}
    assert len(cluster_id(translate(java, "admin"), 10)) >= 16
    topic = f"{mechanism}-{path}"
    with Admin(translate(java, "admin")) as admin:
        admin.create_topic(topic, 1, 1)
    producer = open_producer(translate(java, "producer"))
    ticket = producer.send(topic, [b"x"])
    assert producer.flush(15)
    assert ticket.done
    producer.close(1)
    consumer = SinkConsumer(translate({**java, "group.id": topic, "auto.offset.reset": "earliest"}, "consumer"))
    consumer.subscribe([topic], lambda _: None, lambda _: None, lambda _: None)
    until = time.monotonic() + 15
    found: list[Any] = []
    while not found and time.monotonic() < until:
        found = consumer.fetch(10, 0.1)
    assert [message.value() for message in found] == [b"x"]
    consumer.close()


@pytest.mark.kafka
def test_wrong_plain_password(simple_kafka: KafkaServer) -> None:
    java = {"bootstrap.servers": simple_kafka.bootstrap, "security.protocol": "SASL_PLAINTEXT"}
    java |= {"sasl.mechanism": "PLAIN", "sasl.jaas.config": f'{PLAIN} required username="me" password="no";'}
    assert _fault(java, 10).name == "_AUTHENTICATION"
    assert "SCRAM-SHA-256" in _fault({**java, "sasl.mechanism": "SCRAM-SHA-256"}, 10).message


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
    fault = _fault({**java, "security.protocol": protocol}, 1.5)
    assert "security.protocol" in fault.message


@pytest.mark.kafka
def test_a_plain_listener_spoken_to_with_tls(kafka_server: Any, java: dict[str, str]) -> None:
    fault = _fault({**java, "bootstrap.servers": kafka_server.bootstrap, "security.protocol": "SSL"}, 1.5)
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
    fault = _fault({"bootstrap.servers": f"127.0.0.1:{port}"}, 1)
    assert fault.name == "_TRANSPORT"
    assert "refused" in fault.message
    assert fault.retriable
    with pytest.raises(ConfigError, match="unknown host"):
        cluster_id(translate({"bootstrap.servers": "no-such-host.invalid:9092"}, "admin"), 2)
