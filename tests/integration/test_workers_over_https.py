"""Two workers that reach each other by https with client certificates: what only the leader can grant is passed on."""

from __future__ import annotations

import shutil
import subprocess
import uuid

import pytest

from services.missing import unavailable
from services.process import free_port, wait_for
from services.worker import FILE_SOURCE, BarnabasWorker

HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        unavailable("https needs openssl to make a certificate: install it")
    folder = tmp_path_factory.mktemp("tls")
    key, cert, store = folder / "key", folder / "cert", folder / "store.p12"
    subject = ["-subj", "/CN=worker", "-addext", f"subjectAltName=IP:{HOST}"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
    subprocess.run([*make, *subject], check=True, capture_output=True)
    pack = ["openssl", "pkcs12", "-export", "-inkey", key, "-in", cert, "-out", store, "-passout", "pass:secret"]
    subprocess.run(pack, check=True, capture_output=True)
    return {
        "listeners.https.ssl.keystore.location": store,
        "listeners.https.ssl.keystore.type": "PKCS12",
        "listeners.https.ssl.keystore.password": "secret",
        "listeners.https.ssl.truststore.location": cert,
        "listeners.https.ssl.truststore.type": "PEM",
        "listeners.https.ssl.client.auth": "required",
    }


@pytest.fixture
def workers(embedded_broker, tmp_path, certificate):
    tag = uuid.uuid4().hex[:6]
    started = []
    try:
        for number in range(2):
            https = free_port()
            settings = {
                **certificate,
                "group.id": tag,
                **{f"{kind}.storage.topic": f"{tag}-{kind}" for kind in ("config", "offset", "status")},
                **{f"{kind}.storage.partitions": "1" for kind in ("offset", "status")},
                "rest.advertised.listener": "https",
                "rest.advertised.port": https,
            }
            worker = BarnabasWorker(tmp_path / str(number), embedded_broker.bootstrap, settings, mode="distributed")
            text = worker.config.read_text()
            both = f"listeners=http://{HOST}:{worker.port},https://{HOST}:{https}"
            worker.config.write_text(text.replace(f"listeners=http://{HOST}:{worker.port}", both))
            started.append(worker.start())
        wait_for(lambda: started[0].request("GET", "/workers")[1].get("summary") == "2 of 2", 20, "both workers")
        yield started
    finally:
        for worker in started:
            worker.stop()


def test_requests_reach_the_leader_through_either_worker(workers, tmp_path):
    members = workers[0].request("GET", "/workers")[1]["workers"]
    assert {member["state"] for member in members} == {"LEADER", "MEMBER"}
    assert all(member["url"].startswith("https://") for member in members)
    for number, worker in enumerate(workers):
        name = f"c{number}"
        worker.create(name, {"connector.class": FILE_SOURCE, "file": tmp_path / name, "topic": name})
        (tmp_path / name).write_text("one\n")
    wait_for(lambda: list(workers[0].states().values()) == [["RUNNING", "RUNNING"]] * 2, 20, "running tasks")
    for worker in workers:
        for number in range(2):
            _change_offsets(worker, f"c{number}", tmp_path)
    for worker in workers:
        assert worker.request("DELETE", "/connectors/c0" if worker is workers[0] else "/connectors/c1") == (204, None)


def _change_offsets(worker, name, folder):
    path = f"/connectors/{name}/offsets"
    assert worker.request("PUT", f"/connectors/{name}/stop") == (204, None)
    entry = {"partition": {"filename": str(folder / name)}, "offset": {"position": 2}}
    status, answer = worker.request("PATCH", path, {"offsets": [entry]})
    assert (status, answer["message"]) == (200, "The offsets for this connector have been altered successfully")
    assert worker.request("GET", path) == (200, {"offsets": [entry]})
    status, answer = worker.request("DELETE", path)
    assert (status, answer["message"]) == (200, "The offsets for this connector have been reset successfully")
    assert worker.request("GET", path) == (200, {"offsets": []})
    nowhere = {"partition": None, "offset": {"position": 1}}
    assert worker.request("PATCH", path, {"offsets": [nowhere]})[0] == 500


def test_log_levels_of_the_whole_cluster(workers):
    assert workers[0].request("PUT", "/admin/loggers/some.where?scope=cluster", {"level": "debug"}) == (204, None)
    for worker in workers:
        wait_for(lambda w=worker: w.request("GET", "/admin/loggers/some.where")[1].get("level") == "DEBUG", 10, "level")


def test_a_worker_that_is_killed_is_missed(workers, tmp_path):
    members = workers[0].request("GET", "/workers")[1]["workers"]
    leader = next(member["url"] for member in members if member["state"] == "LEADER")
    following = next(worker for worker in workers if f":{_https_port(worker)}/" not in leader)
    leading = next(worker for worker in workers if worker is not following)
    for number in range(2):
        leading.create(f"k{number}", {"connector.class": FILE_SOURCE, "file": tmp_path / "x", "topic": "t"})
    leading.wait_running(2)
    following.kill()
    wait_for(lambda: leading.request("GET", "/workers")[1].get("summary") == "1 of 2", 30, "the loss to be noticed")
    (lost,) = [member for member in leading.request("GET", "/workers")[1]["workers"] if member["state"] == "LOST"]
    assert lost["since"] > 0


def _https_port(worker):
    line = next(line for line in worker.config.read_text().splitlines() if line.startswith("rest.advertised.port="))
    return line.partition("=")[2]
