"""Finding the plugin classes of a home by importing it: runs in a host process made for it, never in the worker.

A home is one entry of a folder on ``plugin.path``: a ``.py`` file, a package, or a folder of modules and packages (what
``pip install --target`` makes). Where installed packages declare plugins as entry points, these count. Otherwise every
module is imported of each top-level package that mentions ``barnabas`` at all: dependencies are left alone.
"""

from __future__ import annotations

import logging
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barnabas.errors import PluginError
from barnabas.plugins.entry_points import refs_of
from barnabas.plugins.loading import BASES, base_class, import_module, use_home
from barnabas.supervisor.api import PluginRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barnabas.supervisor.api import PluginKind

__all__ = ["import_root", "scan_home"]

log = logging.getLogger(__name__)


def import_root(home: str) -> str:
    """The folder to put on ``sys.path`` for a home: of a single file or package, the one that holds it."""
    path = Path(home)
    return str(path.parent) if path.is_file() or (path / "__init__.py").exists() else str(path)


def scan_home(home: str | None) -> list[PluginRef]:
    """List the plugin classes defined in a home, in no particular order.

    Modules that fail to import are skipped with a warning: one that is broken must not hide the others.

    Args:
        home: The ``.py`` file or folder; ``None`` lists what packages of the worker's own environment declare.

    Raises:
        PluginError: Nothing in the home could be imported.
    """
    if home is None:
        return refs_of(metadata.distributions(), None)
    root = import_root(home)
    use_home(root)
    declared = refs_of(metadata.distributions(path=[root]), root) if root == home else []
    if declared:
        return declared
    found: dict[tuple[str, str], PluginRef] = {}
    failures: list[PluginError] = []
    for name in _modules(Path(home)):
        try:
            module = import_module(name, name)
        except PluginError as error:
            log.warning("Plugin home %s: %s", home, error.describe())
            failures.append(error)
            continue
        for ref in _refs(module, root):
            found[ref.path, ref.kind] = ref
    if failures and not found:
        raise failures[0]
    return list(found.values())


def _modules(home: Path) -> Iterator[str]:
    """Names of the modules to import, parents first."""
    if home.is_file():
        yield home.stem
        return
    tops = [home] if (home / "__init__.py").exists() else sorted(home.iterdir())
    for top in tops:
        if top.suffix == ".py":
            if _mentions_us(top):
                yield top.stem
        elif (top / "__init__.py").exists():
            files = sorted(file for file in top.rglob("*.py") if _is_module(file.relative_to(top)))
            if any(_mentions_us(file) for file in files):
                for file in files:
                    parts = file.relative_to(top.parent).with_suffix("").parts
                    yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_module(relative: Path) -> bool:
    """Whether importing it is meant: no tests, and no programs."""
    return not {"tests", "test", "__pycache__"} & set(relative.parts[:-1]) and relative.stem != "__main__"


def _mentions_us(file: Path) -> bool:
    return b"barnabas" in file.read_bytes()


def _refs(module: Any, root: str) -> Iterator[PluginRef]:
    for name, value in list(vars(module).items()):
        if not isinstance(value, type) or value.__module__ != module.__name__ or name.startswith("_"):
            continue
        if getattr(value, "__abstractmethods__", None):
            continue
        for kind in BASES:
            if issubclass(value, base_class(kind)):
                yield _ref(value, kind, root)


def _ref(plugin: type[Any], kind: PluginKind, root: str) -> PluginRef:
    path = f"{plugin.__module__}:{plugin.__qualname__}"
    return PluginRef(name=path.replace(":", "."), path=path, kind=kind, home=root, version=_version(plugin))


def _version(plugin: type[Any]) -> str:
    """What ``version()`` answers; plugin code, so it may do anything but stop the scan."""
    try:
        return str(plugin.version())
    except Exception as error:  # noqa: BLE001  see above
        log.warning("%s.version() failed: %s", plugin.__qualname__, error)
        return "undefined"
