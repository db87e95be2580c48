"""Datagrams: read in bunches while there is room; otherwise the system's buffer holds them, and then drops them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from barnabas.connectors.network.intake import Intake, peer_name

if TYPE_CHECKING:
    import socket

__all__ = ["UdpListener"]

_BUNCH = 256
_LARGEST = 65535


class UdpListener:
    """Reads a bound socket."""

    def __init__(self, intake: Intake, sock: socket.socket) -> None:
        self._intake = intake
        self._socket = sock
        self._resume: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    async def start(self) -> None:
        """Begin to read."""
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket, self._readable)

    async def stop(self) -> None:
        """Close the port."""
        if self._resume is not None:
            self._resume.cancel()
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        """Take a bunch; messages of one sender in a row go together."""
        messages: list[bytes] = []
        last = None
        for data, address in self._bunch():
            if address != last and messages:
                self._intake.accept(messages, peer_name(last))
                messages = []
            messages.append(data)
            last = address
        if messages:
            self._intake.accept(messages, peer_name(last))
        if self._intake.inbox.full:
            self._loop.remove_reader(self._socket)
            self._resume = self._loop.create_task(self._wait())

    def _bunch(self) -> list[tuple[bytes, object]]:
        bunch: list[tuple[bytes, object]] = []
        for _ in range(_BUNCH):
            try:
                data, address = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                break
            except OSError as error:  # an ICMP message about an earlier datagram: nothing was received
                self._intake.warnings.warn(f"A datagram could not be received: {error}.")
                break
            if len(data) > self._intake.limit:
                self._intake.warnings.warn(
                    f"A datagram of {len(data)} bytes from {peer_name(address)} was dropped: "
                    f"max.message.bytes={self._intake.limit}."
                )
                continue
            bunch.append((data, address))
        return bunch

    async def _wait(self) -> None:
        await self._intake.inbox.room()
        self._loop.add_reader(self._socket, self._readable)
