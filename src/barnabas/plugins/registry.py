"""All plugins the worker knows of: finding one by any of its names, listing them; no plugin code is run here."""

from __future__ import annotations

import asyncio
import logging
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from barnabas.errors import BarnabasError, PluginError
from barnabas.plugins import homes, names
from barnabas.plugins.builtin import MORE_NAMES, builtin
from barnabas.plugins.entry_points import refs_of
from barnabas.plugins.scan import import_root
from barnabas.plugins.static import Found, find_class, split_path
from barnabas.supervisor.api import PluginRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from barnabas.supervisor.api import PluginKind

__all__ = ["Plugins"]

log = logging.getLogger(__name__)

_ORDER: tuple[PluginKind, ...] = ("sink", "source", "transformation", "predicate", "converter", "header_converter")
_CONNECTORS: frozenset[PluginKind] = frozenset({"source", "sink"})
_NOUNS: dict[PluginKind, str] = {
    "source": "SourceConnector",
    "sink": "SinkConnector",
    "converter": "Converter",
    "header_converter": "HeaderConverter",
    "transformation": "Transformation",
    "predicate": "Predicate",
}
_SCANS_AT_ONCE = 2


class Plugins:
    """The registry; used on the worker's event loop.

    Args:
        plugin_path: The worker's ``plugin.path``.
        scan: Lists the plugins of a home in a process of its own: :meth:`~barnabas.supervisor.api.Supervisor.scan`.
            Without it homes are not looked into.
    """

    def __init__(
        self, plugin_path: str | None = None, scan: Callable[[str], Awaitable[list[PluginRef]]] | None = None
    ) -> None:
        self._folders = homes.split_plugin_path(plugin_path)
        self._scan = scan
        self._fixed = [*builtin(), *refs_of(metadata.distributions(), None)]
        self._stamps: dict[str, tuple[int, int]] = {}
        self._homes: dict[str, list[PluginRef]] = {}
        self._found = asyncio.Event()
        if not self._folders or scan is None:
            self._found.set()
        self._index()

    async def until_found(self) -> None:
        """Return once all homes were looked into for the first time: what is not known then, is not there."""
        await self._found.wait()

    async def discover(self) -> None:
        """Look into every home that is new or changed since the last call; forget those that are gone.

        A home that fails costs a warning and its own plugins, nothing else.
        """
        present = homes.list_homes(self._folders) if self._scan else []
        for gone in set(self._homes) - set(present):
            del self._homes[gone], self._stamps[gone]
        changed = {home: now for home in present if self._stamps.get(home) != (now := homes.stamp(home))}
        limit = asyncio.Semaphore(_SCANS_AT_ONCE)
        await asyncio.gather(*(self._look(home, limit) for home in changed))
        self._stamps |= changed
        self._index()
        self._found.set()

    async def _look(self, home: str, limit: asyncio.Semaphore) -> None:
        self._homes[home] = []
        if self._scan is None:
            return
        async with limit:
            try:
                self._homes[home] = await self._scan(home)
            except BarnabasError as error:
                log.warning("Plugin home %s gives no plugins: %s", home, error.describe())

    def _index(self) -> None:
        """One entry per name and kind: the newest version, as Kafka Connect chooses."""
        newest: dict[tuple[str, PluginKind], PluginRef] = {}
        for ref in (*self._fixed, *(ref for refs in self._homes.values() for ref in refs)):
            old = newest.get((ref.name, ref.kind))
            if old is None or names.version_key(ref.version) > names.version_key(old.version):
                newest[ref.name, ref.kind] = ref
        self._refs = sorted(newest.values(), key=lambda ref: (_ORDER.index(ref.kind), ref.name))
        self._aliases = {**MORE_NAMES, **names.aliases(self._refs)}

    def list(self, connectors_only: bool = True) -> list[PluginRef]:
        """Sinks, sources, transformations, predicates, converters and header converters, by name within each."""
        return [ref for ref in self._refs if not connectors_only or ref.kind in _CONNECTORS]

    def find_connector(self, name: str) -> PluginRef:
        """The connector that ``connector.class=name`` means.

        Raises:
            PluginError: There is none, or several; the remedy names the nearest.
        """
        name = name.strip()
        known = self._known(name, _CONNECTORS)
        if known is not None:
            return known
        matches = [ref for ref in self.list() if names.simple_name(ref.name) in {name, f"{name}Connector"}]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise PluginError(
                f"More than one connector matches alias {name}. Please use full package and class name instead. "
                f"Classes found: {_listed(matches)}",
                code="BRN-4007",
                key="connector.class",
            )
        return self._direct(name, _CONNECTORS) or self._unknown(name, "Connector", self.list(), "connectors")

    def find(self, name: str, kind: PluginKind | None = None) -> PluginRef:
        """The plugin of this kind (of any, if none is given) that has this name.

        Raises:
            PluginError: There is none; the remedy names the nearest.
        """
        name = name.strip()
        kinds = frozenset(_ORDER) if kind is None else frozenset({kind})
        found = self._known(name, kinds) or self._direct(name, kinds)
        if found is not None:
            return found
        of_kind = [ref for ref in self._refs if ref.kind in kinds]
        noun = _NOUNS[kind] if kind else "a plugin interface"
        return self._unknown(name, noun, of_kind, f"{noun[0].lower()}{noun[1:]}s" if kind else "plugins")

    def _known(self, name: str, kinds: frozenset[PluginKind]) -> PluginRef | None:
        of_kind = [ref for ref in self._refs if ref.kind in kinds]
        exact = next((ref for ref in of_kind if name in names.full_names(ref)), None)
        if exact is not None:
            return exact
        meant = self._aliases.get(name)
        return next((ref for ref in of_kind if ref.name == meant), None)

    def _direct(self, name: str, kinds: frozenset[PluginKind]) -> PluginRef | None:
        """A class named by its module, which no list has: looked up in source text, not imported."""
        parts = split_path(name)
        if parts is None:
            return None
        for home in (None, str(Path.cwd()), *dict.fromkeys(import_root(home) for home in self._homes)):
            found = find_class(*parts, home)
            if found is not None:
                return _checked(found, kinds, home)
        return None

    def _unknown(self, name: str, interface: str, known: Iterable[PluginRef], noun: str) -> PluginRef:
        near = names.nearest(name, known)
        missing = "Install its package, or put it into a folder on plugin.path; Java classes cannot be loaded."
        remedy = f"Did you mean {near}?" if near else missing
        raise PluginError(
            f"Failed to find any class that implements {interface} and which name matches {name}, "
            f"available {noun} are: {_listed(known)}.",
            key="connector.class" if interface == "Connector" else None,
            remedy=remedy,
        )


def _listed(refs: Iterable[PluginRef]) -> str:
    return ", ".join(dict.fromkeys(ref.name for ref in refs))


def _checked(found: Found, kinds: frozenset[PluginKind], home: str | None) -> PluginRef:
    path = f"{found.module}:{found.class_name}"
    key = "connector.class" if kinds == _CONNECTORS else None
    if not found.defined:
        raise PluginError(
            f"Module {found.module} has no class {found.class_name}.",
            code="BRN-4006",
            key=key,
            remedy="Check the spelling.",
        )
    if found.kind not in kinds:
        wanted = " or ".join(f"barnabas.{_NOUNS[kind]}" for kind in _ORDER if kind in kinds)
        raise PluginError(
            f"{path} does not extend {wanted}.", code="BRN-4003", key=key, remedy="Name a class that does."
        )
    return PluginRef(name=path.replace(":", "."), path=path, kind=found.kind, home=home)
