"""A configuration after parsing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["Config"]


class Config(Mapping[str, Any]):
    """Typed values of all declared keys; read-only, safe to share.

    Attributes:
        originals: Everything that was given, as given: also keys nobody declared. May hold
            secrets in the clear.
    """

    def __init__(self, values: Mapping[str, Any], originals: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self.originals: Mapping[str, Any] = MappingProxyType(dict(originals))

    def __getitem__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            raise KeyError(f"{key} is not declared in the ConfigDef; undeclared keys are in .originals") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Config({self._values!r})"

    def prefixed(self, prefix: str) -> dict[str, Any]:
        """Everything given under ``prefix``, with the prefix taken off, as given (text)."""
        return {key[len(prefix) :]: value for key, value in self.originals.items() if key.startswith(prefix)}
