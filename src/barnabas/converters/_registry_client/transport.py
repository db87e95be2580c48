"""HTTP to a registry: kept connections, several addresses, bounded retries.

One call tries the addresses in turn, beginning with the one that answered last, and again after a short wait; not
again where it has waited for an answer already. What stays away so long is an outage: the task waits for it, and calls
again. A task that is to end is not kept waiting for an answer.
"""

from __future__ import annotations

import http.client
import json
import select
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from barnabas.converters._registry_client.auth import Authorizer, authorizer, without_user
from barnabas.converters._registry_client.faults import URL_KEY, RegistryUnavailableError
from barnabas.converters._registry_client.settings import RegistrySettings
from barnabas.converters._registry_client.tls import tls_context
from barnabas.errors import RefusedError

__all__ = ["Answer", "HttpTransport", "Transport"]

_CONTENT: Final = "application/vnd.schemaregistry.v1+json"
_BUSY: Final = frozenset({408, 429, 500, 502, 503, 504})
_BUDGET: Final = 30.0  # seconds after which a call tries no further: far below the deadline of a call into plugin code
_LARGEST: Final = 64 << 20
_TURN_MS: Final = 250
_LATE: Final = "no answer in time"


class Answer(NamedTuple):
    """What came back: the status, the body (parsed where it is JSON, else text), and who said it."""

    status: int
    body: Any
    url: str


class Transport(Protocol):
    """A way to a registry."""

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Ask; ``path`` begins with a slash and may have a query.

        Raises:
            OutageError: Nobody answers.
            RefusedError: Somebody does whom we cannot trust.
        """

    def close(self) -> None:
        """Let go of connections."""


class HttpTransport:
    """See :class:`Transport`; used on one thread.

    Args:
        settings: Addresses, credentials, time-outs.
        interrupted: Whether the task is to end: then the call ends as in an outage.
        sleep: Waits; tests don't.
        clock: Seconds.
    """

    def __init__(
        self,
        settings: RegistrySettings,
        interrupted: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        context = tls_context(settings.configs) if any(url.startswith("https") for url in settings.urls) else None
        self._peers = [
            _Peer(
                url,
                settings,
                authorizer(settings.configs, url),
                context if url.startswith("https") else None,
                interrupted,
            )
            for url in settings.urls
        ]
        self._interrupted = interrupted
        self._sleep = sleep
        self._clock = clock

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """See :meth:`Transport.request`."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        until = self._clock() + _BUDGET
        wait = self._settings.retry_wait
        failures: dict[str, str] = {}
        for attempt in range(self._settings.retries + 1):
            for peer in [*self._peers]:
                answer = self._ask(peer, method, path, data, failures)
                if answer is not None:
                    return answer
            over = attempt == self._settings.retries or self._clock() + wait >= until
            if over or _LATE in failures.values() or self._interrupted():
                break
            self._sleep(wait)
            wait = min(2 * wait, self._settings.retry_wait_max)
        said = "; ".join(f"{url}: {why}" for url, why in failures.items())
        raise RegistryUnavailableError(
            f"The schema registry does not answer ({said}).",
            key=URL_KEY,
            remedy="The task waits for it and skips nothing; check that it runs and that the address is right.",
        )

    def _ask(self, peer: _Peer, method: str, path: str, data: bytes | None, failures: dict[str, str]) -> Answer | None:
        try:
            answer = peer.ask(method, path, data)
        except (OSError, http.client.HTTPException) as error:
            failures[peer.shown] = _why(error)
        else:
            if answer.status not in _BUSY:
                # Who answered is asked first from now on.
                self._peers.remove(peer)
                self._peers.insert(0, peer)
                return answer
            failures[peer.shown] = f"HTTP {answer.status}{_said(answer.body)}"
        return None

    def close(self) -> None:
        """See :meth:`Transport.close`."""
        for peer in self._peers:
            peer.drop()


class _Peer:
    """One address, and the connection to it."""

    def __init__(
        self,
        url: str,
        settings: RegistrySettings,
        authorize: Authorizer,
        context: ssl.SSLContext | None,
        interrupted: Callable[[], bool],
    ) -> None:
        self.shown = without_user(url)
        self._settings = settings
        self._authorize = authorize
        self._context = context
        self._interrupted = interrupted
        parts = urlsplit(self.shown)
        self._host = parts.hostname or ""
        self._port = parts.port
        self._path = parts.path
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, data: bytes | None) -> Answer:
        """One request; on a kept connection that the other side has closed meanwhile, once more on a new one."""
        headers = {"Accept": f"{_CONTENT}, application/json", **self._authorize()}
        if data is not None:
            headers["Content-Type"] = _CONTENT
        kept = self._connection is not None
        try:
            return self._exchange(method, path, data, headers)
        except (ConnectionError, http.client.HTTPException):
            self.drop()
            if not kept:
                raise
            return self._exchange(method, path, data, headers)
        except ssl.SSLCertVerificationError as error:
            self.drop()
            raise RefusedError(
                f"The certificate of {self.shown} is not trusted: {error.verify_message}.",
                code="BRN-1415",
                key="schema.registry.ssl.truststore.location",
                remedy="Name a trust store with the authority that signed it.",
            ) from error
        except OSError:
            self.drop()
            raise

    def _exchange(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> Answer:
        connection = self._connection or self._connect()
        self._connection = connection
        # A proxy for plain HTTP wants the whole address.
        target = self._origin if self._settings.proxy is not None and self._context is None else ""
        connection.request(method, f"{target}{self._path}{path}", body=data, headers=headers)
        self._await(connection.sock)
        response = connection.getresponse()
        text = response.read(_LARGEST)
        if response.will_close:
            self.drop()
        return Answer(response.status, _parsed(text), self.shown)

    def _await(self, sock: socket.socket) -> None:
        """Until there is an answer to read, in turns, so that a task that is to end is heard."""
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        until = time.monotonic() + self._settings.read_timeout
        while not poll.poll(_TURN_MS):
            if self._interrupted() or time.monotonic() >= until:
                raise TimeoutError

    def _connect(self) -> http.client.HTTPConnection:
        proxy = self._settings.proxy
        host, port = (self._host, self._port) if proxy is None else proxy
        connection: http.client.HTTPConnection
        timeout = self._settings.connect_timeout
        if self._context is None:
            connection = http.client.HTTPConnection(host, port, timeout=timeout)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)
            if proxy is not None:
                connection.set_tunnel(self._host, self._port)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        sock: socket.socket = connection.sock
        sock.settimeout(self._settings.read_timeout)
        return connection

    def drop(self) -> None:
        """The next request connects again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.decode("utf-8", "replace")


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _LATE
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _said(body: Any) -> str:
    message = body.get("message") if isinstance(body, dict) else None
    return f", {str(message)[:200]}" if message else ""
