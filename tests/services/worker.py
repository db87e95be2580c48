"""Connect workers as processes: the JVM's and our own, started from the same properties."""

from __future__ import annotations

import http.client
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.kafka import LOG4J, SMALL_JVM, kafka_home, properties
from services.process import HOST, Service, ServiceError, accepts, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STRING_CONVERTER = "org.apache.kafka.connect.storage.StringConverter"
FILE_SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
JVM_AS_SHIPPED = (  # heap and collector that Kafka's own start scripts set: what comparisons have to use
    *("-Xms256M", "-Xmx2G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"),
    *("-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true"),
)
FILE_SINK = "org.apache.kafka.connect.file.FileStreamSinkConnector"


class Worker(Service):
    """A Connect worker: plain Kafka properties in, the REST API on ``url`` out.

    ``settings`` are laid over usable defaults (string converters, offsets in a file, short flush interval).
    ``connectors`` become one properties file each, handed over on the command line (standalone only).
    """

    name = "worker"

    def __init__(
        self,
        folder: Path,
        bootstrap: str,
        settings: Mapping[str, object] | None = None,
        connectors: Sequence[Mapping[str, object]] = (),
        *,
        mode: str = "standalone",
    ) -> None:
        super().__init__(folder)
        self.mode = mode
        self.port = free_port()
        self.offsets = folder / "connect.offsets"
        defaults = {
            "bootstrap.servers": bootstrap,
            "key.converter": STRING_CONVERTER,
            "value.converter": STRING_CONVERTER,
            "listeners": f"http://{HOST}:{self.port}",
            "offset.flush.interval.ms": "1000",
            **(self._distributed() if mode == "distributed" else {"offset.storage.file.filename": str(self.offsets)}),
            **self.own_defaults(),
        }
        self.config = properties(folder / "worker.properties", {**defaults, **(settings or {})})
        self.connector_files = [
            properties(folder / f"{connector['name']}.properties", connector) for connector in connectors
        ]

    @staticmethod
    def _distributed() -> dict[str, str]:
        topics = {f"{kind}.storage.topic": f"connect-{kind}s" for kind in ("config", "offset")}
        factors = {f"{kind}.storage.replication.factor": "1" for kind in ("config", "offset", "status")}
        return {"group.id": "connect-cluster", **topics, "status.storage.topic": "connect-status", **factors}

    def own_defaults(self) -> dict[str, str]:
        """Worker settings that only this implementation needs."""
        return {}

    @property
    def url(self) -> str:
        """Base of the REST API."""
        return f"http://{HOST}:{self.port}"

    def is_ready(self) -> bool:
        try:
            return self.request("GET", "/connectors", timeout=2)[0] == http.HTTPStatus.OK
        except OSError:
            return False

    def request(self, method: str, path: str, body: object = None, timeout: float = 30) -> tuple[int, Any]:
        """One REST call: status and parsed JSON (``None`` without a body, text if it is no JSON)."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=timeout)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, (json.loads(raw) if raw else None)
        except ValueError:
            return answer.status, raw.decode(errors="replace")

    def create(self, name: str, config: Mapping[str, object]) -> None:
        """``POST /connectors``; raise unless it answers 201."""
        body = {"name": name, "config": {key: str(value) for key, value in config.items()}}
        status, answer = self.request("POST", "/connectors", body)
        if status != http.HTTPStatus.CREATED:
            raise ServiceError(f"creating connector {name} answered {status}: {answer}")

    def states(self) -> dict[str, list[str]]:
        """State of each connector, and of its tasks behind it."""
        _, answer = self.request("GET", "/connectors?expand=status")
        return {
            name: [info["status"]["connector"]["state"], *(task["state"] for task in info["status"]["tasks"])]
            for name, info in answer.items()
        }

    def wait_running(self, tasks: int, timeout: float = 60) -> float:
        """Wait until ``tasks`` tasks run (connectors not counted); the seconds waited."""
        return wait_for(
            lambda: sum(state == "RUNNING" for states in self.states().values() for state in states[1:]) >= tasks,
            timeout,
            f"{tasks} running tasks",
        )


class JvmConnect(Worker):
    """Apache Kafka Connect 4.3.1."""

    name = "jvm-connect"

    def __init__(
        self,
        folder: Path,
        bootstrap: str,
        settings: Mapping[str, object] | None = None,
        connectors: Sequence[Mapping[str, object]] = (),
        *,
        mode: str = "standalone",
        home: Path | None = None,
        jvm: Sequence[str] = SMALL_JVM,
        extra_class_path: str = "",
    ) -> None:
        self.home = home or kafka_home()
        self._jvm = jvm
        self._extra_class_path = extra_class_path
        super().__init__(folder, bootstrap, settings, connectors, mode=mode)

    def own_defaults(self) -> dict[str, str]:
        return {"plugin.path": str(self.home / "plugins")}

    def command(self) -> Sequence[str | Path]:
        log4j = self.folder / "log4j2.properties"
        log4j.write_text(LOG4J, encoding="utf-8")
        class_path = f"{self.home / 'lib'}/*" + (f":{self._extra_class_path}" if self._extra_class_path else "")
        main = f"org.apache.kafka.connect.cli.Connect{self.mode.capitalize()}"
        java = os.environ.get("JAVA", "java")
        logging = f"-Dlog4j2.configurationFile={log4j}"
        return [java, *self._jvm, logging, "-cp", class_path, main, self.config, *self.connector_files]


class BarnabasWorker(Worker):
    """Our own worker, through its command line."""

    name = "barnabas"

    def command(self) -> Sequence[str | Path]:
        return [barnabas(), self.mode, self.config, *self.connector_files]


class BarnabasBroker(Service):
    """The development broker in a process of its own, through its command line."""

    name = "barnabas-broker"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    @property
    def bootstrap(self) -> str:
        """``host:port`` for ``bootstrap.servers``."""
        return f"{HOST}:{self.port}"

    def command(self) -> Sequence[str | Path]:
        return [barnabas(), "broker", "--data", self.folder / "data", "--host", HOST, "--port", str(self.port)]

    def is_ready(self) -> bool:
        return accepts(self.port)


def barnabas() -> Path:
    """The ``barnabas`` command of the environment that runs this."""
    command = Path(sys.executable).with_name("barnabas")
    if not command.exists():
        raise ServiceError(f"{command} is missing: run the tests with the Python of the environment it is installed in")
    return command
