"""Clients that others wrote work unmodified: the one for Kafka Connect on PyPI, as a library and as a command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from kafka_connect import KafkaConnect
from requests import HTTPError

from services.process import wait_for
from services.worker import FILE_SOURCE, BarnabasWorker

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(params=["standalone", "distributed"])
def worker(request, embedded_broker, tmp_path):
    mode, group = request.param, f"pypi-{request.node.originalname}"
    topics = {f"{what}.storage.topic": f"{group}-{what}" for what in ("config", "offset", "status")}
    settings = {"group.id": group, **topics} if mode == "distributed" else {}
    with BarnabasWorker(tmp_path / "w", embedded_broker.bootstrap, settings, mode=mode) as worker:
        yield worker


def test_a_tour(worker, tmp_path):
    (tmp_path / "in.txt").write_text("a\nb\n")
    config = {"connector.class": FILE_SOURCE, "tasks.max": "1", "file": str(tmp_path / "in.txt"), "topic": "pypi"}
    client = KafkaConnect(worker.url)

    def reaches(connector, *tasks):
        def is_so():
            try:
                status = client.get_connector_status("pypi")
            except HTTPError:  # 404 until a worker has said something, as with the JVM's
                return False
            return (status["connector"]["state"], *(task["state"] for task in status["tasks"])) == (connector, *tasks)

        wait_for(is_so, 20, f"{connector} {tasks}")

    assert client.get_cluster_info()["version"].startswith("4.")
    assert any(plugin["class"] == f"{FILE_SOURCE}" for plugin in client.list_connector_plugins())
    assert client.validate_connector_config("FileStreamSource", {"name": "pypi", **config})["error_count"] == 0
    client.create_connector({"name": "pypi", "config": config})
    reaches("RUNNING", "RUNNING")
    assert [*client.list_connectors()] == ["pypi"]
    assert [*client.list_connectors(expand="status", state="running")] == ["pypi"]
    assert client.get_connector_config("pypi") == {"name": "pypi", **config}
    assert client.list_connector_tasks("pypi")[0]["id"] == {"connector": "pypi", "task": 0}
    wait_for(lambda: client.list_connector_topics("pypi") == {"pypi": {"topics": ["pypi"]}}, 20, "its topic")
    client.reset_connector_topics("pypi")
    client.pause_connector("pypi")
    reaches("PAUSED", "PAUSED")
    client.resume_connector("pypi")
    reaches("RUNNING", "RUNNING")
    client.restart_connector("pypi", include_tasks=True)
    reaches("RUNNING", "RUNNING")
    client.restart_connector_task("pypi", 0)
    reaches("RUNNING", "RUNNING")
    client.update_connector("pypi", config | {"batch.size": "10"})
    wait_for(lambda: client.get_connector("pypi")["config"].get("batch.size") == "10", 20, "the new configuration")
    client.stop_connector("pypi")
    reaches("STOPPED")
    client.delete_connector("pypi")
    assert [*client.list_connectors()] == []


def test_its_command(worker):
    command = [sys.executable, "-c", "from kafka_connect.cli import cli; cli()", "--url", worker.url, "list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr
