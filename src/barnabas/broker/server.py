"""The broker itself: its folder, its port, its state, its housekeeping."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import ipaddress
import logging
import os
import secrets
from functools import partial
from typing import TYPE_CHECKING

from barnabas.broker.apis import ALL
from barnabas.broker.connection import Connection
from barnabas.broker.faults import Faults
from barnabas.broker.files import FileCache
from barnabas.broker.groups import GroupCoordinator
from barnabas.broker.housekeeping import Housekeeping
from barnabas.broker.journal import Journal
from barnabas.broker.settings import BrokerSettings
from barnabas.broker.topics import TopicRegistry
from barnabas.broker.transactions import TransactionCoordinator
from barnabas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Broker"]

_logger = logging.getLogger(__name__)
_BACKLOG = 128


class Broker:
    """A Kafka broker in this process, for development and tests.

    Create and use it inside one event loop. All state lives in ``data_dir``, which one broker at a time may use.

    Args:
        data_dir: The folder for topics, offsets and transactions; created when missing.
        host: The address to listen on.
        port: The port to listen on; 0 for any that is free.
        node_id: The broker's id in the cluster of one.
        settings: Broker-wide settings.
        faults: What to do wrong; may be changed while the broker runs.

    Raises:
        ConfigError: ``host`` is no loopback address and ``settings.allow_remote`` is not set.
    """

    def __init__(
        self,
        data_dir: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        node_id: int = 1,
        settings: BrokerSettings | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.settings = settings or BrokerSettings()
        if not self.settings.allow_remote and not _is_loopback(host):
            raise ConfigError(
                f"the development broker has no authentication and does not listen on {host}.",
                code="BRN-7001",
                key="--host",
                remedy="Use a loopback address such as 127.0.0.1, or allow remote clients explicitly.",
            )
        self.data_dir = data_dir
        self.node_id = node_id
        self.faults = faults or Faults()
        self.apis = ALL
        self.connections: set[Connection] = set()
        self.stopping = False
        self.cluster_id = ""
        self._host = host
        self._wanted_port = port
        self._port = 0
        self._lock = -1
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on; 0 before ``start``."""
        return self._port

    @property
    def bootstrap(self) -> str:
        """What clients on this machine take as ``bootstrap.servers``."""
        host = "127.0.0.1" if self._host in {"", "0.0.0.0", "::"} else self._host  # noqa: S104 - compared, not bound
        return f"[{host}]:{self._port}" if ":" in host else f"{host}:{self._port}"

    def advertised(self, local_host: str) -> str:
        """The host name that a client which connected to ``local_host`` is told."""
        return self.settings.advertised_host or local_host

    async def start(self) -> None:
        """Recover the state on disk and accept clients.

        Raises:
            ConfigError: The folder cannot be used, another broker uses it, or the port is taken.
        """
        self._take_folder()
        try:
            self._load()
            await self._listen()
        except BaseException:
            os.close(self._lock)
            raise
        loop = asyncio.get_running_loop()
        self.faults.bind(partial(_call_soon, loop, self.disconnect_all))
        self._housekeeping.start()
        _logger.info(
            "development broker %s on %s, data in %s: for development and tests; in production use Apache Kafka",
            self.cluster_id,
            self.bootstrap,
            self.data_dir,
        )

    def _take_folder(self) -> None:
        """Make the folder and lock it."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.data_dir / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigError(
                f"the broker cannot write to {self.data_dir}: {error.strerror}.",
                code="BRN-7002",
                key="--data",
                remedy="Name a folder that can be created and written to.",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            raise ConfigError(
                f"another broker uses {self.data_dir}.",
                code="BRN-7003",
                key="--data",
                remedy="Stop that broker, or name another folder.",
            ) from error

    def _load(self) -> None:
        settings = self.settings
        self.files = FileCache(settings.max_open_files)
        self.meta = Journal(self.data_dir / "broker.journal", sync=settings.fsync_each_append)
        self.cluster_id = self.meta.get("cluster_id") or secrets.token_urlsafe(16)
        self.meta.put("cluster_id", self.cluster_id)
        self.topics = TopicRegistry(self.data_dir, settings, self.files)
        self.groups = GroupCoordinator(self.data_dir, settings)
        self.transactions = TransactionCoordinator(self.data_dir, settings, self.topics, self.groups, self.meta)
        self._housekeeping = Housekeeping(self.topics, self.groups, self.transactions, settings)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: Connection(self), self._host, self._wanted_port, backlog=_BACKLOG
            )
        except OSError as error:
            self._close()
            taken = error.errno == errno.EADDRINUSE
            raise ConfigError(
                f"the broker cannot listen on {self._host}:{self._wanted_port}: "
                + ("the port is in use." if taken else f"{error.strerror or error}."),
                code="BRN-7004",
                key="--port" if taken else "--host",
                remedy="Name another port, or stop the program that uses this one."
                if taken
                else "Name an address of this machine.",
            ) from error
        self._port = self._server.sockets[0].getsockname()[1]

    def disconnect_all(self) -> None:
        """Close all connections; clients connect again."""
        for connection in list(self.connections):
            connection.abort()

    async def housekeep(self) -> None:
        """Do now what happens every ``housekeeping_interval_s``: retention, compaction, expiry of transactions."""
        await self._housekeeping.run_once()

    async def stop(self) -> None:
        """Disconnect all clients and bring everything to the disk. May be called twice."""
        if self._server is None:
            return
        self.stopping = True
        self.faults.bind(None)
        server, self._server = self._server, None
        server.close()
        self.disconnect_all()
        await self._housekeeping.stop()
        self.groups.stop()
        await asyncio.sleep(0)  # lets the connections' tasks end
        self.topics.flush()
        self._close()
        os.close(self._lock)
        _logger.info("development broker on %s stopped", self.bootstrap)

    def _close(self) -> None:
        self.transactions.close()
        self.groups.close()
        self.topics.close()
        self.meta.close()
        self.files.close()


def _call_soon(loop: asyncio.AbstractEventLoop, action: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(action)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
