from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest

from barnabas.errors import ConfigError
from barnabas.herder.listeners import parse_listeners
from barnabas.rest import serve
from barnabas.rest.tls import server_context
from services.missing import unavailable


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": scope["scheme"].encode()[:2]})


async def get(port, tls=None):
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=tls, server_hostname="localhost" if tls else None
    )
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_several_listeners_and_no_signal_handlers():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [sock.getsockname()[1] for sock in sockets]
    async with serve(hello, sockets):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
        for port in ports:
            assert (await get(port)).startswith(b"HTTP/1.1 200")
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            await get(port)


async def test_answers_on_a_kept_connection_are_not_delayed():
    sock = socket.create_server(("127.0.0.1", 0))
    async with serve(hello, [sock]):
        reader, writer = await asyncio.open_connection("127.0.0.1", sock.getsockname()[1])
        began = time.monotonic()
        for _ in range(20):
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
        assert time.monotonic() - began < 0.5
        writer.close()
        await writer.wait_closed()


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    if shutil.which("openssl") is None:
        unavailable("https needs openssl to make a certificate: install it")
    folder = tmp_path_factory.mktemp("tls")
    key, cert, both = folder / "key", folder / "cert", folder / "both"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    both.write_text(key.read_text() + cert.read_text())
    return both


async def test_https_and_http_side_by_side(pem):
    props = {"ssl.keystore.type": "JKS", "ssl.keystore.location": "/nowhere"}
    props |= {"listeners.https.ssl.keystore.type": "PEM", "listeners.https.ssl.keystore.location": str(pem)}
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [sock.getsockname()[1] for sock in sockets]
    client = ssl.create_default_context(cafile=pem)
    async with serve(hello, sockets, parse_listeners(["https://localhost:1", "http://localhost:2"]), props):
        assert (await get(ports[0], client)).startswith(b"HTTP/1.1 200")
        assert (await get(ports[1])).startswith(b"HTTP/1.1 200")


async def test_client_certificates(pem):
    store = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(pem), "ssl.client.auth": "required"}
    trust = {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(pem)}
    assert server_context(store | trust).verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("props", "key"),
    [
        ({}, "ssl.keystore.location"),
        ({"ssl.keystore.location": "/x.jks"}, "ssl.keystore.location"),
        ({"ssl.keystore.location": "/x.jks", "ssl.keystore.type": "BKS"}, "ssl.keystore.type"),
        ({"ssl.keystore.location": "/nowhere.pem", "ssl.keystore.type": "PEM"}, "ssl.keystore.location"),
        ({"ssl.client.auth": "maybe"}, "ssl.client.auth"),
        ({"ssl.client.auth": "required"}, "ssl.truststore.location"),
        (
            {"ssl.client.auth": "required", "ssl.truststore.type": "PEM", "ssl.truststore.location": "/nowhere.pem"},
            "ssl.truststore.location",
        ),
    ],
)
def test_tls_settings_that_cannot_be_used(pem, props, key):
    good = {"ssl.keystore.location": str(pem), "ssl.keystore.type": "PEM"} if "ssl.client.auth" in props else {}
    with pytest.raises(ConfigError) as caught:
        server_context(good | props)
    assert caught.value.key == key
    assert caught.value.remedy
