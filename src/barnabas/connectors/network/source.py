"""The network source: one task, one port."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from barnabas import (
    ConfigDef,
    ConfigValue,
    ExactlyOnceSupport,
    Headers,
    Now,
    RecordMetadata,
    SourceBatch,
    SourceConnector,
    SourceRecord,
    SourceTask,
    Task,
)
from barnabas.connectors.network.config import CONFIG
from barnabas.connectors.network.formats import format_named
from barnabas.connectors.network.inbox import Chunk, Inbox, Receipt
from barnabas.connectors.network.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HttpSourceTask", "NetworkSourceConnector", "NetworkSourceTask"]

_WAIT_SECONDS = 1.0
_SHORT_WAIT_SECONDS = 0.005


class NetworkSourceTask(SourceTask):
    """Hands over what came in. Nothing can be asked for again, so there are no offsets."""

    def __init__(self) -> None:
        self._server: Server | None = None
        self._receipts: dict[int, Receipt] = {}

    def start(self, props: Mapping[str, str]) -> None:
        """Bind the port, and listen on a thread of its own.

        Raises:
            ConfigError: The port is taken, say.
        """
        super().start(props)
        config = CONFIG.parse(props)
        self._topic: str = config["topic"]
        self._limit: int = config["batch.size"]
        self._schema = format_named(config["format"], config["syslog.timezone"]).schema
        self._inbox = Inbox(config["buffer.bytes"])
        self._server = Server(config, self._inbox, self._receipts)
        self._server.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on; of use where the configured port is 0."""
        assert self._server is not None
        return self._server.address

    def poll(self) -> SourceBatch | None:
        """What came in, in the order it came; waits up to a second for the first."""
        assert self._server is not None
        chunks = self._inbox.take(self._limit, self._patience())
        self._server.check()
        return self._batch(chunks) if chunks else None

    def _patience(self) -> float:
        return _WAIT_SECONDS

    def _batch(self, chunks: list[Chunk]) -> SourceBatch:
        values = [value for chunk in chunks for value in chunk.values]
        return SourceBatch(
            self._topic,
            values,
            value_schema=self._schema,
            headers=_headers(chunks),
            timestamps=Now(len(values)),
        )

    def stop(self) -> None:
        """Close the port and all connections."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()


class HttpSourceTask(NetworkSourceTask):
    """Over HTTP the sender is told: each record carries the number of its request, and the last one answers it.

    The number is in the source offset, which comes back in ``commit_record``; without a source partition it is not
    stored.
    """

    def _patience(self) -> float:
        """Acknowledgements come between polls: somebody who waits for one must not wait for the end of a long poll."""
        return _SHORT_WAIT_SECONDS if self._receipts else _WAIT_SECONDS

    def _batch(self, chunks: list[Chunk]) -> SourceBatch:
        numbers: list[Mapping[str, int] | None] = []
        for chunk in chunks:
            assert chunk.receipt is not None
            numbers += [{"request": chunk.receipt.number}] * len(chunk.values)
        return super()._batch(chunks).replace(source_offsets=numbers)

    def commit_record(self, record: SourceRecord, metadata: RecordMetadata | None) -> None:
        """One message of a request is safe, or was left out on purpose by a transform or a tolerated error."""
        del metadata
        number = record.source_offset["request"] if record.source_offset else None
        receipt = self._receipts.get(number) if isinstance(number, int) else None
        if receipt is not None and receipt.acknowledge():
            self._receipts.pop(receipt.number, None)


def _headers(chunks: list[Chunk]) -> list[Headers | None] | None:
    if all(chunk.headers is None for chunk in chunks):
        return None
    return [entry for chunk in chunks for entry in (chunk.headers or [None] * len(chunk.values))]


class NetworkSourceConnector(SourceConnector):
    """One port, one task, on whichever worker it is given to."""

    CONFIG: ClassVar[ConfigDef] = CONFIG

    def task_class(self) -> type[Task]:
        """Only HTTP pays for being told about each record."""
        http = CONFIG.parse(self.props)["protocol"] == "http"
        return HttpSourceTask if http else NetworkSourceTask

    def exactly_once_support(self, props: Mapping[str, str]) -> ExactlyOnceSupport:
        """Never: what was sent to a port cannot be read again."""
        del props
        return ExactlyOnceSupport.UNSUPPORTED

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """Also what contradicts each other."""
        values = super().validate(props)
        known = {value.name: value for value in values}
        if known["protocol"].value == "udp" and known["tls.cert"].value:
            known["tls.cert"].add_error("There is no TLS for udp. Use tcp or http, or leave tls.cert out.")
        room, most = known["buffer.bytes"], known["max.message.bytes"]
        sized = known["protocol"].value == "http" and not (room.errors or most.errors)
        if sized and room.value < most.value:
            room.add_error("A body of max.message.bytes would never fit. Make buffer.bytes larger.")
        for name in ("tls.key", "tls.client.ca"):
            if known[name].value and not known["tls.cert"].value:
                known[name].add_error(f"{name} needs tls.cert, the server's certificate.")
        return values
