"""A worker against a Kafka that wants TLS and a password: right, wrong, and what is said then."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from services.kafka_tls import jaas, make_certificates
from services.worker import BarnabasWorker

pytestmark = pytest.mark.kafka


def ends(folder, kafka, **changes):
    """Run a worker that is expected to end by itself; its exit code, its last line, and how long it took."""
    folder.mkdir(exist_ok=True)
    settings = {**kafka.security.client, **{key.replace("_", "."): value for key, value in changes.items()}}
    worker = BarnabasWorker(folder, kafka.bootstrap, settings)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "barnabas", "standalone", worker.config],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "wrong-one" not in done.stderr
    return done.returncode, done.stderr.splitlines()[-1], time.monotonic() - began


def test_the_right_password(secure_kafka, tmp_path):
    with BarnabasWorker(tmp_path, secure_kafka.bootstrap, secure_kafka.security.client) as worker:
        status, info = worker.request("GET", "/")
    assert status == 200
    assert info["kafka_cluster_id"]


def test_a_wrong_password(secure_kafka, tmp_path):
    code, line, seconds = ends(tmp_path, secure_kafka, sasl_jaas_config=jaas("connect", "wrong-one"))
    assert code == 2
    assert line.startswith("barnabas: Failed to connect to and describe Kafka cluster.")
    assert "sasl.jaas.config" in line
    assert seconds < 20


def test_an_authority_that_is_not_the_brokers(secure_kafka, tmp_path):
    other = make_certificates(tmp_path / "other").authority
    code, line, seconds = ends(tmp_path / "worker", secure_kafka, ssl_truststore_location=other)
    assert code == 2
    assert "ssl.truststore.location" in line
    assert seconds < 20


def test_no_tls_where_it_is_wanted(secure_kafka, tmp_path):
    code, line, _ = ends(tmp_path, secure_kafka, security_protocol="PLAINTEXT", default_api_timeout_ms="3000")
    assert code == 2
    assert "Failed to connect to and describe Kafka cluster" in line
