"""Apache Kafka 4.3.1 as one KRaft node on loopback, from the jars that ``scripts/fetch-kafka`` gets."""

from __future__ import annotations

import base64
import logging
import os
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from services.process import HOST, Service, ServiceError, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
# A small heap and the quickest start: tests use many short lives of a broker that moves little data.
SMALL_JVM = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
LOG4J = """\
status=ERROR
rootLogger.level=INFO
rootLogger.appenderRefs=out
rootLogger.appenderRef.out.ref=OUT
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=[%d] %p %m (%c)%n
"""

_silent = logging.getLogger("services.kafka.client")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


def properties(path: Path, values: Mapping[str, object]) -> Path:
    """Write ``values`` as a Java properties file."""
    path.write_text(
        "".join(f"{key}={str(value).replace(chr(92), chr(92) * 2)}\n" for key, value in values.items()),
        encoding="utf-8",
    )
    return path


def kafka_home() -> Path:
    """Folder with Kafka's jars (``lib``, ``plugins``, ``extra``), fetched when needed; ``ServiceError`` without."""
    done = subprocess.run([ROOT / "scripts" / "fetch-kafka"], text=True, capture_output=True, check=False)
    if done.returncode:
        raise ServiceError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "fetch-kafka failed")
    return Path(done.stdout.strip())


@dataclass(frozen=True)
class Security:
    """How clients reach a broker: broker settings for its listener, and what a client has to set.

    ``broker`` holds properties of the server, ``client`` Java client properties, ``librdkafka`` the same for
    confluent-kafka. ``format_options`` go to Kafka's storage format (SCRAM users).
    """

    protocol: str = "PLAINTEXT"
    host: str = HOST
    broker: Mapping[str, str] = field(default_factory=dict)
    client: Mapping[str, str] = field(default_factory=dict)
    librdkafka: Mapping[str, str] = field(default_factory=dict)
    format_options: Sequence[str] = ()


class KafkaServer(Service):
    """One broker and controller in one JVM; data and ports survive ``stop``, ``kill`` and ``start`` again."""

    name = "kafka"

    def __init__(
        self,
        folder: Path,
        home: Path | None = None,
        *,
        security: Security | None = None,
        settings: Mapping[str, str] | None = None,
        jvm: Sequence[str] = SMALL_JVM,
    ) -> None:
        super().__init__(folder)
        self.home = home or kafka_home()
        self.security = security or Security()
        self.port = free_port()
        self._controller_port = free_port()
        self._jvm = jvm
        self._config = properties(self.folder / "server.properties", {**self._settings(), **(settings or {})})

    @property
    def bootstrap(self) -> str:
        """``host:port`` for ``bootstrap.servers``."""
        return f"{self.security.host}:{self.port}"

    def _settings(self) -> dict[str, str]:
        protocol = self.security.protocol
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{HOST}:{self._controller_port}",
            "listeners": f"{protocol}://{HOST}:{self.port},CONTROLLER://{HOST}:{self._controller_port}",
            "advertised.listeners": f"{protocol}://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": protocol,
            "listener.security.protocol.map": f"{protocol}:{protocol},CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "num.partitions": "1",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # A broker restarted after kill -9 may register only once its former session is over (9 s by default).
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            **self.security.broker,
        }

    def java(self, main: str, *arguments: str | Path) -> list[str | Path]:
        """Command that runs a main class of Kafka with this server's jars, heap and logging."""
        log4j = self.folder / "log4j2.properties"
        log4j.write_text(LOG4J, encoding="utf-8")
        return [
            os.environ.get("JAVA", "java"),
            *self._jvm,
            f"-Dlog4j2.configurationFile={log4j}",
            "-cp",
            f"{self.home / 'lib'}/*",
            main,
            *arguments,
        ]

    def command(self) -> Sequence[str | Path]:
        return self.java("kafka.Kafka", self._config)

    def spawn(self) -> None:
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        super().spawn()

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # In one word: an id may begin with a hyphen, which would be taken for an option.
        options: list[str | Path] = [
            "format",
            f"--cluster-id={cluster}",
            "-c",
            self._config,
            *self.security.format_options,
        ]
        command = self.java("kafka.tools.StorageTool", *options)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceError(f"formatting Kafka's storage failed:\n{done.stdout}{done.stderr}")

    def client_settings(self) -> dict[str, str | int | float | bool]:
        """Settings of a confluent-kafka client for this broker."""
        return {"bootstrap.servers": self.bootstrap, **self.security.librdkafka}

    def is_ready(self) -> bool:
        if not accepts(self.port):
            return False
        admin = AdminClient({**self.client_settings(), "socket.timeout.ms": 2000}, logger=_silent)
        try:
            return bool(admin.list_topics(timeout=2).brokers)
        except KafkaException:
            return False
