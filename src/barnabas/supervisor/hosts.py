"""Host processes as the worker sees them: spawning, requests with deadlines, ends.

Everything here runs on the worker's event loop and trusts no host: a host may answer late, never, or with its death.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from barnabas.errors import HostDiedError, HungError
from barnabas.lease import LEASE_EXIT, lease_clock
from barnabas.log_levels import LevelChange
from barnabas.supervisor.api import RemoteError
from barnabas.supervisor.async_channel import AsyncChannel
from barnabas.supervisor.board import Board, Slot
from barnabas.supervisor.channel import Done, Quit, SetLevel, ToHost, ToWorker
from barnabas.supervisor.forkserver import ForkServer

__all__ = ["Host", "HostPool", "how_it_ended", "no_fork_server"]

_SPAWN_DEADLINE = 30.0
_MAX_REPORT = 4096


def how_it_ended(status: int) -> str:
    """A wait status in words."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        hint = " (killed: by hand, or by the kernel because memory ran out)" if number == 9 else ""  # noqa: PLR2004
        return f"was ended by signal {number}{hint}"
    return f"exited with code {os.waitstatus_to_exitcode(status)}"


class Host:
    """One host process: its channel, its board, and the units in it.

    Args:
        pool: Who made it.
        name: For process lists and messages.
        slots: How many units it may hold at once.
        on_message: Receives what the host sends of its own accord.
        on_end: Called once when the process is gone, with the reason.
        leased: Whether it may only run while its worker is a member of its group.

    Attributes:
        fenced: Its worker may have been replaced while it ran: it was ended, and nothing it said counts any more.
        lease_over: It has ended by itself, because its lease was over.
    """

    def __init__(
        self,
        pool: HostPool,
        name: str,
        slots: int,
        on_message: Callable[[Host, ToWorker], None],
        on_end: Callable[[Host, HostDiedError], None],
        *,
        leased: bool = False,
    ) -> None:
        self._pool = pool
        self.name = name
        self._on_message = on_message
        self._on_end = on_end
        self.pid = 0
        self.board = Board.create(slots)
        self.leased = leased
        self.fenced = False
        self.lease_over = False
        self._free = list(range(slots - 1, -1, -1))
        self.units: dict[str, int] = {}
        self.ended: HostDiedError | None = None
        self.gone = asyncio.Event()
        self._reason: HungError | None = None
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)
        self._channel: AsyncChannel | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self, memory: int, module: str = "") -> None:
        """Have the process made; it shares the code of ``module``, one of ours. Raises when it cannot be forked."""
        ours, theirs = socket.socketpair()
        try:
            self.pid = await self._pool.spawn(self, theirs.fileno(), memory, module)
        finally:
            theirs.close()
        self._channel = AsyncChannel(ours)
        await self._channel.open()
        for change in self._pool.levels:
            self.send(SetLevel(change))
        self._reading = asyncio.create_task(self._read(self._channel))

    async def _read(self, channel: AsyncChannel) -> None:
        while (message := await channel.receive()) is not None:
            if isinstance(message, Done):
                self._answered(message)
            else:
                self._on_message(self, message)
        channel.close()

    def _answered(self, done: Done) -> None:
        future = self._pending.pop(done.id, None)
        if future is None or future.done():
            return
        if done.error is not None:
            future.set_exception(RemoteError(done.error))
        else:
            future.set_result(done.value)

    def slot(self, unit: str) -> Slot:
        """The slot of a unit in this host."""
        return self.board.slot(self.units[unit])

    @property
    def full(self) -> bool:
        """Whether no more unit fits."""
        return not self._free

    def add(self, unit: str) -> int:
        """Give a unit a slot."""
        self.units[unit] = self._free.pop()
        return self.units[unit]

    def remove(self, unit: str) -> None:
        """The unit is gone; a host without units is asked to end."""
        slot = self.units.pop(unit, None)
        if slot is not None:
            self._free.append(slot)
        if not self.units:
            self.quit()

    def send(self, message: ToHost) -> None:
        """Send an order."""
        if self._channel is not None:
            self._channel.send(message)

    async def ask(self, make: Callable[[int], ToHost], what: str, deadline: float) -> Any:
        """Send a request and wait for its answer.

        Args:
            make: Builds the message from its id.
            what: The call in words, for the error: ``Connector.start of orders``.
            deadline: Seconds; past it the process is ended.

        Raises:
            RemoteError: What the plugin raised.
            HungError: The deadline passed.
            HostDiedError: The process ended meanwhile.
        """
        if self.ended is not None:
            raise self.ended
        number = next(self._ids)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        self.send(make(number))
        try:
            return await asyncio.wait_for(asyncio.shield(future), deadline)
        except TimeoutError:
            self.kill(hung(what, deadline))
            await self.gone.wait()
            raise hung(what, deadline) from None
        finally:
            self._pending.pop(number, None)
            future.cancel()

    def quit(self) -> None:
        """Ask it to end: it has nothing left to do."""
        self.send(Quit())

    def kill(self, reason: HungError | None = None) -> None:
        """End it at once; ``reason`` is what its units are told."""
        if reason is not None and self._reason is None:
            self._reason = reason
        self._pool.kill(self)

    def process_ended(self, status: int) -> None:
        """The fork server reported the end."""
        died = HostDiedError(
            f"The process of {self.name} (pid {self.pid}) {how_it_ended(status)}.",
            remedy="The log lines before it may say why; task.memory.max limits its memory.",
        )
        self.ended = died
        self.lease_over = os.WIFEXITED(status) and os.WEXITSTATUS(status) == LEASE_EXIT
        error = self._reason or died
        for future in self._pending.values():
            if not future.done():
                future.set_exception(error)
        self._pending.clear()
        self.gone.set()
        self.board.close()
        self._on_end(self, error if isinstance(error, HostDiedError) else _as_died(error))


class _HungDeathError(HungError, HostDiedError):
    """A host that was ended because a call in it hung: both a death and a missed deadline."""

    code = HungError.code


def _as_died(error: HungError) -> HostDiedError:
    return _HungDeathError(error.message, code=error.code, key=error.key, remedy=error.remedy)


def hung(what: str, seconds: float, key: str = "connector.call.timeout.ms") -> HungError:
    """The error of a call that went past its deadline."""
    return HungError(
        f"{what} did not return within {seconds:g} s, and its process was ended.",
        key=key,
        remedy=f"Make it return sooner, or raise {key}.",
    )


def no_fork_server() -> HostDiedError:
    """What is left to say when :attr:`HostPool.broken` is set."""
    return HostDiedError(
        "The fork server has ended, so that no connector or task can be started any more.",
        code="BRN-5004",
        remedy="Restart the worker; the log says why the fork server ended.",
    )


class HostPool:
    """All hosts of a worker, and the conversation with the fork server."""

    def __init__(self, fork: ForkServer) -> None:
        self._fork = fork
        self._ids = itertools.count(1)
        self._spawning: dict[int, asyncio.Future[int]] = {}
        self._early: dict[int, int] = {}  # ends reported before the host learned its own number
        self.hosts: dict[int, Host] = {}
        self.levels: list[LevelChange] = []
        """Changes of log levels, oldest first, for processes to come."""
        self.broken = asyncio.Event()
        """The fork server is gone: nothing can be started any more."""
        self._lease = 0

    # ------------------------------------------------------------------ the lease
    @property
    def lease_is_over(self) -> bool:
        """Whether the worker may have been replaced by others of its group."""
        return bool(self._lease) and lease_clock() > self._lease

    def renew(self, until: int) -> None:
        """What runs here may do so until then; from any thread."""
        self._lease = until
        for host in list(self.hosts.values()):
            if host.leased:
                host.board.lease = until

    def fence(self) -> None:
        """End everything that needs the lease; what it has said and was not read yet counts no more."""
        for host in list(self.hosts.values()):
            if host.leased and not host.fenced:
                host.fenced = True
                host.kill()

    def attach(self) -> None:
        """Listen to the fork server on the running loop."""
        self._fork.socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._fork.socket, self._report)

    def detach(self) -> None:
        """Stop listening; the fork server, and every host that is left, ends."""
        self.release()
        self._fork.close()

    def release(self) -> None:
        """Stop listening, for another pool to go on with the fork server; no host of this one may be left."""
        asyncio.get_running_loop().remove_reader(self._fork.socket)

    def _report(self) -> None:
        packet = self._fork.socket.recv(_MAX_REPORT)
        if not packet:
            asyncio.get_running_loop().remove_reader(self._fork.socket)
            self.broken.set()
            for host in list(self.hosts.values()):
                self._ended(host.pid, 9)
            for future in self._spawning.values():
                if not future.done():
                    future.set_exception(no_fork_server())
            return
        report = json.loads(packet)
        if report["op"] == "spawned":
            future = self._spawning.pop(report["id"])
            if not future.done():  # who waited for it was cancelled: the process ends with its channel
                future.set_result(report["pid"])
        else:
            self._ended(report["pid"], report["status"])

    def _ended(self, pid: int, status: int) -> None:
        host = self.hosts.pop(pid, None)
        if host is None:
            self._early[pid] = status
            return
        host.process_ended(status)

    async def spawn(self, host: Host, channel_fd: int, memory: int, module: str) -> int:
        """Have a process forked for a host."""
        request = next(self._ids)
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._spawning[request] = future
        if host.leased:
            host.board.lease = self._lease
        try:
            self._fork.spawn(request, host.name, memory, module, (channel_fd, host.board.fd))
        except OSError as error:
            raise no_fork_server() from error
        pid = await asyncio.wait_for(future, _SPAWN_DEADLINE)
        host.pid = pid
        self.hosts[pid] = host
        if host.leased:
            host.board.lease = self._lease  # it may have been renewed meanwhile
        if pid in self._early:
            status = self._early.pop(pid)
            asyncio.get_running_loop().call_soon(self._ended, pid, status)
        return pid

    def set_level(self, change: LevelChange) -> None:
        """Have all hosts log in another detail, from now on."""
        names = set(change.namespaces)
        self.levels = [known for known in self.levels if not names.issuperset(known.namespaces)]
        self.levels.append(change)
        for host in self.hosts.values():
            host.send(SetLevel(change))

    def kill(self, host: Host) -> None:
        """End a host at once."""
        if host.pid in self.hosts:
            self._fork.kill(host.pid)

    async def end_all(self, grace: float) -> None:
        """End what is left and wait until it is gone."""
        hosts = list(self.hosts.values())
        for host in hosts:
            host.kill()
        waits: list[Coroutine[Any, Any, Any]] = [host.gone.wait() for host in hosts]
        if waits:
            await asyncio.wait_for(asyncio.gather(*waits), grace)
