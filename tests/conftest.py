"""Fixtures that give tests real services: brokers, and the JVM's Connect worker to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from services.kafka import KafkaServer, kafka_home
from services.kafka_tls import scram_sha_512
from services.missing import unavailable
from services.postgres import PostgresServer, postgres_bin
from services.process import ServiceError
from services.registry import RegistryServer, registry_home
from services.worker import JvmConnect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


class Broker(Protocol):
    """What the ``broker`` fixture gives, whichever broker it is."""

    @property
    def bootstrap(self) -> str:
        """``host:port``."""


@pytest.fixture(scope="session")
def kafka_libs() -> Path:
    """Folder with the jars of Apache Kafka 4.3.1: ``lib`` (class path), ``plugins`` (plugin.path), ``extra``."""
    try:
        return kafka_home()
    except ServiceError as error:
        unavailable(str(error))


@pytest.fixture(scope="session")
def kafka_server(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A running Apache Kafka, shared by all tests of a run: use topic and group names of your own."""
    with KafkaServer(tmp_path_factory.mktemp("kafka"), kafka_libs) as server:
        yield server


@pytest.fixture(scope="session")
def secure_kafka(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    """A running Apache Kafka that wants TLS and SCRAM-SHA-512, with ACLs; users in ``services.kafka_tls``."""
    folder = tmp_path_factory.mktemp("secure-kafka")
    with KafkaServer(folder, kafka_libs, security=scram_sha_512(folder / "tls")) as server:
        yield server


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The embedded broker in this process, shared by all tests of a run: use topic and group names of your own."""
    from barnabas.broker import EmbeddedBroker  # noqa: PLC0415 - most tests need no broker, and it takes a while

    with EmbeddedBroker(tmp_path_factory.mktemp("embedded-broker")) as broker:
        yield broker


@pytest.fixture(scope="session", params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Both brokers in turn: what a test that uses this says holds on the embedded broker and on Apache Kafka."""
    name = {"embedded": "embedded_broker", "kafka": "kafka_server"}[request.param]
    result: Broker = request.getfixturevalue(name)
    return result


@pytest.fixture
def jvm_connect(kafka_libs: Path, tmp_path: Path) -> Iterator[Callable[..., JvmConnect]]:
    """Starts JVM workers: ``jvm_connect(bootstrap, settings, connectors)``; they end with the test."""
    workers: list[JvmConnect] = []

    def start(
        bootstrap: str,
        settings: Mapping[str, object] | None = None,
        connectors: Sequence[Mapping[str, object]] = (),
        **options: Any,
    ) -> JvmConnect:
        folder = tmp_path / f"jvm-connect-{len(workers)}"
        worker = JvmConnect(folder, bootstrap, settings, connectors, home=kafka_libs, **options)
        workers.append(worker)
        return worker.start()

    yield start
    for worker in workers:
        worker.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A running PostgreSQL with ``wal_level=logical``, shared by all tests of a run: use databases of your own."""
    try:
        postgres_bin()
    except ServiceError as error:
        unavailable(str(error))
    with PostgresServer(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[str]:
    """The name of an empty database of the running PostgreSQL, which ends with the test, slots included."""
    with postgres.database() as name:
        yield name


@pytest.fixture(scope="session")
def registry_libs() -> Path:
    """Folder with a schema registry (``app``, ``jdk``) and Java libraries to compare with (``lib``)."""
    try:
        return registry_home()
    except ServiceError as error:
        unavailable(str(error))


@pytest.fixture(scope="session")
def registry(registry_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    """A running schema registry, shared by all tests of a run: use subjects of your own."""
    with RegistryServer(tmp_path_factory.mktemp("registry"), registry_libs) as server:
        yield server
