"""One client's connection: frames in, answers out, strictly in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

from barnabas.broker.dispatch import DisconnectError, answer

if TYPE_CHECKING:
    from barnabas.broker.server import Broker

__all__ = ["Connection"]

_logger = logging.getLogger(__name__)
_SCRATCH = 8 << 10
_PREFIX = 4
_MOST_WAITING = 16  # requests read ahead while one is being handled
_TLS_HANDSHAKE = 0x1603


class Connection(asyncio.BufferedProtocol):
    """Cuts the incoming bytes into requests and hands them, one at a time, to the dispatcher.

    Large requests are received straight into their own buffer, in which the log later fills in the offsets: record
    batches are never copied. A client that does not read its answers is not read from.

    Args:
        broker: Whose client this is; keeps a set of connections.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._scratch = bytearray(_SCRATCH)
        self._filled = 0
        self._body: bytearray | None = None
        self._waiting: deque[bytearray] = deque()
        self._paused = False
        self._wake: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._worker: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start handling requests."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._broker.connections.add(self)
        self._worker = asyncio.get_running_loop().create_task(self._work(str(peer[0]), str(local[0])))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface; the reason is theirs
        """Stop handling requests; what was begun is cancelled."""
        self._broker.connections.discard(self)
        self._body = None
        if self._worker is not None:
            self._worker.cancel()

    def abort(self) -> None:
        """Disconnect at once."""
        if self._transport is not None:
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's interface
        """Where the next bytes go."""
        target = self._scratch if self._body is None else self._body
        return memoryview(target)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes have arrived."""
        self._filled += nbytes
        if self._body is None:
            self._cut()
        elif self._filled == len(self._body):
            self._enqueue(self._body)
            self._body, self._filled = None, 0

    def _cut(self) -> None:
        """Take whole requests out of the scratch buffer; a larger one gets a buffer of its own."""
        scratch, position = self._scratch, 0
        while self._filled - position >= _PREFIX:
            size = int.from_bytes(scratch[position : position + _PREFIX], "big")
            if not 8 <= size <= self._broker.settings.max_request_bytes:  # noqa: PLR2004 - the fixed part of a header
                self._refuse(size)
                return
            start = position + _PREFIX
            have = self._filled - start
            if have >= size:
                self._enqueue(scratch[start : start + size])
                position = start + size
            elif size + _PREFIX > _SCRATCH:
                self._body = bytearray(size)
                self._body[:have] = scratch[start : self._filled]
                self._filled = have
                return
            else:
                break
        rest = self._filled - position
        scratch[:rest] = scratch[position : self._filled]
        self._filled = rest

    def _refuse(self, size: int) -> None:
        if size >> 16 == _TLS_HANDSHAKE:
            _logger.error("a client wants TLS, which the development broker does not speak: use PLAINTEXT")
        else:
            _logger.error("a client sent a request of %d bytes; is it a Kafka client?", size)
        self.abort()

    def _enqueue(self, frame: bytearray) -> None:
        self._waiting.append(frame)
        if len(self._waiting) > _MOST_WAITING and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    async def _work(self, client_host: str, local_host: str) -> None:
        """Handle requests until the connection is lost."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                if not self._waiting:
                    self._wake = loop.create_future()
                    await self._wake
                await self._one(self._waiting.popleft(), client_host, local_host)
        except DisconnectError as error:
            if str(error):
                _logger.warning("%s", error)
            self.abort()
        except asyncio.CancelledError:
            return  # the connection is gone
        except Exception:
            _logger.exception("a connection from %s is closed after an error in the broker", client_host)
            self.abort()

    async def _one(self, frame: bytearray, client_host: str, local_host: str) -> None:
        transport = self._transport
        assert transport is not None
        if self._paused and not self._waiting:
            self._paused = False
            transport.resume_reading()
        parts = await answer(self._broker, frame, client_host, local_host)
        if parts is None or transport.is_closing():
            return
        transport.writelines(parts)
        if self._writable is not None:
            await self._writable
