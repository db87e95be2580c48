"""The worker's end of a control channel; apart from the host's end, since no host has an event loop."""

from __future__ import annotations

import asyncio
import socket

from barnabas.supervisor.channel import LENGTH, ToHost, ToWorker, decode_for_worker, frame

__all__ = ["AsyncChannel"]


class AsyncChannel:
    """The worker's end, on the event loop."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Attach to the running loop."""
        self._reader, self._writer = await asyncio.open_unix_connection(sock=self._socket)

    def send(self, message: ToHost) -> None:
        """Queue a message; never waits. Messages to a host that is gone are dropped: its end is noticed by reading."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame(message))

    async def receive(self) -> ToWorker | None:
        """The next message, or ``None`` when the host is gone."""
        if self._reader is None:
            return None
        try:
            head = await self._reader.readexactly(LENGTH.size)
            message: ToWorker = decode_for_worker(await self._reader.readexactly(LENGTH.unpack(head)[0]))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return message

    def close(self) -> None:
        """Let go: the host sees the end of file and ends."""
        if self._writer is not None:
            self._writer.close()
        else:
            self._socket.close()
