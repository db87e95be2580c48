"""Starting, stopping, and wrong starts; bytes that no client should send."""

from __future__ import annotations

import os
import socket
import struct
import time

import psutil
import pytest
from broker_clients import BrokerProcess, converse, exchange, producer, receive, send
from confluent_kafka import KafkaException

from barnabas.broker import Broker, BrokerSettings, EmbeddedBroker
from barnabas.broker.codes import ErrorCode
from barnabas.errors import ConfigError


def test_only_loopback_unless_allowed(tmp_path):
    with pytest.raises(ConfigError, match=r"does not listen on 0\.0\.0\.0") as caught:
        Broker(tmp_path, "0.0.0.0")
    assert (caught.value.key, bool(caught.value.remedy)) == ("--host", True)
    with pytest.raises(ConfigError):
        Broker(tmp_path, "example.org")
    Broker(tmp_path, "localhost")
    with EmbeddedBroker(tmp_path, "0.0.0.0", settings=BrokerSettings(allow_remote=True)) as live:
        send(live.bootstrap, "t", [b"x"])
    with EmbeddedBroker(tmp_path, settings=BrokerSettings(advertised_host="localhost")) as live:
        assert exchange(live.port, 3, 9, {"topics": []})["brokers"][0]["host"] == "localhost"


def test_port_in_use(tmp_path):
    with EmbeddedBroker(tmp_path / "a") as live, pytest.raises(ConfigError, match="in use") as caught:
        EmbeddedBroker(tmp_path / "b", port=live.port)
    assert caught.value.key == "--port"


def test_folder_in_use(tmp_path):
    with EmbeddedBroker(tmp_path), pytest.raises(ConfigError, match="another broker") as caught:
        EmbeddedBroker(tmp_path)
    assert caught.value.key == "--data"
    EmbeddedBroker(tmp_path).stop()


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigError, match="cannot write") as caught:
        EmbeddedBroker(tmp_path / "file" / "data")
    assert caught.value.key == "--data"


def test_unknown_host(tmp_path):
    with pytest.raises(ConfigError) as caught:
        EmbeddedBroker(tmp_path, "192.0.2.1", settings=BrokerSettings(allow_remote=True))
    assert caught.value.key == "--host"


def test_serve_ends_with_sigterm_and_uses_little_memory(tmp_path):
    began = time.monotonic()
    broker = BrokerProcess(tmp_path)
    assert time.monotonic() - began < 3
    send(broker.bootstrap, "t", [b"x" * 500] * 20_000)
    assert psutil.Process(broker.process.pid).memory_info().rss < 60 << 20
    assert broker.terminate() == 0


def test_stop_twice(tmp_path):
    live = EmbeddedBroker(tmp_path)
    live.stop()
    live.stop()


def open_to(live):
    return socket.create_connection(("127.0.0.1", live.port), 5)


def test_unknown_version_of_api_versions(live):
    with open_to(live) as connection:
        connection.sendall(struct.pack(">ihhih", 10, 18, 99, 5, -1))
        answer = receive(connection)
        correlation, error, count = struct.unpack(">ihi", answer[:10])
        assert (correlation, error, count) == (5, ErrorCode.UNSUPPORTED_VERSION, len(live.broker.apis))
        assert converse(connection, 18, 4, {"client_software_name": "a"})["error_code"] == 0


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">ihhih", 10, 999, 0, 5, -1),  # no such API
        struct.pack(">ihhih", 10, 3, 99, 5, -1),  # no such version
        struct.pack(">ihhih", 10, 3, 1, 5, 500),  # a client id longer than the frame
        struct.pack(">ihhihi", 14, 3, 1, 5, -1, 99999),  # an array longer than the frame
        struct.pack(">i", -5),
        struct.pack(">i", 1 << 30),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_nonsense_closes_the_connection_and_nothing_else(live, data):
    with open_to(live) as good, open_to(live) as bad:
        bad.sendall(data)
        with pytest.raises(ConnectionError):
            receive(bad)
        assert converse(good, 18, 0, {})["error_code"] == 0


def test_requests_in_pieces_and_in_heaps(live):
    frame = struct.pack(">ihhih", 10, 18, 0, 5, -1)
    with open_to(live) as connection:
        for byte in frame:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        receive(connection)
        connection.sendall(frame * 500)
        for _ in range(500):
            receive(connection)


def test_sasl_is_refused_clearly(live):
    answer = exchange(live.port, 17, 1, {"mechanism": "PLAIN"})
    assert answer == {"error_code": ErrorCode.UNSUPPORTED_SASL_MECHANISM, "mechanisms": []}
    errors = []
    client = producer(
        live.bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="u",
        sasl_password="p",
        error_cb=errors.append,
    )
    with pytest.raises(KafkaException):
        client.list_topics(timeout=0.7)
    client.poll(0)
    assert any("mechanism" in error.str() for error in errors)


def test_an_error_inside_a_handler_is_answered(live, monkeypatch):
    def broken():
        raise RuntimeError("a bug")

    monkeypatch.setattr(live.broker.topics, "all", broken)
    answer = exchange(live.port, 3, 13, {"topics": None})
    assert answer["error_code"] == ErrorCode.UNKNOWN_SERVER_ERROR


def test_many_connections_come_and_go(live):
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only counted
    for _ in range(200):
        assert exchange(live.port, 18, 0, {})["error_code"] == 0
    deadline = time.monotonic() + 5
    while live.broker.connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not live.broker.connections
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208 - only counted
