"""Streams: a task a connection, which reads only while there is room, so that the sender is made to wait."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING

from barnabas import DataError
from barnabas.connectors.network.framing import framer
from barnabas.connectors.network.intake import Intake, peer_name

if TYPE_CHECKING:
    import socket

__all__ = ["TcpListener"]

log = logging.getLogger(__name__)

_READ = 64 << 10
_HANDSHAKE_SECONDS = 10.0


class TcpListener:
    """Accepts connections on a bound socket."""

    def __init__(self, intake: Intake, sock: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._intake = intake
        self._socket = sock
        self._tls = tls
        self._most: int = intake.config["max.connections"]
        self._idle: float = intake.config["idle.timeout.ms"] / 1000
        self._framing: str = intake.config["framing"]
        self._clients: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to accept."""
        handshake = _HANDSHAKE_SECONDS if self._tls else None
        self._server = await asyncio.start_server(
            self._client, sock=self._socket, ssl=self._tls, limit=_READ, ssl_handshake_timeout=handshake
        )

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = peer_name(writer.get_extra_info("peername"))
        if len(self._clients) >= self._most:
            self._intake.warnings.warn(f"{peer} was turned away: there are max.connections={self._most} already.")
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            await self._read(reader, peer)
        except DataError as error:
            self._intake.warnings.warn(f"The connection of {peer} was closed: {error}.")
        except TimeoutError:
            log.info("The connection of %s was closed: nothing came for %g s.", peer, self._idle)
        except (ConnectionError, ssl.SSLError) as error:
            self._intake.warnings.warn(f"The connection of {peer} broke, perhaps within a message: {error}.")
        except asyncio.CancelledError:
            log.debug("The connection of %s is closed because the task stops.", peer)
        finally:
            self._clients.discard(task)
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, peer: str) -> None:
        stream = framer(self._framing, self._intake.limit)
        while True:
            await self._intake.inbox.room()
            async with asyncio.timeout(self._idle):
                data = await reader.read(_READ)
            if not data:
                break
            if messages := stream.feed(data):
                self._intake.accept(messages, peer)
        if messages := stream.end():
            self._intake.accept(messages, peer)
