"""Debezium's connectors from Maven Central: the peers that ours are compared with, on the JVM's Connect worker."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from services.process import ServiceError

POSTGRES = "io.debezium:debezium-connector-postgres:3.7.0.Final"
JDBC = "io.debezium:debezium-connector-jdbc:3.5.0.Final"


def plugin(coordinate: str) -> Path:
    """A folder for ``plugin.path`` that holds one connector with its libraries; fetched once per machine.

    Raises:
        ServiceError: there is no Maven, or it cannot get them.
    """
    cache = os.environ.get("BARNABAS_CACHE")
    root = Path(cache) if cache else Path.home() / ".cache" / "barnabas"
    target = root / coordinate.split(":", 1)[1].replace(":", "-")
    if target.exists():
        return target
    if shutil.which("mvn") is None:
        raise ServiceError("Debezium's connectors are fetched by Maven: install it (Debian: apt-get install maven).")
    root.mkdir(parents=True, exist_ok=True)
    with (root / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=root) as scratch:
                _fetch(coordinate, Path(scratch))
                (Path(scratch) / "plugin").rename(target)
    return target


def _fetch(coordinate: str, folder: Path) -> None:
    group, artifact, version = coordinate.split(":")
    (folder / "pom.xml").write_text(
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>local</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies><dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
        f"<version>{version}</version></dependency></dependencies></project>",
        encoding="utf-8",
    )
    command = ["mvn", "--batch-mode", "--no-transfer-progress", "--quiet", "dependency:copy-dependencies"]
    options = ["-DincludeScope=runtime", f"-DoutputDirectory={folder / 'plugin' / artifact}"]
    done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise ServiceError(f"Maven could not get {coordinate}:\n{(done.stdout + done.stderr)[-2000:]}")
