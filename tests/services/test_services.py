"""The fixtures themselves: what they promise to the tests that build on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from services.kafka import KafkaServer
from services.kafka_tls import USER, Certificates, librdkafka
from services.process import Service, ServiceError, wait_for
from services.worker import FILE_SINK, FILE_SOURCE


class Sleeper(Service):
    name = "sleeper"

    def command(self):
        return ["sleep", "60"]

    def is_ready(self):
        return True


class Failing(Sleeper):
    def command(self):
        return ["sh", "-c", "echo cannot open the moon; exit 7"]

    def is_ready(self):
        return False


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_service_stops_and_starts_again(tmp_path):
    service = Sleeper(tmp_path)
    with service:
        first = service.pid
        assert service.alive
        service.kill()
        assert not service.alive
        service.start()
        assert service.pid != first
    assert not service.alive


def test_service_that_ends_early_shows_its_log(tmp_path):
    with pytest.raises(ServiceError, match=r"exit code 7(.|\n)*cannot open the moon"):
        Failing(tmp_path).start()


@pytest.mark.skipif(sys.platform != "linux", reason="parent death signals are Linux's")
def test_service_dies_with_a_killed_parent(tmp_path):
    script = (
        "import pathlib, sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from test_services import Sleeper\n"
        "s = Sleeper(pathlib.Path(sys.argv[3])).start(); print(s.pid, flush=True); time.sleep(60)"
    )
    here = Path(__file__).parent
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(here.parent)!r})\n{script}", here, "-", tmp_path],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        pid = int(parent.stdout.readline())
        assert not _gone(pid)
        os.kill(parent.pid, signal.SIGKILL)
        wait_for(lambda: _gone(pid), 5, "the service's end")


@pytest.mark.kafka
def test_kafka_keeps_its_data_over_a_kill(kafka_libs, tmp_path):
    with KafkaServer(tmp_path, kafka_libs) as server:
        producer = Producer(server.client_settings())
        producer.produce("kept", b"one")
        assert producer.flush(10) == 0
        before = server.bootstrap
        server.kill()
        server.start()
        assert server.bootstrap == before
        assert "kept" in AdminClient(server.client_settings()).list_topics(timeout=10).topics


@pytest.mark.kafka
def test_secure_kafka_enforces_its_rules(secure_kafka):
    admin = AdminClient(secure_kafka.client_settings())
    admin.create_topics([NewTopic("guarded", 1, 1)])["guarded"].result(10)
    folder = secure_kafka.folder / "tls"
    certificates = Certificates(folder / "ca.pem", folder / "server.key", folder / "server.crt", folder / "server.pem")
    settings = {"bootstrap.servers": secure_kafka.bootstrap, **librdkafka(certificates, *USER)}
    user = AdminClient(settings)
    with pytest.raises(KafkaException) as caught:
        user.create_topics([NewTopic("forbidden", 1, 1)])["forbidden"].result(10)
    assert caught.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.kafka
@pytest.mark.jvm_connect
def test_jvm_worker_copies_a_file(kafka_server, jvm_connect, tmp_path):
    source, target = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("".join(f"line {i}\n" for i in range(100)))
    topic = f"copied-{time.time_ns()}"
    connectors = [
        {"name": f"{topic}-in", "connector.class": FILE_SOURCE, "file": source, "topic": topic},
        {"name": f"{topic}-out", "connector.class": FILE_SINK, "file": target, "topics": topic},
    ]
    worker = jvm_connect(kafka_server.bootstrap, {"consumer.auto.offset.reset": "earliest"}, connectors)
    wait_for(lambda: target.exists() and target.stat().st_size == source.stat().st_size, 30, "the copy")
    assert target.read_bytes() == source.read_bytes()
    assert worker.states() == {f"{topic}-in": ["RUNNING", "RUNNING"], f"{topic}-out": ["RUNNING", "RUNNING"]}
    worker.stop()
    assert worker.offsets.exists()
