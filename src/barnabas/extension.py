"""Interfaces for extending a worker rather than moving data: config providers, override policies, REST extensions.

The counterparts of Kafka's ``ConfigProvider``, ``ConnectorClientConfigOverridePolicy``, ``ConnectRestExtension`` and
``ConnectClusterState``. Config providers run in processes of their own, as connectors do; REST extensions are trusted
code that runs in the worker itself, on its event loop. Override policies of others are not loaded yet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec

from barnabas.config import ConfigValue
from barnabas.connector import Versioned

__all__ = [
    "ClusterDetails",
    "ConfigData",
    "ConfigProvider",
    "ConnectClusterState",
    "ConnectRestExtension",
    "ConnectRestExtensionContext",
    "ConnectorClientConfigOverridePolicy",
    "ConnectorClientConfigRequest",
    "ConnectorHealth",
    "InstanceHealth",
]


class ConfigData(msgspec.Struct, frozen=True):
    """What a provider found.

    Args:
        data: Values by key; keys that do not exist are left out, and their placeholders stay as text.
        ttl_ms: For how long the values hold, in milliseconds; ``None`` for ever. When it has passed, the values are
            asked for again, and with ``config.action.reload=restart`` (the default) the connectors for which they have
            changed are restarted (KIP-297).
    """

    data: Mapping[str, str]
    ttl_ms: int | None = None


class ConfigProvider(Versioned, ABC):
    """Resolves placeholders ``${name:path:key}`` in configurations: ``config.providers.<name>.class=module:Class``.

    One object for each configured name lives in a process of its own, is made when the first value is wanted, and made
    anew if its process ends. Placeholders in the worker's own properties are resolved before the worker starts, by
    an object that is closed afterwards.
    """

    @abstractmethod
    def configure(self, props: Mapping[str, str]) -> None:
        """Called once, before :meth:`get`, with the settings below ``config.providers.<name>.param.``, prefix removed.

        What it raises is the error of whatever wanted the value; the next question tries with a new object.
        """

    @abstractmethod
    def get(self, path: str, keys: Collection[str] | None = None) -> ConfigData:
        """The values of these keys at a path (``""`` where placeholders name none), or of all keys.

        Called for every start of a connector or task that needs one of them, for validation, and when their time has
        passed; on several threads at once. Must return within ``connector.call.timeout.ms``: a call that does not ends
        the process, and fails for who asked; the questions of others are asked again of a new object. Values are
        hidden in logs and errors from then on.

        Raises:
            ConfigError: The path cannot be read: whatever needed the value fails with this error.
        """

    def close(self) -> None:
        """Release what :meth:`configure` opened; called when the worker stops, with two seconds to return."""


class ConnectorClientConfigRequest(msgspec.Struct, frozen=True):
    """Client settings that a connector wants to override.

    Args:
        connector: Its name.
        connector_type: What it is.
        client_type: Which client: its settings came below ``producer.override.``, ``consumer.override.`` or
            ``admin.override.``.
        client_props: The settings, prefix removed.
    """

    connector: str
    connector_type: Literal["source", "sink"]
    client_type: Literal["producer", "consumer", "admin"]
    client_props: Mapping[str, Any]


class ConnectorClientConfigOverridePolicy(Versioned, ABC):
    """Decides which client settings a connector may override (KIP-458)."""

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once, with the worker's configuration."""

    @abstractmethod
    def validate(self, request: ConnectorClientConfigRequest) -> list[ConfigValue]:
        """One value for each setting asked for; those with errors are refused, and with them the connector."""

    def close(self) -> None:
        """Release what :meth:`configure` opened."""


class ClusterDetails(msgspec.Struct, frozen=True):
    """The Kafka cluster that a worker belongs to."""

    kafka_cluster_id: str


class InstanceHealth(msgspec.Struct, frozen=True):
    """The state of a connector object or a task: ``trace`` is the error of a failed one."""

    state: str
    worker_id: str
    trace: str | None = None


class ConnectorHealth(msgspec.Struct, frozen=True):
    """The state of a connector and its tasks, by task number."""

    name: str
    connector_type: Literal["source", "sink", "unknown"]
    connector: InstanceHealth
    tasks: Mapping[int, InstanceHealth]


class ConnectClusterState(ABC):
    """What a REST extension may ask about the cluster; answers come from this worker's own copy (KIP-285)."""

    @abstractmethod
    def connectors(self) -> Sequence[str]:
        """The names of all connectors."""

    @abstractmethod
    def connector_health(self, name: str) -> ConnectorHealth:
        """The state of one connector.

        Raises:
            NotFoundError: There is none of this name.
        """

    @abstractmethod
    def connector_config(self, name: str) -> Mapping[str, str]:
        """The configuration of one connector, placeholders unresolved.

        Raises:
            NotFoundError: There is none of this name.
        """

    @abstractmethod
    def cluster_details(self) -> ClusterDetails:
        """About the Kafka cluster."""


class ConnectRestExtensionContext(ABC):
    """What a REST extension is given when it registers."""

    @property
    @abstractmethod
    def app(self) -> Any:
        """The ASGI application, of class ``starlette.applications.Starlette``: add routes and middleware to it.

        Its routes come before the worker's own, its middleware sees all requests.
        """

    @property
    @abstractmethod
    def cluster_state(self) -> ConnectClusterState:
        """For asking about connectors."""


class ConnectRestExtension(Versioned, ABC):
    """Adds routes or checks (a log-in, say) to the REST API; named by ``rest.extension.classes`` (KIP-285)."""

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once, with the worker's configuration."""

    @abstractmethod
    def register(self, context: ConnectRestExtensionContext) -> None:
        """Called once, after the worker's own routes were made and before the first request."""

    def close(self) -> None:
        """Release everything; called once when the worker stops."""
