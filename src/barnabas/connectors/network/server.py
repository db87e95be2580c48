"""The listener's thread: an event loop of its own inside the task, with a port that is bound before it starts."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Protocol

from barnabas import Config, ConfigError, ConnectError
from barnabas.connectors.network.intake import Intake, peer_name
from barnabas.connectors.network.tcp import TcpListener
from barnabas.connectors.network.udp import UdpListener

if TYPE_CHECKING:
    from barnabas.connectors.network.inbox import Inbox, Receipt

__all__ = ["Server"]

log = logging.getLogger(__name__)

_START_SECONDS, _STOP_SECONDS = 10.0, 4.0


class Listener(Protocol):
    """What serves a protocol; its methods run on the loop."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End, soon."""


class Server:
    """Made, started and stopped by the task's thread.

    Args:
        config: The task's.
        inbox: What comes in goes there.
        receipts: For HTTP: requests that wait for Kafka.

    Raises:
        ConfigError: The address cannot be listened on, or the certificate is not to be had.
    """

    def __init__(self, config: Config, inbox: Inbox, receipts: dict[int, Receipt]) -> None:
        self._config = config
        self._receipts = receipts
        self._intake = Intake(config, inbox)
        self._tls = _tls(config)
        self._socket = _bind(config)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        """Where it listens."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="network-source", daemon=True)

    def start(self) -> None:
        """Begin to listen; returns when connections are accepted."""
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise ConnectError(f"The listener did not start within {_START_SECONDS:g} s.", code="BRN-7220")
        self.check()
        log.info("Listening for %s on %s.", self._config["protocol"], peer_name(self.address))

    def check(self) -> None:
        """Raise what ended the listener, if something did."""
        if self._error is not None:
            raise ConnectError(f"The listener failed: {self._error!r}.", code="BRN-7221") from self._error

    def stop(self) -> None:
        """Close the port and all connections; harmless when it never started."""
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  it is raised again on the task's thread
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        listener = self._listener()
        await listener.start()
        self._ready.set()
        try:
            await self._stop.wait()
        finally:
            await listener.stop()

    def _listener(self) -> Listener:
        if self._config["protocol"] == "udp":
            return UdpListener(self._intake, self._socket)
        if self._config["protocol"] == "http":
            from barnabas.connectors.network.http import HttpListener  # noqa: PLC0415  heavy: the others do without

            return HttpListener(self._intake, self._socket, self._tls, self._receipts)
        return TcpListener(self._intake, self._socket, self._tls)


def _bind(config: Config) -> socket.socket:
    datagrams = config["protocol"] == "udp"
    host, port = config["host"], config["port"]
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"host: {host} is no address of this machine: {error}.",
            code="BRN-7222",
            key="host",
            remedy="Write 127.0.0.1, 0.0.0.0, or an address that this machine has.",
        ) from error
    sock = socket.socket(family, kind)
    try:
        if datagrams:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, config["udp.receive.buffer.bytes"])
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        if not datagrams:
            sock.listen(128)  # two can bind, and only one can listen: a port in use shows here
    except OSError as error:
        sock.close()
        raise _unbindable(host, port, error) from error
    return sock


def _unbindable(host: str, port: int, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRNOTAVAIL:
        key, remedy = "host", "Write 127.0.0.1, 0.0.0.0, or an address that this machine has."
    elif error.errno == errno.EACCES:
        key, remedy = "port", "Choose a port above 1023, or allow the worker's user to bind this one."
    else:
        key, remedy = "port", "Choose a free port, or stop what uses this one."
    return ConfigError(
        f"{key}: {peer_name((host, port))} cannot be listened on: {error.strerror}.",
        code="BRN-7223",
        key=key,
        remedy=remedy,
    )


def _tls(config: Config) -> ssl.SSLContext | None:
    certificate, authority = config["tls.cert"], config["tls.client.ca"]
    if certificate is None or config["protocol"] == "udp":
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    password = config["tls.key.password"]
    try:
        # Without a password the library would ask the terminal for one.
        context.load_cert_chain(certificate, config["tls.key"], lambda: password.value if password else "")
    except (OSError, ssl.SSLError) as error:
        raise _unusable("tls.cert", certificate, error) from error
    if authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(authority)
        except (OSError, ssl.SSLError) as error:
            raise _unusable("tls.client.ca", authority, error) from error
    return context


def _unusable(key: str, path: str, error: OSError) -> ConfigError:
    return ConfigError(
        f"{key}: {path} cannot be used: {error.strerror or error}.",
        code="BRN-7224",
        key=key,
        remedy="Name PEM files that the worker's user may read, with the key that belongs to the certificate.",
    )
