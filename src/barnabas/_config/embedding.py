"""A key of one definition as part of another one, under a prefix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from barnabas._config.types import ConfigKey, Recommender, Validator

__all__ = ["prefixed_key"]


def prefixed_key(key: ConfigKey, prefix: str, group: str, order: int) -> ConfigKey:
    """The key under ``prefix``; its validator and recommender still see the names it was written for."""
    return replace(
        key,
        name=prefix + key.name,
        group=group if key.group is None else f"{group}: {key.group}",
        order_in_group=order,
        dependents=tuple(prefix + name for name in key.dependents),
        validator=None if key.validator is None else _Unprefixed(prefix, key.validator),
        recommender=None if key.recommender is None else _UnprefixedRecommender(prefix, key.recommender),
    )


class _Unprefixed:
    def __init__(self, prefix: str, validator: Validator) -> None:
        self._prefix = prefix
        self._validator = validator

    def __call__(self, name: str, value: Any) -> None:
        self._validator(name.removeprefix(self._prefix), value)

    def __str__(self) -> str:
        return str(self._validator)


class _UnprefixedRecommender(Recommender):
    def __init__(self, prefix: str, recommender: Recommender) -> None:
        self._prefix = prefix
        self._recommender = recommender

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        return self._recommender.valid_values(name.removeprefix(self._prefix), self._own(parsed))

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        return self._recommender.visible(name.removeprefix(self._prefix), self._own(parsed))

    def _own(self, parsed: Mapping[str, Any]) -> dict[str, Any]:
        prefix = self._prefix
        return {name[len(prefix) :]: value for name, value in parsed.items() if name.startswith(prefix)}
