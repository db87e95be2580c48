"""Which names a plugin answers to: pure functions over :class:`~barnabas.supervisor.api.PluginRef`.

The rules are Kafka Connect's. A class is known by its full name; by its simple name (``FileStreamSourceConnector``);
and by that without the suffix of its kind (``FileStreamSource``). A short name that would mean two classes means none.
Full names here are the Java name that a class of ours stands in for, and its own, with a dot or colon before the class.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barnabas.supervisor.api import PluginRef

__all__ = ["aliases", "full_names", "nearest", "short_names", "simple_name", "version_key"]

_SUFFIXES = {
    "source": "Connector",
    "sink": "Connector",
    "converter": "Converter",
    "header_converter": "HeaderConverter",
    "transformation": "Transformation",
    "predicate": "Predicate",
}
_CUTOFF = 0.6
_WHOLE_CUTOFF = 0.85  # where the suffix itself has the mistake


def simple_name(name: str) -> str:
    """What follows the last dot or colon: ``Cast$Value`` for ``org.example.Cast$Value``."""
    return re.split(r"[.:]", name)[-1]


def full_names(ref: PluginRef) -> set[str]:
    """Names that mean this class whatever else is installed."""
    return {ref.name, ref.path, ref.path.replace(":", ".")}


def short_names(ref: PluginRef) -> set[str]:
    """Names that mean this class as long as no other class claims them."""
    simple = simple_name(ref.name)
    if "$" in simple:  # Kafka gives inner classes no short names
        return set()
    cut = simple.rfind(_SUFFIXES[ref.kind])
    return {simple, simple[:cut]} if cut > 0 else {simple}


def aliases(refs: Iterable[PluginRef]) -> dict[str, str]:
    """From every unambiguous short name to the full name it means."""
    claims: dict[str, set[str]] = {}
    for ref in refs:
        for short in short_names(ref):
            claims.setdefault(short, set()).add(ref.name)
    return {short: names.pop() for short, names in claims.items() if len(names) == 1}


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Orders versions: numbers as numbers, and a release after its pre-releases (``1.0rc1`` < ``1.0`` < ``1.0.1``)."""
    parts = re.findall(r"\d+|[a-z]+", version.lower())
    key = [(2, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
    return (*key, (1, 0, ""))


def _stem(name: str) -> str:
    """What tells a name from others: two connectors are not alike because both are called one."""
    return re.sub(r"(header)?(connector|converter|transformation|predicate)$", "", simple_name(name).lower())


def nearest(name: str, refs: Iterable[PluginRef]) -> str | None:
    """The full name of the plugin that ``name`` most probably meant; ``None`` when nothing is close."""
    import difflib  # noqa: PLC0415  only a wrong name pays for it

    best: tuple[float, str] | None = None
    for ref in refs:
        for candidate in (ref.name, ref.path):
            ratio = difflib.SequenceMatcher(a=_stem(name), b=_stem(candidate)).ratio()
            whole = difflib.SequenceMatcher(a=simple_name(name).lower(), b=simple_name(candidate).lower()).ratio()
            ratio = max(ratio, whole if whole >= _WHOLE_CUTOFF else 0)
            if ratio >= _CUTOFF and (best is None or ratio > best[0]):
                best = ratio, ref.name
    return best[1] if best else None
