"""Sink tasks as static members: a killed one is back at once, an ended one gives its partitions up at once."""

from __future__ import annotations

import os
import signal
import time
import uuid

import pytest
from confluent_kafka.admin import AdminClient

from services.process import wait_for
from services.worker import FILE_SINK, FILE_SOURCE, BarnabasWorker


@pytest.fixture
def name():
    return f"m-{uuid.uuid4().hex[:6]}"


def pipeline(tmp_path, name, tasks=1):
    source = {"name": f"{name}-in", "connector.class": FILE_SOURCE, "file": tmp_path / "in", "topic": name}
    sink = {"name": f"{name}-out", "connector.class": FILE_SINK, "file": tmp_path / "out", "topics": name}
    return [source, {**sink, "tasks.max": tasks}]


def arrived(tmp_path):
    path = tmp_path / "out"
    return path.read_text().splitlines() if path.exists() else []


def members(admin, name):
    group = f"connect-{name}-out"
    described = admin.describe_consumer_groups([group])[group].result(10)
    return {member.group_instance_id for member in described.members}


def sink_pid(worker, name):
    tasks = worker.request("GET", "/barnabas/tasks")[1]
    return next((task["pid"] for task in tasks if task["connector"] == f"{name}-out"), 0)


def test_a_killed_sink_task_goes_on_at_once(broker, tmp_path, name):
    """With Kafka's default session time-out of 45 s, which a dynamic member would have to wait out."""
    (tmp_path / "in").write_text("first\n")
    settings = {"task.restart.backoff.initial.ms": 200}
    with BarnabasWorker(tmp_path / "w", broker.bootstrap, settings, pipeline(tmp_path, name)) as worker:
        wait_for(lambda: "first" in arrived(tmp_path), 30, "the first line")
        pid = sink_pid(worker, name)
        os.kill(pid, signal.SIGKILL)
        with (tmp_path / "in").open("a") as file:
            file.write("second\n")
        began = time.monotonic()
        wait_for(lambda: "second" in arrived(tmp_path), 30, "the second line")
        assert time.monotonic() - began < 10
        assert sink_pid(worker, name) != pid


def test_a_killed_worker_goes_on_at_once(broker, tmp_path, name):
    (tmp_path / "in").write_text("first\n")
    files = pipeline(tmp_path, name)
    with BarnabasWorker(tmp_path / "w", broker.bootstrap, None, files) as worker:
        wait_for(lambda: "first" in arrived(tmp_path), 30, "the first line")
        worker.kill()
    with (tmp_path / "in").open("a") as file:
        file.write("second\n")
    began = time.monotonic()
    with BarnabasWorker(tmp_path / "w", broker.bootstrap, None, files):
        wait_for(lambda: "second" in arrived(tmp_path), 30, "the second line")
        assert time.monotonic() - began < 12


def test_ended_tasks_leave_the_group(broker, tmp_path, name):
    (tmp_path / "in").write_text("first\n")
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    with BarnabasWorker(tmp_path / "w", broker.bootstrap, None, pipeline(tmp_path, name, 2)) as worker:
        wait_for(lambda: len(members(admin, name)) == 2, 30, "both members")
        assert all(member.startswith("barnabas-") for member in members(admin, name))
        assert worker.request("PUT", f"/connectors/{name}-out/stop")[0] == 204
        wait_for(lambda: not members(admin, name), 10, "both to leave")
        worker.request("PUT", f"/connectors/{name}-out/resume")
        wait_for(lambda: len(members(admin, name)) == 2, 30, "both members again")
    wait_for(lambda: not members(admin, name), 10, "both to leave with their worker")


def test_static_membership_can_be_switched_off(embedded_broker, tmp_path, name):
    (tmp_path / "in").write_text("first\n")
    admin = AdminClient({"bootstrap.servers": embedded_broker.bootstrap})
    settings = {"task.static.membership": "false"}
    with BarnabasWorker(tmp_path / "w", embedded_broker.bootstrap, settings, pipeline(tmp_path, name)):
        wait_for(lambda: "first" in arrived(tmp_path), 30, "the first line")
        assert members(admin, name) == {None}
