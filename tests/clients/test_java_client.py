"""Clients that others wrote work unmodified: SourceLab's Java client, from Maven Central."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from services.missing import unavailable
from services.worker import BarnabasWorker

SOURCE = Path(__file__).parents[1] / "java" / "client" / "ConnectClient.java"
VERSION = "4.0.4"
POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tests</groupId><artifactId>client</artifactId><version>1</version>
<dependencies><dependency><groupId>org.sourcelab</groupId><artifactId>kafka-connect-client</artifactId>
<version>{VERSION}</version></dependency></dependencies></project>
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The class path of the compiled tour; the client's jars are fetched once a machine."""
    missing = [tool for tool in ("java", "javac", "mvn") if shutil.which(tool) is None]
    if missing:
        unavailable(f"{', '.join(missing)} missing: install a JDK and Maven")
    home = Path(os.environ.get("BARNABAS_CACHE", Path.home() / ".cache" / "barnabas")) / f"java-client-{VERSION}"
    if not (home / ".complete").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "pom.xml").write_text(POM)
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={home / 'lib'}"]
        done = subprocess.run(
            ["mvn", "--batch-mode", "--quiet", *copy], cwd=home, capture_output=True, text=True, check=False
        )
        if done.returncode:
            unavailable(f"the Java client could not be fetched: {done.stdout[-500:]}")
        (home / ".complete").touch()
    classes = tmp_path_factory.mktemp("classes")
    subprocess.run(["javac", "-cp", f"{home / 'lib'}/*", "-d", classes, SOURCE], check=True)
    return f"{classes}:{home / 'lib'}/*"


@pytest.mark.kafka
@pytest.mark.parametrize("mode", ["standalone", "distributed"])
def test_a_tour(client, embedded_broker, tmp_path, mode):
    (tmp_path / "in.txt").write_text("a\nb\n")
    topics = {f"{what}.storage.topic": f"client-{mode}-{what}" for what in ("config", "offset", "status")}
    settings = {"group.id": f"client-{mode}", **topics} if mode == "distributed" else {}
    with BarnabasWorker(tmp_path, embedded_broker.bootstrap, settings, mode=mode) as worker:
        done = subprocess.run(
            ["java", "-cp", client, "ConnectClient", worker.url, str(tmp_path / "in.txt")],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.stdout.splitlines()[-1:] == ["done"], done.stderr
