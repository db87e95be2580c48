"""The classes that a configuration may name, as a host that validates finds them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, cast

from barnabas.class_library import INTERFACES, Kind, Library, NamedClass
from barnabas.config import ConfigDef
from barnabas.errors import BarnabasError, ConnectError
from barnabas.plugins.builtin import builtin
from barnabas.plugins.classes import find_class, use_folders
from barnabas.plugins.loading import base_class, import_class
from barnabas.plugins.names import aliases, full_names
from barnabas.plugins.static import split_path
from barnabas.supervisor.api import PluginRef

__all__ = ["offers", "open_library"]

_JAVA: Final = "org.apache.kafka."
_ABSTRACT: Final[dict[str, Kind]] = {
    "org.apache.kafka.connect.transforms.Transformation": "transformation",
    "org.apache.kafka.connect.transforms.predicates.Predicate": "predicate",
    "org.apache.kafka.connect.storage.Converter": "converter",
    "org.apache.kafka.connect.storage.HeaderConverter": "header_converter",
}
_ABSENT: Final = frozenset({"BRN-1061", "BRN-4002", "BRN-4006"})
"""There is no such class; anything else is a class that is there and will not do."""
_KINDS: Final = tuple(INTERFACES)


def open_library(home: str | None, plugin_path: str | None = None) -> Library:
    """A library that remembers what it found; made once a validation, in its process.

    Args:
        home: The connector's plugin home; ``None``: the worker's own environment.
        plugin_path: The worker's ``plugin.path``.
    """

    @cache
    def find(kind: Kind, name: str) -> NamedClass | None:
        return _ours(kind, name.strip()) or _abstract(kind, name.strip()) or _others(kind, name, home, plugin_path)

    return find


def offers() -> dict[Kind, list[str]]:
    """The classes to suggest, by kind: those that stand in for Kafka Connect's."""
    return {kind: sorted(ref.name for ref in _steps() if ref.kind == kind and _is_java(ref)) for kind in _KINDS}


@cache
def _steps() -> tuple[PluginRef, ...]:
    """Ours, other than connectors."""
    return tuple(ref for ref in builtin() if ref.kind in _KINDS)


@cache
def _names() -> dict[str, str]:
    full = {name: ref.name for ref in _steps() for name in full_names(ref)}
    return {**aliases(_steps()), **full}


def _is_java(ref: PluginRef) -> bool:
    return ref.name.startswith(_JAVA)


def _ours(kind: Kind, name: str) -> NamedClass | None:
    meant = _names().get(name)
    refs = [ref for ref in _steps() if ref.name == meant]
    if not refs:
        return None
    ref = next((ref for ref in refs if ref.kind == kind), None)
    if ref is None:
        return NamedClass(refs[0].name, refusal=_unfit(refs[0].name, kind))
    made: Any = import_class(ref.path, None)
    versions = tuple(other.version for other in refs)
    return NamedClass(ref.name, versions, made().config(), trusted=True, make=made)


def _abstract(kind: Kind, name: str) -> NamedClass | None:
    """Java's interfaces, and what ``Cast$Key`` and ``Cast$Value`` have in common: classes, but none to be used."""
    inner = [ref.name for ref in _steps() if ref.name.startswith(f"{name}$")]
    of_kind = _ABSTRACT.get(name, "transformation" if inner else None)
    if of_kind is None:
        return None
    hint = f" Did you mean {', '.join(inner)}?" if inner else ""
    unfit = _unfit(name, kind, "interface" if name in _ABSTRACT else "class")
    refusal = f"This class is abstract and cannot be created.{hint}" if of_kind == kind else unfit
    return NamedClass(name, refusal=refusal)


def _unfit(name: str, kind: Kind, noun: str = "class") -> str:
    return f"Class {noun} {name} does not implement the {INTERFACES[kind]} interface"


def _others(kind: Kind, name: str, home: str | None, plugin_path: str | None) -> NamedClass | None:
    """Anybody's class; importing it runs its module."""
    try:
        if kind in ("transformation", "predicate"):
            full, found = find_class(cast("Any", kind), name, "type", home, plugin_path)
        elif split_path(name.strip()) is None:
            return None
        else:
            use_folders(home, plugin_path)
            found = import_class(name.strip(), home)
            full = f"{found.__module__}.{found.__qualname__}"
    except BarnabasError as error:
        return None if error.code in _ABSENT else NamedClass(name.strip(), refusal=error.message)
    if not issubclass(found, base_class(kind)):
        return NamedClass(full, refusal=_unfit(full, kind))
    if getattr(found, "__abstractmethods__", None):
        return NamedClass(full, refusal="This class is abstract and cannot be created.")
    ours = full.startswith("barnabas.")
    return NamedClass(full, (str(found.version()),), _definition(full, found), trusted=ours, make=found)


def _definition(name: str, found: Callable[[], Any]) -> ConfigDef:
    definition = found().config()
    if not isinstance(definition, ConfigDef):
        raise ConnectError(
            f"{name}.config() must return a ConfigDef that is not null.",
            code="BRN-4012",
            remedy="Set the class attribute CONFIG, or return a ConfigDef.",
        )
    return definition
