"""A user's configuration provider in its host: one object, asked on a thread for each question."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from barnabas import logs, secrets
from barnabas.config_providers.names import ProviderSpec
from barnabas.errors import ConnectError, PluginError
from barnabas.extension import ConfigData, ConfigProvider
from barnabas.plugins.loading import import_class
from barnabas.supervisor.api import describe
from barnabas.supervisor.channel import Done, Provide

__all__ = ["ProviderCalls"]

log = logging.getLogger(__name__)


class ProviderCalls:
    """Answers :class:`~barnabas.supervisor.channel.Provide`.

    The provider is made and configured once, by the first question; questions that come meanwhile wait for that. Later
    ones are asked at the same time as others, as a JVM worker does: a provider has to be thread-safe.

    Args:
        send: Sends the answer.
    """

    def __init__(self, send: Callable[[Done], None]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._provider: ConfigProvider | None = None

    def ask(self, message: Provide) -> None:
        """Begin to answer; returns at once."""
        threading.Thread(target=self._answer, args=(message,), name=message.provider.name, daemon=True).start()

    def close(self) -> None:
        """Close the provider, if there is one; called when the host is to end."""
        if self._provider is None:
            return
        try:
            self._provider.close()
        except Exception:
            log.exception("ConfigProvider.close failed.")

    def _answer(self, message: Provide) -> None:
        with logs.context(f"provider {message.provider.name}"):
            try:
                found = self._made(message).get(message.path, message.keys)
                data, ttl = _checked(found, message.provider)
            except BaseException as error:  # noqa: BLE001  also SystemExit from a user's code
                self._send(Done(message.id, error=describe(error)))
                return
            secrets.register(message.path, dict.fromkeys(data.values(), secrets.HIDDEN))
        self._send(Done(message.id, (data, ttl)))

    def _made(self, message: Provide) -> ConfigProvider:
        spec = message.provider
        with self._lock:
            if self._provider is None:
                secrets.register("", secrets.secrets_in(spec.params))
                provider = _load(spec, message.home)
                provider.configure(spec.params)
                self._provider = provider
            return self._provider


def _load(spec: ProviderSpec, home: str | None) -> ConfigProvider:
    found = import_class(spec.path, home)
    if not issubclass(found, ConfigProvider):
        raise PluginError(
            f"{spec.path} is not a configuration provider.",
            code="BRN-1086",
            key=f"config.providers.{spec.name}.class",
            remedy="Name a subclass of barnabas.extension.ConfigProvider.",
        )
    return found()


def _checked(found: Any, spec: ProviderSpec) -> tuple[dict[str, str], int | None]:
    """What a provider returned, as it may cross to the worker."""
    if isinstance(found, ConfigData) and isinstance(found.data, Mapping):
        data = dict(found.data)
        texts = all(isinstance(key, str) and isinstance(value, str) for key, value in data.items())
        if texts and (found.ttl_ms is None or isinstance(found.ttl_ms, int)):
            return data, found.ttl_ms
    raise ConnectError(
        f"Configuration provider {spec.name} did not return a ConfigData of texts.",
        code="BRN-1086",
        key=f"config.providers.{spec.name}.class",
        remedy="Return barnabas.extension.ConfigData(data, ttl_ms) from get, with texts as keys and values.",
    )
