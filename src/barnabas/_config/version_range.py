"""Versions as Maven orders them, and the ranges of ``….plugin.version`` settings: pure functions over text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from barnabas.errors import ConfigError

__all__ = ["VersionRange", "version_range"]

_Items = list[Any]
"""An ``int``, a ``str`` (a qualifier) or again a list: what follows a hyphen or a change between digits and letters."""

_QUALIFIERS: Final = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_ALIASES: Final = {"ga": "", "final": "", "release": "", "cr": "rc"}
_BEFORE_DIGITS: Final = {"a": "alpha", "b": "beta", "m": "milestone"}
_RELEASE: Final = str(_QUALIFIERS.index(""))
_TOKEN: Final = re.compile(r"(?P<end>[.\-])|(?P<digits>[0-9]+)|(?P<letters>[^.\-0-9]+)")


class _Part(NamedTuple):
    """One of the sets that a range consists of; a bound of ``None`` is open."""

    low: str | None
    low_included: bool
    high: str | None
    high_included: bool

    def holds(self, version: str) -> bool:
        if self.low is not None and _compare(version, self.low) < (0 if self.low_included else 1):
            return False
        return self.high is None or _compare(version, self.high) <= (0 if self.high_included else -1)

    def __str__(self) -> str:
        opening, closing = "[" if self.low_included else "(", "]" if self.high_included else ")"
        return f"{opening}{self.low or ''},{self.high or ''}{closing}"


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Sets of versions; one that is in any of them is in the range. ``str()`` is how Kafka's messages show it."""

    parts: tuple[_Part, ...]

    def __contains__(self, version: str) -> bool:
        return any(part.holds(version) for part in self.parts)

    def __str__(self) -> str:
        return ",".join(map(str, self.parts))


def version_range(text: str | None) -> VersionRange | None:
    """The range that a setting asks for: a plain version means that one alone; ``None``: any, as for ``latest``.

    Raises:
        ConfigError: it is malformed, in Maven's words.
    """
    if text is None or text == "latest":
        return None
    spec = text.strip()
    if not spec.startswith(("[", "(")):
        spec = f"[{spec}]"
    return VersionRange(tuple(_parts(spec)))


def _parts(spec: str) -> list[_Part]:
    parts: list[_Part] = []
    rest = spec
    while rest.startswith(("[", "(")):
        ends = [at for at in (rest.find(")"), rest.find("]")) if at >= 0]
        if not ends:
            raise _refused(f"Unbounded range: {spec}")
        part = _part(rest[: min(ends) + 1])
        before = parts[-1].high if parts else None
        if before is not None and (part.low is None or _compare(part.low, before) < 0):
            raise _refused(f"Ranges overlap: {spec}")
        parts.append(part)
        rest = rest[min(ends) + 1 :].strip().removeprefix(",").strip()
    if rest:
        raise _refused(f"Only fully-qualified sets allowed in multiple set scenario: {spec}")
    return parts


def _part(spec: str) -> _Part:
    low_included, high_included = spec.startswith("["), spec.endswith("]")
    low, comma, high = (piece.strip() for piece in spec[1:-1].partition(","))
    if not comma:
        if not (low_included and high_included):
            raise _refused(f"Single version must be surrounded by []: {spec}")
        return _Part(low, True, low, True)
    if low and high:
        order = _compare(high, low)
        if order < 0 or (order == 0 and not (low_included and high_included)):
            raise _refused(f"Range defies version ordering: {spec}")
    return _Part(low or None, low_included, high or None, high_included)


def _refused(message: str) -> ConfigError:
    return ConfigError(
        message, code="BRN-1070", remedy="Write a version such as 4.3.1, a range such as [4.0,5.0), or latest."
    )


# ---------------------------------------------------------------------- the order of versions
def _compare(one: str, other: str) -> int:
    """Below, equal to or above zero: ``1.0-rc1`` < ``1.0`` = ``1`` < ``1.0.1``."""
    return _order(_parse(one), _parse(other))


def _parse(version: str) -> _Items:
    top: _Items = []
    lists, at = [top], top
    digits: bool | None = None
    for match in _TOKEN.finditer(version.lower().strip()):
        kind, text = match.lastgroup, match[0]
        if kind == "end":
            if digits is None:  # nothing stands before the separator
                at.append(0)
            if text == "-":
                at = _nested(at, lists)
            digits = None
            continue
        if digits is not None:  # digits follow letters or the other way round, without a separator
            at = _nested(at, lists)
        digits = kind == "digits"
        before_digits = version[match.end() : match.end() + 1].isdigit()
        at.append(int(text) if digits else _qualifier(text, before_digits))
    for items in reversed(lists):
        _trim(items)
    return top


def _nested(items: _Items, lists: list[_Items]) -> _Items:
    made: _Items = []
    items.append(made)
    lists.append(made)
    return made


def _qualifier(text: str, before_digits: bool) -> str:
    return _BEFORE_DIGITS[text] if before_digits and text in _BEFORE_DIGITS else _ALIASES.get(text, text)


def _trim(items: _Items) -> None:
    """Remove what does not count at the end: ``1.0.0`` is ``1``."""
    for at in range(len(items) - 1, -1, -1):
        if items[at] in (0, "", []):
            del items[at]
        elif not isinstance(items[at], list):
            break


def _order(one: Any, other: Any) -> int:
    """Numbers come after nested parts, and these after qualifiers; what is missing counts as a release."""
    if one is None:
        return -_order(other, None) if other is not None else 0
    if isinstance(one, list):
        return _order_of_list(one, other)
    if isinstance(one, str):
        return _order_of_qualifier(one, other)
    if other is None:
        return 1 if one else 0
    return (one > other) - (one < other) if isinstance(other, int) else 1


def _order_of_list(one: _Items, other: Any) -> int:
    if isinstance(other, int | str):
        return -1 if isinstance(other, int) else 1
    right: _Items = other or []
    for at in range(max(len(one), len(right))):
        order = _order(one[at] if at < len(one) else None, right[at] if at < len(right) else None)
        if order:
            return order
    return 0


def _order_of_qualifier(one: str, other: Any) -> int:
    if isinstance(other, int | list):
        return -1
    left, right = _rank(one), _RELEASE if other is None else _rank(other)
    return (left > right) - (left < right)


def _rank(qualifier: str) -> str:
    """Known qualifiers in their order, all others behind them in that of the alphabet."""
    if qualifier in _QUALIFIERS:
        return str(_QUALIFIERS.index(qualifier))
    return f"{len(_QUALIFIERS)}-{qualifier}"
