"""NetworkSource over real sockets."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from barnabas import ConfigError, ExactlyOnceSupport, Schema
from barnabas.connectors.network import HttpSourceTask, NetworkSourceConnector, NetworkSourceTask
from barnabas.connectors.network import source as source_module
from barnabas.connectors.network.syslog import SYSLOG
from barnabas.testing import SourceConformance, SourceHarness


def props(**more):
    return {"topic": "t", "port": "0", **{key.replace("_", "."): str(value) for key, value in more.items()}}


@pytest.fixture
def source():
    running = []

    def make(**more):
        running.append(SourceHarness(NetworkSourceConnector, props(**more)).start())
        return running[-1]

    yield make
    for one in running:
        one.stop()


def send(harness, data):
    with socket.create_connection(harness.task.address) as client:
        client.sendall(data)


def post(harness, body, path="/", method="POST", timeout=20, headers=None):
    """Status and text of the answer."""
    client = http.client.HTTPConnection(*harness.task.address, timeout=timeout)
    try:
        client.request(method, path, body, headers or {})
        response = client.getresponse()
        return response.status, response.read().decode(), dict(response.getheaders())
    finally:
        client.close()


class TestTcpConformance(SourceConformance):
    connector_class = NetworkSourceConnector
    keeps_offsets = False

    def props(self):
        return props()

    def make_input(self, n):
        lines = [f"line {number}" for number in range(n)]
        send(self.harness, "".join(line + "\n" for line in lines).encode())
        return lines


class TestUdpConformance(TestTcpConformance):
    def props(self):
        return props(protocol="udp")

    def make_input(self, n):
        lines = [f"datagram {number}" for number in range(n)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for line in lines:
                client.sendto(line.encode(), self.harness.task.address)
        return lines


class TestHttpConformance(TestTcpConformance):
    def props(self):
        return props(protocol="http", http_lines="true")

    def make_input(self, n):
        lines = [f"posted {number}" for number in range(n)]
        self.poster = threading.Thread(target=post, args=(self.harness, "\n".join(lines)))
        self.poster.start()
        return lines

    def teardown_method(self):
        super().teardown_method()
        if hasattr(self, "poster"):
            self.poster.join(10)


def test_tcp_lines_of_one_connection_in_order(source):
    one = source()
    send(one, b"a\r\nb\n\nlast without end")
    batch = one.poll_batch()
    while len(batch) < 4:
        batch = [*batch, *one.poll_batch()]
    assert [record.value for record in batch] == ["a", "b", "", "last without end"]
    assert batch[0].value_schema is Schema.STRING
    assert batch[0].source_partition is None
    assert batch[0].headers is None


def test_tcp_length_framed_bytes(source):
    one = source(framing="length", format="bytes")
    send(one, b"\0\0\0\3a\nb\0\0\0\0\0\0\0\1\xff")
    assert one.values(3) == [b"a\nb", b"", b"\xff"]


def test_json_and_what_is_none(source):
    one = source(format="json", include_peer="true")
    send(one, b'{"a": 1}\n\nnot json\n[2]\n')
    records = one.poll(3)
    assert [record.value for record in records] == [{"a": 1}, "not json", [2]]
    assert [record.value_schema for record in records] == [None] * 3
    assert records[1].headers.last_with_name("network.invalid").value.startswith("no JSON")
    assert records[0].headers.last_with_name("network.invalid") is None
    assert records[0].headers.last_with_name("network.peer").value.startswith("127.0.0.1:")


def test_syslog_over_udp(source):
    one = source(protocol="udp", format="syslog")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"<34>1 2026-01-02T03:04:05Z host app 1 - - hello", one.task.address)
        client.sendto(b"no syslog \xff", one.task.address)
    good, bad = one.poll(2)
    assert good.value_schema is SYSLOG
    assert (good.value["hostname"], good.value["message"], good.value["parsed"]) == ("host", "hello", True)
    assert (bad.value["message"], bad.value["parsed"]) == ("no syslog �", False)


def test_a_line_beyond_the_limit_closes_the_connection_and_keeps_what_came_before(source, caplog):
    one = source(max_message_bytes=10)
    with socket.create_connection(one.task.address) as client:
        client.sendall(b"fine\n")
        assert one.values(1) == ["fine"]
        client.sendall(b"x" * 11)
        client.settimeout(5)
        assert closed(client)
    assert "longer than max.message.bytes=10" in caplog.text
    send(one, b"others go on\n"[:9])
    assert one.values(1) == ["others go"]


def closed(client):
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_datagram_beyond_the_limit_is_dropped_and_mentioned(source, caplog):
    one = source(protocol="udp", max_message_bytes=5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x" * 6, one.task.address)
        client.sendto(b"short", one.task.address)
    assert one.values(1) == ["short"]
    assert "A datagram of 6 bytes" in caplog.text


def test_connections_are_limited(source, caplog):
    one = source(max_connections=2)
    clients = [socket.create_connection(one.task.address) for _ in range(2)]
    for client in clients:
        client.sendall(b"in\n")
    assert one.values(2) == ["in", "in"]
    with socket.create_connection(one.task.address) as third:
        third.settimeout(5)
        assert closed(third)
    assert "max.connections=2" in caplog.text
    for client in clients:
        client.close()


def test_idle_connections_are_closed(source):
    one = source(idle_timeout_ms=100)
    with socket.create_connection(one.task.address) as client:
        client.settimeout(5)
        assert closed(client)


def test_a_full_buffer_makes_tcp_senders_wait_and_loses_nothing(source):
    """Far more than fits is sent while nobody polls: the sender blocks, memory stays bounded, then all arrives."""
    one = source(buffer_bytes=1 << 16)
    lines = [f"{number:07d}{'x' * 993}" for number in range(20_000)]
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send, one, "".join(line + "\n" for line in lines).encode())
        time.sleep(0.7)
        assert not sent.done()
        assert one.task._inbox.used < (1 << 16) + (1 << 18)
        assert one.values(len(lines), 30) == lines
        sent.result(5)


def test_a_full_buffer_leaves_datagrams_to_the_system_and_goes_on_after(source):
    one = source(protocol="udp", buffer_bytes=1 << 16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for number in range(400):
            client.sendto(b"%03d" % number + b"x" * 997, one.task.address)
            if number % 50 == 0:
                time.sleep(0.01)
        time.sleep(0.2)
        assert one.task._inbox.used < (1 << 16) + 400_000
        got = [value[:3] for value in one.values(400, 5)]
        assert got == sorted(got)
        client.sendto(b"after", one.task.address)
        assert one.values(1)[-1] == "after"


def posting(pool, harness, body, **more):
    return pool.submit(post, harness, body, **more)


def test_http_is_answered_only_after_the_acknowledgement(source):
    one = source(protocol="http", format="json", include_peer="true")
    with ThreadPoolExecutor(1) as pool:
        answer = posting(pool, one, b'{"a": 1}')
        (record,) = one.poll(1)
        assert record.value == {"a": 1}
        assert record.headers.last_with_name("network.peer").value.startswith("127.0.0.1:")
        time.sleep(0.2)
        assert not answer.done()
        one.commit()
        status, text, _ = answer.result(5)
        assert (status, json.loads(text)) == (200, {"records": 1})
    assert one.offsets == {}
    assert one.task._receipts == {}


def test_http_does_not_sit_in_a_poll_while_somebody_waits(source):
    """A worker tells of acknowledgements between polls."""
    one = source(protocol="http")
    with ThreadPoolExecutor(1) as pool:
        answer = posting(pool, one, b"x")
        assert one.values(1) == ["x"]
        started = time.monotonic()
        assert not one.poll_batch()
        assert time.monotonic() - started < 0.5
        one.commit()
        assert answer.result(5)[0] == 200
    while one.task._receipts:
        time.sleep(0.01)
    started = time.monotonic()
    assert not one.poll_batch()
    assert time.monotonic() - started > 0.8


def test_http_waits_for_every_line_of_a_body(source):
    one = source(protocol="http", http_lines="true")
    with ThreadPoolExecutor(1) as pool:
        answer = posting(pool, one, b"a\nb\nc\n")
        first, second, third = one.poll(3)
        for record in (first, second):
            one.task.commit_record(record, None)
        time.sleep(0.2)
        assert not answer.done()
        one.task.commit_record(third, None)
        assert answer.result(5)[0] == 200


def test_http_many_at_a_time(source):
    one = source(protocol="http")
    bodies = [f"body {number}" for number in range(50)]
    with ThreadPoolExecutor(10) as pool:
        answers = [posting(pool, one, body) for body in bodies]
        seen = []
        while len(seen) < len(bodies):
            seen += [record.value for record in one.poll_batch()]
            one.commit()
        assert [answer.result(5)[0] for answer in answers] == [200] * 50
    assert sorted(seen) == sorted(bodies)


def test_http_that_kafka_does_not_acknowledge_in_time_is_503(source):
    one = source(protocol="http", http_ack_timeout_ms=100)
    status, _, headers = post(one, b"x")
    assert (status, headers["Retry-After"]) == (503, "1")
    assert one.values(1) == ["x"]
    one.commit()


def test_http_requests_that_wait_when_the_task_stops_are_503(source):
    one = source(protocol="http")
    with ThreadPoolExecutor(1) as pool:
        answer = posting(pool, one, b"x")
        assert one.values(1) == ["x"]
        started = time.monotonic()
        one.stop()
        assert time.monotonic() - started < 3
        assert answer.result(5)[0] == 503


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"body": b"x", "path": "/other"}, 404),
        ({"body": None, "method": "GET"}, 405),
        ({"body": b"x" * 101}, 413),
        ({"body": b"", "method": "POST"}, 400),
        ({"body": b"{nope"}, 400),
    ],
)
def test_http_refusals(source, request_, status):
    one = source(protocol="http", format="json", max_message_bytes=100, http_path="/")
    assert post(one, **request_)[0] == status


def test_http_chunked_bodies_are_limited_too(source):
    one = source(protocol="http", max_message_bytes=100)
    with socket.create_connection(one.task.address, timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.sendall(b"65\r\n" + b"x" * 101 + b"\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_http_slow_bodies_are_408(source):
    one = source(protocol="http", http_request_timeout_ms=100)
    with socket.create_connection(one.task.address, timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        assert client.recv(100).startswith(b"HTTP/1.1 408")
    assert one.task._inbox.used == 0


def test_http_is_429_while_the_buffer_is_full(source):
    one = source(protocol="http", buffer_bytes=1 << 16)
    with ThreadPoolExecutor(1) as pool:
        first = posting(pool, one, b"x" * 60_000)
        while not one.task._inbox.used >= 60_000:
            time.sleep(0.01)
        status, _, headers = post(one, b"y" * 10_000)
        assert (status, headers["Retry-After"]) == (429, "1")
        assert one.values(1) == ["x" * 60_000]
        one.commit()
        assert first.result(5)[0] == 200
        again = posting(pool, one, b"y" * 10_000)
        one.poll(1)
        one.commit()
        assert again.result(5)[0] == 200
    assert one.task._inbox.used == 0


def test_http_connections_are_limited(source):
    one = source(protocol="http", max_connections=1)
    with socket.create_connection(one.task.address, timeout=5) as first:
        first.sendall(b"POST / HTTP/1.1\r\n")
        time.sleep(0.1)
        with socket.create_connection(one.task.address, timeout=5) as second:
            assert second.recv(100).startswith(b"HTTP/1.1 503")


def test_http_connections_that_say_nothing_are_closed(source):
    one = source(protocol="http", idle_timeout_ms=200)
    with socket.create_connection(one.task.address, timeout=5) as client:
        client.sendall(b"POST / HT")
        assert closed(client)


def test_http_expect_100_continue(source):
    one = source(protocol="http")
    with socket.create_connection(one.task.address, timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"abc")
        assert one.values(1) == ["abc"]
        one.commit()
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def certificate(folder, name, issuer=None):
    """Files with a certificate for 127.0.0.1 and its key; self-signed, or by ``issuer``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signer_name, signer_key = issuer[2:] if issuer else (subject, key)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(signer_key, hashes.SHA256())
    )
    cert, private = folder / f"{name}.pem", folder / f"{name}.key"
    cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pw")
        )
    )
    return cert, private, subject, key


@pytest.mark.parametrize("protocol", ["tcp", "http"])
def test_tls_with_client_certificates(source, tmp_path, protocol, caplog):
    authority = certificate(tmp_path, "authority")
    server = certificate(tmp_path, "server", authority)
    client = certificate(tmp_path, "client", authority)
    one = source(
        protocol=protocol,
        tls_cert=server[0],
        tls_key=server[1],
        tls_key_password="pw",
        tls_client_ca=authority[0],
    )
    context = ssl.create_default_context(cafile=authority[0])
    with pytest.raises((ssl.SSLError, ConnectionError)):
        knock(one, context)
    context.load_cert_chain(client[0], client[1], "pw")
    with secure(one, context) as friend:
        if protocol == "tcp":
            friend.sendall(b"hello\n")
        else:
            friend.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        assert one.values(1) == ["hello"]
        one.commit()
        if protocol == "http":
            assert friend.recv(100).startswith(b"HTTP/1.1 200")


def knock(harness, context):
    """With TLS 1.3 a client hears that it is refused only when it reads."""
    with secure(harness, context) as stranger:
        stranger.sendall(b"x\n")
        if not stranger.recv(1):
            raise ConnectionResetError


def secure(harness, context):
    plain = socket.create_connection(harness.task.address, timeout=5)
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except BaseException:
        plain.close()
        raise


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"host": "no.such.host.invalid"}, "host"),
        ({"host": "203.0.113.1"}, "host"),
        ({"tls_cert": "/no/such.pem"}, "tls.cert"),
        ({"port": "x"}, "port"),
        ({"port": "65536"}, "port"),
        ({"protocol": "tpc"}, "protocol"),
        ({"syslog_timezone": "Europe/Nowhere"}, "syslog.timezone"),
        ({"syslog_timezone": "../etc"}, "syslog.timezone"),
        ({"http_path": "in"}, "http.path"),
    ],
)
def test_wrong_settings_name_their_key(source, more, key):
    with pytest.raises(ConfigError) as caught:
        source(**more)
    assert caught.value.key == key
    assert caught.value.remedy or key == "port"


@pytest.mark.parametrize("protocol", ["tcp", "udp", "http"])
def test_a_port_in_use_is_one_clear_error(source, protocol):
    one = source(protocol=protocol)
    with pytest.raises(ConfigError, match="Address already in use") as caught:
        source(protocol=protocol, port=one.task.address[1])
    assert caught.value.key == "port"
    assert "Choose a free port" in caught.value.remedy


def test_validation_finds_contradictions():
    def errors(**more):
        return {value.name: value.errors for value in NetworkSourceConnector().validate(props(**more)) if value.errors}

    assert errors() == {}
    assert set(errors(protocol="udp", tls_cert="x")) == {"tls.cert"}
    assert set(errors(protocol="http", buffer_bytes=1 << 16)) == {"buffer.bytes"}
    assert set(errors(protocol="http", buffer_bytes="x")) == {"buffer.bytes"}
    assert set(errors(tls_key="x", tls_client_ca="y")) == {"tls.key", "tls.client.ca"}


def test_only_http_asks_to_be_told_about_records():
    connector = NetworkSourceConnector()
    connector.start(props())
    assert connector.task_class() is NetworkSourceTask
    connector.start(props(protocol="http"))
    assert connector.task_class() is HttpSourceTask
    assert connector.exactly_once_support({}) is ExactlyOnceSupport.UNSUPPORTED


def test_a_listener_that_fails_fails_the_task(source, monkeypatch):
    monkeypatch.setattr(source_module, "_WAIT_SECONDS", 0.01)
    one = source()
    one.task._server._error = RuntimeError("gone")
    with pytest.raises(Exception, match="The listener failed"):
        one.poll_batch()
