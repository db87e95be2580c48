"""Short names for what the broker's tests do with real clients, and raw frames for what clients would not do."""

from __future__ import annotations

import logging
import socket
import struct
import subprocess
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from barnabas.broker.apis import ALL
from barnabas.broker.wire import Reader, Writer

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # kafka-python reads its schemas in an old-fashioned way
    import kafka  # noqa: F401 - for the tests, which get it from here

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

silent = logging.getLogger("tests.broker.client")
silent.addHandler(logging.NullHandler())
silent.propagate = False

_kept: dict[str, AdminClient] = {}

_SERVE = """
import asyncio, sys
from pathlib import Path
from barnabas.broker import serve
asyncio.run(serve(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]), announce=lambda line: print(line, flush=True)))
"""


def producer(bootstrap: str, **settings: Any) -> Producer:
    """A producer; settings with underscores for dots."""
    return Producer({"bootstrap.servers": bootstrap, "linger.ms": 1, **_dotted(settings)}, logger=silent)


def consumer(bootstrap: str, **settings: Any) -> Consumer:
    """A consumer that starts at the beginning and commits nothing by itself."""
    defaults = {
        "group.id": "tests",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "fetch.wait.max.ms": 50,  # closing waits for the fetch that is under way
    }
    return Consumer({"bootstrap.servers": bootstrap, **defaults, **_dotted(settings)}, logger=silent)


def admin(bootstrap: str) -> AdminClient:
    """An admin client, kept for the next call: without a reference its futures fail."""
    if bootstrap not in _kept:
        _kept.clear()
        _kept[bootstrap] = AdminClient({"bootstrap.servers": bootstrap}, logger=silent)
    return _kept[bootstrap]


def _dotted(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key if key.endswith("_cb") else key.replace("_", "."): value for key, value in settings.items()}


def create(bootstrap: str, topic: str, partitions: int = 1, **config: Any) -> None:
    """Create a topic; config keys with underscores for dots."""
    values = {key: str(value) for key, value in _dotted(config).items()}
    futures = admin(bootstrap).create_topics([NewTopic(topic, partitions, 1, config=values)])
    futures[topic].result(10)


def send(bootstrap: str, topic: str, values: Iterable[bytes], key: bytes | None = None, **settings: Any) -> list[int]:
    """Produce to partition 0 and return the offsets."""
    offsets: list[int] = []
    failures: list[Any] = []

    def delivered(error: Any, message: Message) -> None:
        if error is None:
            offsets.append(message.offset())
        else:
            failures.append(error)

    client = producer(bootstrap, **settings)
    for value in values:
        client.produce(topic, value, key, partition=0, on_delivery=delivered)
        client.poll(0)
    left = client.flush(20)
    assert not left, f"{left} records were not delivered"
    assert not failures, failures
    return offsets


def read(
    bootstrap: str,
    topic: str,
    count: int,
    *,
    limit: float = 10.0,
    partition: int = 0,
    until: bytes | None = None,
    **settings: Any,
) -> list[Message]:
    """Messages of a partition from its beginning: ``count``, or to value ``until``, or what comes within ``limit``."""
    client = consumer(bootstrap, **settings)
    client.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
    found: list[Message] = []
    deadline = time.monotonic() + limit
    while len(found) < count and time.monotonic() < deadline:
        for message in client.consume(min(count - len(found), 1000), 0.1):
            assert message.error() is None, message.error()
            found.append(message)
        if until is not None and found and found[-1].value() == until:
            break
    client.close()
    return found


def values(messages: Iterable[Message]) -> list[bytes | None]:
    """The values."""
    return [message.value() for message in messages]


def exchange(port: int, key: int, version: int, body: Mapping[str, Any], *, client_id: str = "raw") -> dict[str, Any]:
    """Send one request and decode the answer with the broker's own schemas."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        return converse(connection, key, version, body, client_id=client_id)


def converse(
    connection: socket.socket, key: int, version: int, body: Mapping[str, Any], *, client_id: str = "raw"
) -> dict[str, Any]:
    """The same on an open connection."""
    api = ALL[key]
    writer = Writer()
    name = client_id.encode()
    writer.raw(struct.pack(">hhih", key, version, 7, len(name)) + name)
    flexible = api.request.is_flexible(version)
    if flexible:
        writer.raw(b"\0")
    api.request.encode(writer, version, dict(body))
    frame = b"".join(writer.parts())
    connection.sendall(len(frame).to_bytes(4, "big") + frame)
    reader = Reader(receive(connection))
    assert reader.int32() == 7
    if flexible and key != 18:
        reader.skip_tagged()
    answer = api.response.decode(reader, version)
    assert reader.pos == reader.end, "the answer has bytes left over"
    return answer


def receive(connection: socket.socket) -> bytes:
    """One frame; raises ``ConnectionError`` when the broker closes the connection instead."""
    size = int.from_bytes(_exactly(connection, 4), "big")
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("closed by the broker")
        data += chunk
    return data


class BrokerProcess:
    """A broker in a process of its own, which can be killed."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(folder), str(port)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("development broker on "), line
        self.bootstrap = line.split()[3].rstrip(",")
        self.port = int(self.bootstrap.rpartition(":")[2])

    def kill(self) -> None:
        """``kill -9``."""
        self.process.kill()
        self._close()

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        self._close()
        return self.process.returncode

    def _close(self) -> None:
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
