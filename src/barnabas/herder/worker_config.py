"""The configuration of a worker: its properties, checked and typed."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from barnabas.config import Config, ConfigDef, nearest
from barnabas.errors import ConfigError, PluginError
from barnabas.herder.client_keys import CLIENT_KEYS, CLIENT_PREFIXES, DISTRIBUTED_KEYS, FREE_PREFIXES
from barnabas.herder.distributed_keys import DISTRIBUTED
from barnabas.herder.listeners import HttpListener, parse_listeners
from barnabas.herder.worker_keys import STANDALONE
from barnabas.supervisor.api import PluginKind, PluginRef

__all__ = ["WorkerConfig", "check_converters"]

_CONVERTERS: tuple[tuple[str, PluginKind], ...] = (
    ("key.converter", "converter"),
    ("value.converter", "converter"),
    ("header.converter", "header_converter"),
)


class _Finder(Protocol):
    def find(self, name: str, kind: PluginKind | None = None) -> PluginRef: ...


class WorkerConfig(msgspec.Struct, frozen=True):
    """A worker's configuration. Make one with :meth:`standalone` or :meth:`distributed`.

    Args:
        props: The properties as given, placeholders resolved: what tasks get.
        values: The same, typed, with defaults; keys of the definition only.
        listeners: Where REST listens.
        admin_listeners: Where it listens for ``/admin``; ``None``: there too; none: nowhere.
        warnings: Sentences about keys nobody knows, for the log.
    """

    props: dict[str, str]
    values: Config
    listeners: list[HttpListener]
    warnings: list[str]
    admin_listeners: list[HttpListener] | None = None

    @classmethod
    def standalone(cls, props: Mapping[str, str]) -> WorkerConfig:
        """Check the properties of a standalone worker.

        Raises:
            ConfigError: The first setting that is missing or wrong, with its key and the remedy.
        """
        return cls._of(STANDALONE, props)

    @classmethod
    def distributed(cls, props: Mapping[str, str]) -> WorkerConfig:
        """Check the properties of a distributed worker.

        Raises:
            ConfigError: The first setting that is missing or wrong, with its key and the remedy.
        """
        found = cls._of(DISTRIBUTED, props)
        signature, allowed = "inter.worker.signature.algorithm", "inter.worker.verification.algorithms"
        if found.values[signature] not in found.values[allowed]:
            raise ConfigError(
                f"Signature algorithm must be present in {allowed} list",
                key=signature,
                remedy=f"Add {found.values[signature]} to {allowed}.",
                code="BRN-1001",
            )
        return found

    @classmethod
    def _of(cls, definition: ConfigDef, props: Mapping[str, str]) -> WorkerConfig:
        values = definition.parse(props)
        listeners = parse_listeners(values["listeners"])
        advertised = values["rest.advertised.listener"]
        if advertised is not None and advertised not in {listener.scheme for listener in listeners}:
            raise ConfigError(
                f"Invalid value {advertised} for configuration rest.advertised.listener: no listener has this scheme.",
                key="rest.advertised.listener",
                remedy=f"Use the scheme of one of the listeners: {', '.join(map(str, listeners))}.",
            )
        return cls(dict(props), values, listeners, list(_unknown(definition, props)), _admin(values))

    @property
    def offsets_file(self) -> str:
        """``offset.storage.file.filename``."""
        return str(self.values["offset.storage.file.filename"])

    @property
    def graceful_timeout(self) -> float:
        """``task.shutdown.graceful.timeout.ms``, in seconds."""
        return float(self.values["task.shutdown.graceful.timeout.ms"]) / 1000

    def advertised(self, port: int | None = None) -> tuple[str, int]:
        """Host and port that others reach the REST server by: together the worker's id.

        Args:
            port: The one bound, where the first listener's is 0.
        """
        listener = self._advertised_listener()
        host = self.values["rest.advertised.host.name"] or listener.host
        if host in ("", "0.0.0.0", "::"):  # noqa: S104  compared, not bound
            host = _own_address()
        return str(host), int(self.values["rest.advertised.port"] or listener.port or port or 0)

    @property
    def advertised_scheme(self) -> str:
        """``http`` or ``https``: how others reach the REST server."""
        return self._advertised_listener().scheme

    def _advertised_listener(self) -> HttpListener:
        wanted = self.values["rest.advertised.listener"]
        schemes = [wanted] if wanted else ["http", "https"]
        return next(found for scheme in schemes for found in self.listeners if found.scheme == scheme)


def _admin(values: Config) -> list[HttpListener] | None:
    texts = values["admin.listeners"]
    given = [text for text in texts or () if text.strip()]
    return parse_listeners(given, "admin.listeners") if given else texts if texts is None else []


def check_converters(config: WorkerConfig, plugins: _Finder) -> None:
    """Find the worker's converters; called at start, when the plugins are known.

    Raises:
        ConfigError: There is no such class.
    """
    for key, kind in _CONVERTERS:
        name = config.values[key]
        try:
            plugins.find(name, kind)
        except PluginError as error:
            raise ConfigError(
                f"Invalid value {name} for configuration {key}: Class {name} could not be found.",
                key=key,
                remedy=error.remedy or "Name a converter such as org.apache.kafka.connect.json.JsonConverter.",
                code="BRN-1041",
            ) from error


def _unknown(definition: ConfigDef, props: Mapping[str, str]) -> Iterator[str]:
    known = definition.keys.keys() | CLIENT_KEYS | DISTRIBUTED_KEYS
    for key in props:
        prefix = next((prefix for prefix in CLIENT_PREFIXES if key.startswith(prefix)), "")
        choices = CLIENT_PREFIXES[prefix] if prefix else known
        if key.startswith(FREE_PREFIXES) or key.removeprefix(prefix) in choices:
            continue
        near = nearest(key.removeprefix(prefix), choices)
        hint = f"did you mean '{prefix}{near}'?" if near else "check the spelling, or remove it."
        yield f"The setting '{key}' is not known to the worker or to any Kafka client: {hint}"


def _own_address() -> str:
    """The address of the interface that reaches the outside; asks neither DNS nor the network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: a datagram socket sends nothing on connect
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
