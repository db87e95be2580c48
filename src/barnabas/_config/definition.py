"""ConfigDef: declare once; parse, validate and document from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from barnabas._config.docs import to_markdown
from barnabas._config.parsed import Config
from barnabas._config.parsing import ClassFinder, parse_value
from barnabas._config.types import NO_DEFAULT, ConfigKey, ConfigValue, Importance, Recommender, Type, Validator, Width
from barnabas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ConfigDef"]


class ConfigDef:
    """What can be configured. Declare it once, at class level; it is not changed afterwards.

    ::

        CONFIG = (
            ConfigDef()
            .define("topic", Type.STRING, importance="high", validator=NonEmptyString(), doc="Where lines go.")
            .define("batch.size", Type.INT, default=2000, validator=at_least(1), doc="Lines per batch.")
        )
        config = CONFIG.parse(props)  # config["batch.size"] is an int
    """

    def __init__(self, base: ConfigDef | None = None) -> None:
        self._keys: dict[str, ConfigKey] = dict(base.keys) if base else {}
        self._groups: list[str] = base.groups if base else []

    @property
    def keys(self) -> Mapping[str, ConfigKey]:
        """All keys by name, in the order of declaration."""
        return self._keys

    @property
    def groups(self) -> list[str]:
        """All groups, in the order of first mention."""
        return list(self._groups)

    def define(
        self,
        name: str,
        type: Type,  # noqa: A002 - Kafka's word
        *,
        default: Any = NO_DEFAULT,
        importance: Importance | str = Importance.MEDIUM,
        doc: str = "",
        validator: Validator | None = None,
        group: str | None = None,
        order_in_group: int = -1,
        width: Width | str = Width.NONE,
        display_name: str | None = None,
        dependents: Iterable[str] = (),
        recommender: Recommender | None = None,
        deprecated: str | None = None,
        internal: bool = False,
    ) -> Self:
        """Declare one key.

        Args:
            name: The key.
            type: What its text is parsed into.
            default: The value if not given (text or typed); left out: the key is required; ``None``: unset.
            importance: ``high``, ``medium`` or ``low``.
            doc: What it does, for the reference and for forms.
            validator: Called with ``(name, value)`` on the parsed value, also on the default; raises ConfigError.
            group: Heading under which forms show it.
            order_in_group: Its place there.
            width: ``none``, ``short``, ``medium`` or ``long``: of the form field.
            display_name: Its label; the name if not given.
            dependents: Keys whose suggestions depend on this one.
            recommender: Suggests values.
            deprecated: What to use instead; noted in the reference.
            internal: Left out of validation answers and the reference.

        Raises:
            ConfigError: it is declared already, or the default won't do.
        """
        if name in self._keys:
            raise ConfigError(f"Configuration {name} is defined twice.", key=name)
        key = ConfigKey(
            name=name,
            type=type,
            default=default if default is NO_DEFAULT else parse_value(name, default, type, lambda given: given),
            validator=validator,
            importance=_member(Importance, importance),
            doc=doc,
            group=group,
            order_in_group=order_in_group,
            width=_member(Width, width),
            display_name=display_name or name,
            dependents=tuple(dependents),
            recommender=recommender,
            deprecated=deprecated,
            internal=internal,
        )
        if validator is not None and default is not NO_DEFAULT:
            validator(name, key.default)
        return self.add(key)

    def add(self, key: ConfigKey) -> Self:
        """Put a key as it is, replacing one of the same name in its place."""
        self._keys[key.name] = key
        if key.group is not None and key.group not in self._groups:
            self._groups.append(key.group)
        return self

    def embed(self, prefix: str, group: str, start_order: int, other: ConfigDef) -> Self:
        """Declare all of another definition's keys under a prefix, in one group."""
        for offset, key in enumerate(other.keys.values()):
            self.add(_renamed(key, prefix, group, start_order + offset))
        return self

    def parse(self, props: Mapping[str, Any], *, find_class: ClassFinder | None = None) -> Config:
        """The typed configuration.

        Args:
            props: Text (or typed values) by key; undeclared keys are kept in :attr:`Config.originals`.
            find_class: Resolves names of CLASS keys; Python imports if not given.

        Raises:
            ConfigError: the first problem in the order of declaration, with key and remedy.
        """
        values = {}
        for key in self._keys.values():
            value = self._take(key, props, find_class)
            if key.validator is not None:
                key.validator(key.name, value)
            values[key.name] = value
        return Config(values, props)

    def validate(self, props: Mapping[str, Any], *, find_class: ClassFinder | None = None) -> list[ConfigValue]:
        """Everything that is right and wrong with a configuration; never raises because of ``props``.

        Returns:
            One :class:`ConfigValue` a declared key, in order, each with all its errors.
        """
        values: dict[str, ConfigValue] = {}
        for key in self._keys.values():
            found = values[key.name] = ConfigValue(key.name)
            try:
                found.value = self._take(key, props, find_class)
            except ConfigError as error:
                found.add_error(error.message)
            if key.validator is not None:
                try:
                    key.validator(key.name, found.value)
                except ConfigError as error:
                    found.add_error(error.message)
        self._recommend(values)
        return [*values.values(), *self._undefined_dependents()]

    def markdown(self) -> str:
        """The reference as a Markdown table, most important keys first."""
        return to_markdown(key for key in self._keys.values() if not key.internal)

    @staticmethod
    def _take(key: ConfigKey, props: Mapping[str, Any], find_class: ClassFinder | None) -> Any:
        if key.name in props:
            return parse_value(key.name, props[key.name], key.type, find_class)
        if key.default is NO_DEFAULT:
            raise ConfigError(
                f'Missing required configuration "{key.name}" which has no default value.',
                code="BRN-1002",
                key=key.name,
                remedy=f"Set {key.name}{f': {key.doc}' if key.doc else '.'}",
            )
        return key.default

    def _recommend(self, values: Mapping[str, ConfigValue]) -> None:
        parsed = {name: value.value for name, value in values.items()}
        for key in self._keys.values():
            if key.recommender is not None:
                found = values[key.name]
                found.recommended_values = list(key.recommender.valid_values(key.name, parsed))
                found.visible = key.recommender.visible(key.name, parsed)

    def _undefined_dependents(self) -> list[ConfigValue]:
        names = {name: None for key in self._keys.values() for name in key.dependents if name not in self._keys}
        return [
            ConfigValue(name, errors=[f"{name} is referred in the dependents, but not defined."], visible=False)
            for name in names
        ]


def _member(kind: Any, given: Any) -> Any:
    return given if isinstance(given, kind) else kind[str(given).upper()]


def _renamed(key: ConfigKey, prefix: str, group: str, order: int) -> ConfigKey:
    return replace(
        key,
        name=prefix + key.name,
        group=group,
        order_in_group=order,
        dependents=tuple(prefix + name for name in key.dependents),
    )
