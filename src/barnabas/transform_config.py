"""The settings of a connector's transforms and predicates: what ``transforms=a`` adds to its definition.

Keys, orders and texts are Kafka Connect's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from barnabas.class_library import INTERFACES, Kind, Library, NamedClass, version_refusal
from barnabas.config import ConfigDef, ConfigKey, Importance, Recommender, Type, Width, parse_value
from barnabas.errors import ConfigError
from barnabas.framework_config import FrameworkView

__all__ = ["STEP_KEYS", "define_steps", "step_aliases"]

Props = Mapping[str, str | None]

STEP_KEYS: Final[Mapping[str, Kind]] = {"transforms": "transformation", "predicates": "predicate"}
"""The settings that list aliases, and what each alias stands for."""

_PREDICATE: Final = "The predicate that says to which records it applies; all if not set."
_NEGATE: Final = "Whether it applies to the records for which the predicate does not hold."


class _Step(NamedTuple):
    """One alias.

    Args:
        key: ``transforms`` or ``predicates``.
        kind: What its class has to be.
        alias: The alias.
        given: What the configuration says below ``<key>.<alias>.``; the prefix is part of the names.
        library: Finds classes.
    """

    key: str
    kind: Kind
    alias: str
    given: Props
    library: Library

    @property
    def prefix(self) -> str:
        return f"{self.key}.{self.alias}."

    @property
    def version(self) -> str | None:
        return self.given.get(f"{self.prefix}plugin.version")

    def find(self, name: str | None) -> NamedClass | None:
        return None if name is None else self.library(self.kind, name)


def define_steps(definition: ConfigDef, props: Props, view: FrameworkView) -> ConfigDef:
    """Add the keys of all transforms and predicates that a configuration lists.

    Args:
        definition: The framework's; it is added to.
        props: The configuration.
        view: Finds and offers classes.
    """
    for key, kind in STEP_KEYS.items():
        for alias in step_aliases(props, key):
            _define(definition, _Step(key, kind, alias, props, view.library), view)
    return definition


def step_aliases(props: Props, key: str) -> list[str]:
    """The aliases in ``key``, each once."""
    return [*dict.fromkeys(parse_value(key, props.get(key), Type.LIST) or [])]


def _define(definition: ConfigDef, step: _Step, view: FrameworkView) -> None:
    group = f"{step.key.capitalize()}: {step.alias}"
    interface = INTERFACES[step.kind]
    name = step.given.get(f"{step.prefix}type")
    found = None if name is None or name != name.strip() else step.find(name)  # Kafka trims when it parses, not here
    definition.add(
        ConfigKey(
            f"{step.prefix}type",
            Type.CLASS,
            validator=_TypeCheck(step),
            recommender=Recommender.of(*view.offers.get(step.kind, ())),
            importance=Importance.HIGH,
            group=group,
            order_in_group=0,
            width=Width.LONG,
            display_name=f"{interface} type for {step.alias}",
            doc=f"The class of {step.alias}.",
        )
    )
    definition.add(
        ConfigKey(
            f"{step.prefix}plugin.version",
            Type.STRING,
            default=found.version if found else None,
            validator=_VersionCheck(found),
            recommender=_Versions(step),
            importance=Importance.HIGH,
            group=group,
            order_in_group=1,
            width=Width.LONG,
            display_name=f"{interface} version for {step.alias}",
            doc=f"The version of {step.alias}, or a range; the newest if not set.",
        )
    )
    if found is not None and found.definition is not None and version_refusal(found, step.version) is None:
        definition.embed(step.prefix, group, 2, _all_keys(step, found.definition))


def _all_keys(step: _Step, own: ConfigDef) -> ConfigDef:
    """A transform's own keys and those of the chain, which win."""
    if step.kind == "predicate":
        return own
    return (
        ConfigDef(own)
        .add(ConfigKey("predicate", Type.STRING, default=None, display_name="predicate", doc=_PREDICATE))
        .add(ConfigKey("negate", Type.BOOLEAN, default=False, display_name="negate", doc=_NEGATE))
    )


class _TypeCheck:
    """Whether the class can be used, once it is found."""

    def __init__(self, step: _Step) -> None:
        self._step = step

    def __call__(self, name: str, value: Any) -> None:
        step = self._step
        negate, predicate = f"{step.prefix}negate", f"{step.prefix}predicate"
        if step.kind == "transformation" and negate in step.given and predicate not in step.given:
            raise ConfigError(
                f"Config '{negate}' was provided but there is no config '{predicate}' "
                "defining a predicate to be negated.",
                code="BRN-1063",
                key=negate,
                remedy=f"Set {predicate} to the name of a predicate, or remove {negate}.",
            )
        found = step.find(value)
        if found is None:
            return
        refusal = found.refusal or version_refusal(found, step.version)
        if refusal is not None:
            raise ConfigError(refusal, code="BRN-1062", key=name)


class _VersionCheck:
    """Whether the version asked for is installed; where there is no such class, that is said elsewhere."""

    def __init__(self, found: NamedClass | None) -> None:
        self._found = found

    def __call__(self, name: str, value: Any) -> None:
        if value is None or self._found is None or self._found.definition is None:
            return
        refusal = version_refusal(self._found, value)
        if refusal is not None:
            raise ConfigError(refusal, code="BRN-1070", key=name)


class _Versions(Recommender):
    """Offers the versions of the class that is set."""

    def __init__(self, step: _Step) -> None:
        self._step = step

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        del name
        found = self._step.find(parsed.get(f"{self._step.prefix}type"))
        return found.versions if found is not None else ()

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        del name, parsed
        return True
