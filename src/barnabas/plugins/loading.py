"""Importing plugin classes: what runs inside a host, never in the worker."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from importlib import metadata
from typing import TYPE_CHECKING, Any

from barnabas.errors import PluginError

if TYPE_CHECKING:
    from barnabas.supervisor.api import PluginKind, PluginRef

__all__ = ["BASES", "base_class", "import_class", "import_module", "load", "use_home"]

BASES: dict[PluginKind, tuple[str, str]] = {
    "source": ("barnabas.connector", "SourceConnector"),
    "sink": ("barnabas.connector", "SinkConnector"),
    "converter": ("barnabas.converters.base", "Converter"),
    "header_converter": ("barnabas.converters.base", "HeaderConverter"),
    "transformation": ("barnabas.transforms.base", "Transformation"),
    "predicate": ("barnabas.predicates.base", "Predicate"),
}
"""Where the class is defined that all plugins of a kind extend."""

_importing = threading.RLock()  # two threads that import modules which import each other end in Python's deadlock error


def load(ref: PluginRef) -> type[Any]:
    """Import the class that ``ref`` names; called in a host process, on a plugin's own thread.

    Raises:
        PluginError: The module is missing, or one it needs; importing it failed; it has no such class; or that is not
            of the kind that it was taken for. Never a bare exception, whatever the plugin's code does.
    """
    found = import_class(ref.path, ref.home)
    base = base_class(ref.kind)
    if not issubclass(found, base):
        raise PluginError(
            f"{ref.path} is not a {ref.kind.replace('_', ' ')}.",
            code="BRN-4003",
            remedy=f"Name a subclass of {_public_name(base)}.",
        )
    return found


def import_class(path: str, home: str | None) -> type[Any]:
    """The class at ``module:Class`` or ``module.Class``, whatever its kind; called in a host.

    Raises:
        PluginError: As :func:`load`.
    """
    use_home(home)
    module_name, colon, class_name = path.partition(":")
    if not colon:
        module_name, _, class_name = path.rpartition(".")
    found: Any = import_module(module_name, path)
    for part in class_name.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type):
        raise PluginError(
            f"Module {module_name} has no class {class_name}.",
            code="BRN-4006",
            remedy=f"Check the spelling; defined there: {', '.join(_classes(module_name)) or 'no class at all'}.",
        )
    return found


def base_class(kind: PluginKind) -> type[Any]:
    """The class that all plugins of this kind extend."""
    module, name = BASES[kind]
    found: type[Any] = getattr(importlib.import_module(module), name)
    return found


def use_home(home: str | None) -> None:
    """Make a plugin home the first place where imports look; nothing for the worker's own environment."""
    if home is not None and home not in sys.path:
        sys.path.insert(0, home)
        importlib.invalidate_caches()


def import_module(name: str, wanted_by: str) -> Any:
    """Import a plugin's module; every failure becomes a :class:`~barnabas.errors.PluginError` that says what to do."""
    try:
        with _importing:
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise _missing(error, name, wanted_by) from error
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"Importing {name} failed: {type(error).__name__}: {error}",
            code="BRN-4005",
            remedy=f"Try it alone: python -c 'import {name}'.",
        ) from error


def _missing(error: ModuleNotFoundError, name: str, wanted_by: str) -> PluginError:
    absent = error.name or str(error)
    if name == absent or name.startswith(f"{absent}."):
        return PluginError(
            f"There is no Python module {absent}, in which {wanted_by} should be.",
            code="BRN-4002",
            remedy="Check the spelling; install its package beside barnabas, or put it into a folder on plugin.path.",
        )
    top = absent.partition(".")[0]
    extra = _extra_with(top)
    command = f"pip install 'barnabas[{extra}]'" if extra else f"pip install {top}"
    return PluginError(
        f"{wanted_by} needs the Python module {absent}, which is not installed.",
        code="BRN-4004",
        remedy=f"Install it: {command} (for a home on plugin.path, into it: pip install --target).",
    )


def _extra_with(module: str) -> str | None:
    """The optional dependency group of ours that brings this module, if any."""
    try:
        requirements = metadata.requires("barnabas") or []
    except metadata.PackageNotFoundError:  # run from sources: there is nothing to name
        return None
    wanted = re.sub(r"[-_.]+", "-", module).lower()
    for requirement in requirements:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        extra = re.search(r"extra\s*==\s*[\"']([^\"']+)", requirement)
        if name and extra and extra[1] != "dev" and re.sub(r"[-_.]+", "-", name[0]).lower() == wanted:
            return extra[1]
    return None


def _classes(module_name: str) -> list[str]:
    module = sys.modules.get(module_name)
    members = vars(module).items() if module else ()
    return sorted(
        n for n, v in members if isinstance(v, type) and v.__module__ == module_name and not n.startswith("_")
    )


def _public_name(base: type[Any]) -> str:
    """``barnabas.SourceConnector`` rather than the private module it is defined in."""
    import barnabas  # noqa: PLC0415  the package itself, imported long ago

    return f"barnabas.{base.__name__}" if base.__name__ in barnabas.__all__ else f"{base.__module__}.{base.__name__}"
