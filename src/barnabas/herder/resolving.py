"""Placeholders in connector configurations: resolved for the processes that need the values, and for nobody else.

What is stored, compared and shown is the text with its placeholders. Whatever is resolved here is told to
``barnabas.secrets`` first, so that the worker itself never says it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from barnabas import secrets
from barnabas.config_providers import Source, Transformed, has_placeholder, transform

__all__ = ["Resolved", "Resolver", "shown"]

log = logging.getLogger(__name__)

Config = Mapping[str, str | None]


class Resolved(msgspec.Struct, frozen=True):
    """A stored configuration with its values.

    Args:
        props: Resolved; settings that are null are left out.
        ttl: After how many seconds to ask again, if ever.
        placeholders: Of the values that providers gave, those that are secrets, with the placeholder of each.
    """

    props: dict[str, str]
    ttl: float | None = None
    placeholders: dict[str, str] = msgspec.field(default_factory=dict)


async def _nothing() -> None:
    """There is nothing to close."""


class Resolver:
    """Resolves configurations; used on the worker's event loop, which it never blocks.

    Args:
        sources: The configured providers by name.
        close: Closes them.
    """

    def __init__(
        self, sources: Mapping[str, Source] | None = None, close: Callable[[], Awaitable[None]] = _nothing
    ) -> None:
        self._sources = sources or {}
        self._warned: dict[str, set[tuple[str, str]]] = {}
        self._secret_keys: dict[str, frozenset[str]] = {}
        self.close = close

    async def resolve(self, connector: str, config: Config) -> Resolved:
        """Resolve the configuration of a connector.

        Raises:
            BarnabasError: A provider failed, or did not answer within ``connector.call.timeout.ms``.
        """
        return (await self.resolve_all(connector, config))[0]

    async def resolve_all(self, connector: str, *configs: Config) -> list[Resolved]:
        """Resolve the configurations of a connector and of tasks of it, for processes that are started with them."""
        results = [await transform(config, self._sources) for config in configs]
        hidden = self._register(connector, results)
        return [_resolved(result, hidden) for result in results]

    async def for_validation(self, connector: str, config: Config) -> dict[str, str | None]:
        """Resolve a configuration that is to be validated, nulls included."""
        result = await transform(config, self._sources)
        self._register(connector, [result])
        return result.props

    def validated(self, connector: str, props: Config, answer: Mapping[str, Any]) -> None:
        """Learn from the answer to a validation which settings are of type PASSWORD, whatever they are called."""
        keys = frozenset(
            entry["definition"]["name"]
            for entry in answer["configs"]
            if entry.get("definition") and entry["definition"].get("type") == "PASSWORD"
        )
        self._secret_keys[connector] = keys
        owner = secrets.owner_of(connector)
        secrets.register(owner, secrets.owned_by(owner) | secrets.secrets_in(props, keys))

    def _register(self, connector: str, results: Sequence[Transformed]) -> frozenset[str]:
        """Have what is secret hidden from now on; the values for which that means that nothing is shown of them."""
        keys = self._secret_keys.get(connector, frozenset())
        found: dict[str, str] = {}
        for result in results:
            found |= {**result.secrets, **secrets.secrets_in(result.props, keys)}
        self._warn(connector, results[0], results[1:])
        secrets.register(secrets.owner_of(connector), found)
        return frozenset(value for value, shown_as in found.items() if shown_as == secrets.HIDDEN)

    def _warn(self, connector: str, config: Transformed, tasks: Sequence[Transformed]) -> None:
        """Once for each setting of the connector; tasks have most of them again, perhaps as other settings."""
        said = {placeholder for _, placeholder, _ in config.unresolved}
        of_tasks = (entry for task in tasks for entry in task.unresolved if entry[1] not in said)
        for key, placeholder, why in (*config.unresolved, *of_tasks):
            warned = self._warned.setdefault(connector, set())
            if (key, placeholder) not in warned:
                warned.add((key, placeholder))
                log.warning("%s: %s: %s stays as it is, because %s.", connector, key, placeholder, why)

    def forget(self, connector: str) -> None:
        """The connector is gone."""
        self._warned.pop(connector, None)
        self._secret_keys.pop(connector, None)
        secrets.forget(secrets.owner_of(connector))


def _resolved(result: Transformed, hidden: frozenset[str]) -> Resolved:
    props = {key: value for key, value in result.props.items() if value is not None}
    return Resolved(props, result.ttl, {value: text for value, text in result.texts.items() if value in hidden})


def shown(answer: dict[str, Any], config: Config) -> dict[str, Any]:
    """The answer to a validation, as it may be seen: what was a placeholder in the configuration is one again.

    A JVM worker shows the value that the provider gave, unless the setting is of type PASSWORD.
    """
    raw = {key: value for key, value in config.items() if has_placeholder(value)}
    if not raw:
        return answer
    return {**answer, "configs": [_shown_entry(entry, raw) for entry in answer["configs"]]}


def _shown_entry(entry: dict[str, Any], raw: Config) -> dict[str, Any]:
    value = entry["value"]
    changed = {**value, "errors": [secrets.hide(error) for error in value.get("errors", ())]}
    definition = entry.get("definition") or {}
    if value["name"] in raw and value.get("value") is not None and definition.get("type") != "PASSWORD":
        changed["value"] = raw[value["name"]]
    return {**entry, "value": changed}
