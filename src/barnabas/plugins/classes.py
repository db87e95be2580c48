"""The class that a transform's or predicate's ``type`` means: what runs inside a host, when a task is put together.

A connector's class is found in the worker, which gives its home a process; whatever else the connector's configuration
names is found here, in that process: ours by the names Kafka Connect knows them by, others by where they are.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from barnabas.config import nearest
from barnabas.converters import HEADER_CONVERTERS
from barnabas.errors import ConfigError, PluginError
from barnabas.plugins import names
from barnabas.plugins.entry_points import refs_of
from barnabas.plugins.homes import list_homes, split_plugin_path
from barnabas.plugins.loading import base_class, import_class, use_home
from barnabas.plugins.scan import import_root, scan_home
from barnabas.predicates.names import PREDICATES
from barnabas.transforms.names import PYTHON, TRANSFORMS, known_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barnabas.supervisor.api import PluginRef

__all__ = ["Named", "find_class", "use_folders"]

Kind = Literal["transformation", "predicate"]

_TABLES: Final = {"transformation": TRANSFORMS, "predicate": PREDICATES}
_KNOWN: Final = {
    "transformation": {**known_names(TRANSFORMS), **dict.fromkeys(("python", "Python", PYTHON), PYTHON)},
    "predicate": known_names(PREDICATES),
}
_EVERYTHING: Final = {**TRANSFORMS, **PREDICATES, **HEADER_CONVERTERS}
_JAVA: Final = {path: java for java, path in _EVERYTHING.items()}
_ABSENT: Final = frozenset({"BRN-4002", "BRN-4006"})
"""There is no such module, or it has no such class."""


class Named(NamedTuple):
    """A class, and how errors call it: by Java's name where it stands in for one."""

    name: str
    found: type[Any]


def use_folders(home: str | None, plugin_path: str | None = None) -> None:
    """Let imports find a connector's own modules: in its home, the homes on ``plugin.path``, the current directory.

    The home comes first, as for the connector itself; the others last, so that no file beside the worker hides a
    library.
    """
    use_home(home)
    homes = [import_root(each) for each in list_homes(split_plugin_path(plugin_path))]
    sys.path.extend(folder for folder in dict.fromkeys([*homes, str(Path.cwd())]) if folder not in sys.path)


def find_class(kind: Kind, name: str, key: str, home: str | None, plugin_path: str | None = None) -> Named:
    """The class that ``key=name`` means.

    Args:
        kind: What it has to be.
        name: A Java name, a short one, ``module:Class`` or ``module.Class``.
        key: The setting, for errors.
        home: The connector's plugin home; ``None``: the worker's own environment.
        plugin_path: The worker's ``plugin.path``, whose homes are looked into after that.

    Raises:
        ConfigError: There is none of that name, or it is something else.
        PluginError: It is there, but cannot be imported.
    """
    name = name.strip()
    path = _KNOWN[kind].get(name) or _EVERYTHING.get(name)
    if path is None or path == PYTHON:
        use_folders(home, plugin_path)
    found = _import(kind, name, key, home, plugin_path) if path is None else import_class(path, None)
    full = f"{found.__module__}.{found.__qualname__}"
    full = _JAVA.get(f"{found.__module__}:{found.__qualname__}", full)
    interface = base_class(kind)
    if not issubclass(found, interface):
        raise ConfigError(
            f"Class class {full} does not implement the {interface.__name__} interface",
            code="BRN-1062",
            key=key,
            remedy=f"Name a subclass of barnabas.{interface.__name__}.",
        )
    missing = getattr(found, "__abstractmethods__", None)
    if missing:
        raise ConfigError(
            f"Class {full} is abstract and cannot be created.",
            code="BRN-1062",
            key=key,
            remedy=f"Define in it: {', '.join(sorted(missing))}.",
        )
    return Named(full, found)


def _import(kind: Kind, name: str, key: str, home: str | None, plugin_path: str | None) -> type[Any]:
    reason = None
    if ":" in name or "." in name:
        try:
            return import_class(name, home)
        except PluginError as error:
            if error.code not in _ABSENT:
                raise PluginError(error.message, code=error.code, key=key, remedy=error.remedy) from error
            reason = error.remedy if error.code == "BRN-4006" else None
    else:
        meant = {ref.path for ref in _others(kind, home, plugin_path) if name in names.short_names(ref)}
        if len(meant) == 1:
            return import_class(meant.pop(), home)
    near = nearest(name, _KNOWN[kind]) if "." not in name else nearest(name, _TABLES[kind])
    remedy = f"Did you mean {near}?" if near else reason
    raise ConfigError(
        f"Invalid value {name} for configuration {key}: Class {name} could not be found.",
        code="BRN-1061",
        key=key,
        remedy=remedy or "Write the name of one of Kafka's, or module:Class of your own.",
    )


def _others(kind: Kind, home: str | None, plugin_path: str | None) -> Iterator[PluginRef]:
    """Plugins of this kind that are not ours, wherever the connector's modules may be; a home that fails has none."""
    yield from (ref for ref in refs_of(metadata.distributions(), None) if ref.kind == kind)
    for each in dict.fromkeys([*([home] if home else []), *list_homes(split_plugin_path(plugin_path))]):
        try:
            yield from (ref for ref in scan_home(each) if ref.kind == kind)
        except PluginError:
            continue  # the worker has warned of it, and the name is reported as unknown
