"""What a class is, told from source text alone: for ``module.Class`` in a configuration, without running any of it.

The worker must know whether a class is a source or a sink before it gives it a process. Its module is located the way
Python's import would, parsed, and base classes are followed through imports until one of ours is reached.
"""

from __future__ import annotations

import ast
from importlib import machinery, util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from barnabas.errors import PluginError
from barnabas.plugins.loading import BASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barnabas.supervisor.api import PluginKind

__all__ = ["Found", "find_class", "split_path"]

_KINDS: dict[tuple[str, str], PluginKind] = {
    **{base: kind for kind, base in BASES.items()},
    ("barnabas", "SourceConnector"): "source",
    ("barnabas", "SinkConnector"): "sink",
}


class Found(NamedTuple):
    """A module that exists.

    Args:
        module: Its name.
        class_name: The class asked for.
        defined: Whether the module has such a class (or imports one of that name).
        kind: What it is, if it extends one of our classes.
    """

    module: str
    class_name: str
    defined: bool
    kind: PluginKind | None


def split_path(name: str) -> tuple[str, str] | None:
    """``package.module:Class`` or ``package.module.Class`` in two; ``None`` when it is neither."""
    module, separator, class_name = name.rpartition(":" if ":" in name else ".")
    parts = [*module.split("."), *class_name.split(".")]
    return (module, class_name) if separator and all(part.isidentifier() for part in parts) else None


def find_class(module: str, class_name: str, home: str | None) -> Found | None:
    """Look for a class in a home (``None``: the worker's environment); ``None`` when there is no such module.

    Raises:
        PluginError: A module is there, but is no valid Python.
    """
    sources = _Sources(home)
    if sources.parse(module) is None:
        return None
    defined = "." in class_name or sources.definition(module, class_name) is not None
    return Found(module, class_name, defined, sources.kind(module, class_name))


class _Sources:
    """Modules as syntax trees, located from one place."""

    def __init__(self, home: str | None) -> None:
        self._home = home
        self._trees: dict[str, ast.Module | None] = {}
        self._packages: set[str] = set()

    def parse(self, module: str) -> ast.Module | None:
        """The tree of a module; ``None`` when it is not there or not Python source."""
        if module not in self._trees:
            self._trees[module] = self._parse(module)
        return self._trees[module]

    def _parse(self, module: str) -> ast.Module | None:
        spec = self._locate(module)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        if spec.submodule_search_locations is not None:
            self._packages.add(module)
        try:
            return ast.parse(Path(spec.origin).read_bytes())
        except (OSError, SyntaxError, ValueError) as error:
            raise PluginError(
                f"Module {module} cannot be read: {error}", code="BRN-4005", remedy=f"Correct {spec.origin}."
            ) from error

    def _locate(self, module: str) -> machinery.ModuleSpec | None:
        """Like ``importlib.util.find_spec``, which would import the parent packages."""
        top, *rest = module.split(".")
        spec = machinery.PathFinder.find_spec(top, [self._home]) if self._home else None
        if spec is None:
            spec = _environment(top)
        name = top
        for part in rest:
            if spec is None or spec.submodule_search_locations is None:
                return None
            name = f"{name}.{part}"
            spec = machinery.PathFinder.find_spec(name, list(spec.submodule_search_locations))
        return spec

    def definition(self, module: str, name: str) -> ast.stmt | None:
        """The statement at the top of a module that defines ``name``."""
        tree = self.parse(module)
        for statement in tree.body if tree else ():
            match statement:
                case ast.ClassDef(name=defined) if defined == name:
                    return statement
                case ast.ImportFrom(names=names) if any((a.asname or a.name) == name for a in names):
                    return statement
                case ast.Assign(targets=[ast.Name(id=defined)]) if defined == name:
                    return statement
        return None

    def kind(self, module: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> PluginKind | None:
        """What a class is, by the first of our classes among its ancestors."""
        if (module, name) in _KINDS:
            return _KINDS[module, name]
        if (module, name) in seen:
            return None
        seen |= {(module, name)}
        for other_module, other_name in self._ancestors(module, name):
            kind = self.kind(other_module, other_name, seen)
            if kind is not None:
                return kind
        return None

    def _ancestors(self, module: str, name: str) -> Iterator[tuple[str, str]]:
        """Where the classes are that this one is, or extends."""
        match self.definition(module, name):
            case ast.ClassDef(bases=bases):
                for base in bases:
                    yield from self._reference(module, base)
            case ast.ImportFrom() as statement:
                original = next(alias.name for alias in statement.names if (alias.asname or alias.name) == name)
                yield self._absolute(module, statement), original
            case ast.Assign(value=value):
                yield from self._reference(module, value)

    def _reference(self, module: str, expression: ast.expr) -> Iterator[tuple[str, str]]:
        match expression:
            case ast.Name(id=name):
                yield module, name
            case ast.Subscript(value=value):
                yield from self._reference(module, value)
            case ast.Attribute(value=value, attr=name):
                yield self._imported(module, ast.unparse(value)), name

    def _imported(self, module: str, name: str) -> str:
        """The module that ``name`` (``barnabas``, ``b``, ``package.module``) stands for in ``module``."""
        tree = self.parse(module)
        for statement in tree.body if tree else ():
            if isinstance(statement, ast.Import):
                for alias in statement.names:
                    if alias.asname == name:
                        return alias.name
        definition = self.definition(module, name)
        if isinstance(definition, ast.ImportFrom):
            return f"{self._absolute(module, definition)}.{name}"
        return name

    def _absolute(self, module: str, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        parts = module.split(".")
        keep = len(parts) - statement.level + (module in self._packages)
        return ".".join([*parts[:keep], *([statement.module] if statement.module else [])])


def _environment(top: str) -> machinery.ModuleSpec | None:
    try:
        return util.find_spec(top)
    except (ImportError, ValueError):  # __main__ and half-made modules have none
        return None
