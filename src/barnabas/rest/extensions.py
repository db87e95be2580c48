"""REST extensions (KIP-285): trusted code that adds routes and checks to the API, in the worker's own process."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from starlette.applications import Starlette
from starlette.types import ASGIApp

from barnabas.errors import BarnabasError, ConfigError
from barnabas.extension import (
    ClusterDetails,
    ConnectClusterState,
    ConnectorHealth,
    ConnectRestExtension,
    ConnectRestExtensionContext,
    InstanceHealth,
)
from barnabas.herder.base import Herder, StateInfo, TaskState
from barnabas.plugins.loading import import_class

__all__ = ["ClusterState", "extended"]

log = logging.getLogger(__name__)

_KEY: Final = "rest.extension.classes"
_BASIC_AUTH: Final = "barnabas.rest.basic_auth:BasicAuthExtension"
_OURS: Final = {
    "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension": _BASIC_AUTH,
    "BasicAuthSecurityRestExtension": _BASIC_AUTH,
}


class ClusterState(ConnectClusterState):
    """What this worker knows of the cluster.

    Args:
        herder: The worker.
    """

    def __init__(self, herder: Herder) -> None:
        self._herder = herder

    def connectors(self) -> Sequence[str]:
        """The names of all connectors."""
        return self._herder.connectors()

    def connector_health(self, name: str) -> ConnectorHealth:
        """The state of one connector."""
        status = self._herder.status(name)
        tasks = {task.id: _health(task) for task in status.tasks}
        return ConnectorHealth(name, cast("Any", status.type), _health(status.connector), tasks)

    def connector_config(self, name: str) -> Mapping[str, str]:
        """The configuration of one connector, placeholders unresolved, without what is null."""
        return {key: value for key, value in self._herder.connector_config(name).items() if value is not None}

    def cluster_details(self) -> ClusterDetails:
        """About the Kafka cluster."""
        return ClusterDetails(self._herder.server_info().kafka_cluster_id or "")


def _health(state: StateInfo | TaskState) -> InstanceHealth:
    return InstanceHealth(state.state, state.worker_id, state.trace)


class _Context(ConnectRestExtensionContext):
    def __init__(self, app: Starlette, state: ConnectClusterState) -> None:
        self._app = app
        self._state = state

    @property
    def app(self) -> Starlette:
        """A Starlette application whose routes come before the worker's own."""
        return self._app

    @property
    def cluster_state(self) -> ConnectClusterState:
        return self._state


@contextlib.contextmanager
def extended(app: ASGIApp, herder: Herder, names: Sequence[str], props: Mapping[str, str]) -> Iterator[ASGIApp]:
    """The API with extensions, which are closed at the end.

    Args:
        app: The API without.
        herder: Whom extensions may ask.
        names: ``rest.extension.classes``, in the order of their registration.
        props: The worker's properties.

    Raises:
        ConfigError: A class cannot be found, or fails: the API is not served without what may be its protection.
    """
    site = Starlette()
    site.router.redirect_slashes = False
    site.router.default = app
    context = _Context(site, ClusterState(herder))
    with contextlib.ExitStack() as undo:
        for name in names:
            extension = _made(name)
            undo.callback(_close, extension, name)
            try:
                extension.configure(props)
                extension.register(context)
            except BarnabasError:
                raise
            except Exception as error:
                raise _refused(name, f"it failed to register: {type(error).__name__}: {error}") from error
            log.info("REST extension %s %s is in force.", name, extension.version())
        yield site


def _made(name: str) -> ConnectRestExtension:
    try:
        found = import_class(_OURS.get(name, name), None)
        extension = found() if issubclass(found, ConnectRestExtension) else None
    except BarnabasError as error:
        raise _refused(name, error.message, error.remedy) from error
    except Exception as error:
        raise _refused(name, f"it cannot be made: {type(error).__name__}: {error}") from error
    if extension is None:
        raise _refused(name, "it is no barnabas.extension.ConnectRestExtension")
    return extension


def _close(extension: ConnectRestExtension, name: str) -> None:
    try:
        extension.close()
    except Exception:
        log.exception("REST extension %s could not be closed.", name)


def _refused(name: str, why: str, remedy: str | None = None) -> ConfigError:
    return ConfigError(
        f"The REST extension {name} cannot be used: {why.rstrip('.')}.",
        key=_KEY,
        remedy=remedy or "Name it module:Class, and install it where the worker is.",
        code="BRN-1093",
    )
