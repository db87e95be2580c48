"""Replacing the placeholders of one configuration: each provider and path is asked once, for all the keys wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from barnabas.config_providers.placeholders import Placeholder, placeholders, replace
from barnabas.extension import ConfigData
from barnabas.secrets import HIDDEN, is_secret_key

__all__ = ["Source", "Transformed", "transform"]


class Source(Protocol):
    """Where the values of one provider come from: a thread of this process, or a host."""

    async def get(self, path: str, keys: Iterable[str]) -> ConfigData:
        """Values by key; fails with the provider's own error, and after its deadline."""


class Transformed(msgspec.Struct, frozen=True):
    """A configuration without placeholders.

    Args:
        props: The configuration.
        secrets: The values that came from providers, and what to show in the place of each.
        texts: The same values, and a placeholder for each.
        unresolved: Settings whose placeholder stays as it is: the key, the placeholder and why.
        ttl: After how many seconds the first of the values should be asked for again; ``None``: never.
    """

    props: dict[str, str | None]
    secrets: dict[str, str]
    texts: dict[str, str]
    unresolved: list[tuple[str, str, str]]
    ttl: float | None


async def transform(config: Mapping[str, str | None], sources: Mapping[str, Source]) -> Transformed:
    """Replace what can be replaced; what cannot stays as it is.

    Raises:
        BarnabasError: A provider failed, or did not answer in time.
    """
    wanted: dict[tuple[str, str], set[str]] = {}
    for value in config.values():
        for found in placeholders(value or ""):
            wanted.setdefault((found.provider, found.path), set()).add(found.key)
    data: dict[tuple[str, str], Mapping[str, str]] = {}
    ttls: list[int] = []
    for (provider, path), keys in wanted.items():
        if provider in sources:
            answer = await sources[provider].get(path, sorted(keys))
            data[provider, path] = answer.data
            if answer.ttl_ms is not None and answer.ttl_ms >= 0:
                ttls.append(answer.ttl_ms)
    return _replaced(config, data, min(ttls) / 1000 if ttls else None)


def _replaced(
    config: Mapping[str, str | None], data: Mapping[tuple[str, str], Mapping[str, str]], ttl: float | None
) -> Transformed:
    secrets: dict[str, str] = {}
    texts: dict[str, str] = {}
    unresolved: list[tuple[str, str, str]] = []

    def look_up(key: str, found: Placeholder) -> str | None:
        values = data.get((found.provider, found.path))
        value = None if values is None else values.get(found.key)
        if value is None:
            unresolved.append((key, found.text, _why(found, known=values is not None)))
            return None
        texts.setdefault(value, found.text)
        if is_secret_key(key) or is_secret_key(found.key) or secrets.get(value) == HIDDEN:
            secrets[value] = HIDDEN
        else:  # whatever it is: a topic, a host; the placeholder tells a person more
            secrets[value] = found.text
        return value

    props = {
        key: None if value is None else replace(value, lambda found, key=key: look_up(key, found))  # type: ignore[misc]
        for key, value in config.items()
    }
    return Transformed(props, secrets, texts, unresolved, ttl)


def _why(found: Placeholder, *, known: bool) -> str:
    if known:
        where = f" at {found.path}" if found.path else ""
        return f"the provider {found.provider} has no {found.key}{where}"
    return f"no provider of the name {found.provider} is in config.providers"
