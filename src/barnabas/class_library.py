"""What validation has to know of the classes that settings name: plain data, so that it imports nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, Literal, NamedTuple

from barnabas.config import ConfigDef, version_range
from barnabas.errors import ConfigError

__all__ = [
    "CURRENT",
    "INTERFACES",
    "Kind",
    "Library",
    "NamedClass",
    "named_in_configurations",
    "no_library",
    "version_refusal",
]

Kind = Literal["converter", "header_converter", "transformation", "predicate"]

INTERFACES: dict[Kind, str] = {
    "converter": "Converter",
    "header_converter": "HeaderConverter",
    "transformation": "Transformation",
    "predicate": "Predicate",
}
"""What a class of each kind implements, as messages call it."""


class NamedClass(NamedTuple):
    """A class that a setting names.

    Args:
        name: Its full name: Java's where it stands in for one.
        versions: Under which versions it is installed as the kind asked for; none where it is not of that kind.
        definition: Its settings; ``None`` where it is not of that kind.
        refusal: Why it cannot be used as the kind asked for.
        trusted: Whether it is ours, so that it may be tried out.
        make: Makes an object of it.
    """

    name: str
    versions: tuple[str, ...] = ()
    definition: ConfigDef | None = None
    refusal: str | None = None
    trusted: bool = False
    make: Callable[[], object] | None = None

    @property
    def version(self) -> str | None:
        """The one that is used unless another is asked for."""
        return self.versions[0] if self.versions else None


Library = Callable[[Kind, str], NamedClass | None]
"""Finds the class that a name means where one of a kind is wanted; ``None``: there is no such class at all."""


def version_refusal(found: NamedClass, wanted: str | None) -> str | None:
    """Why no installed version of a class will do, in Kafka's words; ``None``: one will."""
    try:
        accepted = version_range(wanted)
    except ConfigError as error:
        return error.message
    if accepted is None or any(version in accepted for version in found.versions):
        return None
    return (
        f"Plugin {found.name} not found that matches the version range {accepted}, "
        f"available versions: [{', '.join(found.versions)}]"
    )


def named_in_configurations(name: str) -> str | None:
    """The full name of the converter, transform or predicate that a configuration calls ``name``; ``None`` if none.

    For connectors whose own settings name such classes. Knows them while a configuration is validated, no longer.
    """
    library = CURRENT.get()
    found = (library(kind, name) for kind in INTERFACES)
    return next((each.name for each in found if each is not None), None)


def no_library(kind: Kind, name: str) -> None:
    """Knows no class."""
    del kind, name


CURRENT: Final[ContextVar[Library]] = ContextVar("CURRENT", default=no_library)
"""The library of the validation under way, set by whoever makes it."""
