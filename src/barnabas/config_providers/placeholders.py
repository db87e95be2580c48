"""The syntax of placeholders, as Kafka's ``ConfigTransformer`` has it: pure functions.

``${provider:key}`` and ``${provider:path:key}``; the key is whatever follows the second colon, further colons included.
A placeholder ends at the first ``}``, so that none of its parts can hold one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

__all__ = ["Placeholder", "has_placeholder", "placeholders", "replace"]

_PATTERN = re.compile(r"\$\{([^}]*?):(([^}]*?):)?([^}]*?)\}")


class Placeholder(msgspec.Struct, frozen=True):
    """One occurrence.

    Args:
        text: As it stands there.
        provider: The name of the provider.
        path: Where to look; ``""`` where none is given.
        key: What to look for.
    """

    text: str
    provider: str
    path: str
    key: str


def _of(match: re.Match[str]) -> Placeholder:
    return Placeholder(match[0], match[1], match[3] or "", match[4])


def placeholders(value: str) -> Iterator[Placeholder]:
    """Every placeholder of a value, in order."""
    if "${" in value:
        yield from map(_of, _PATTERN.finditer(value))


def has_placeholder(value: str | None) -> bool:
    """Whether a value holds a placeholder, known or not."""
    return value is not None and "${" in value and _PATTERN.search(value) is not None


def replace(value: str, look_up: Callable[[Placeholder], str | None]) -> str:
    """The value with its placeholders replaced; those for which there is nothing (``None``) stay as they are."""
    if "${" not in value:
        return value

    def text(match: re.Match[str]) -> str:
        found = look_up(_of(match))
        return match[0] if found is None else found

    return _PATTERN.sub(text, value)
