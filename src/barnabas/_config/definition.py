"""ConfigDef: declare once; parse, validate and document from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from barnabas._config.docs import to_markdown
from barnabas._config.embedding import prefixed_key
from barnabas._config.parsed import Config
from barnabas._config.parsing import ClassFinder, parse_value
from barnabas._config.types import NO_DEFAULT, ConfigKey, ConfigValue, Importance, Recommender, Type, Validator, Width
from barnabas._config.validators import ValidList
from barnabas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ConfigDef"]

_IMPORTANCES = (*Importance,)


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
        """Declare all of another definition's keys under a prefix, in one group, in the order that forms show them.

        Validators and recommenders go on seeing the names without the prefix.
        """
        for offset, key in enumerate(other.sorted_keys()):
            self.add(prefixed_key(key, prefix, group, start_order + offset))
        return self

    def sorted_keys(self) -> list[ConfigKey]:
        """All keys as forms show them: by group and place in it, then required ones first, by importance, by name."""
        return sorted(self._keys.values(), key=self._rank)

    def _rank(self, key: ConfigKey) -> tuple[int, int, bool, int, str]:
        group = -1 if key.group is None else self._groups.index(key.group)
        return group, key.order_in_group, not key.required, _IMPORTANCES.index(key.importance), key.name

    def parse(self, props: Mapping[str, Any], *, find_class: ClassFinder | None = None) -> Config:
        """The typed configuration.

        Args:
            props: Text (or typed values) by key; undeclared keys are kept in :attr:`Config.originals`.
            find_class: Resolves names of CLASS keys; Python imports if not given.

        Raises:
            ConfigError: the first problem in the order of declaration, with key and remedy.
        """
        ghosts = self._undefined()
        if ghosts:
            raise ConfigError(
                f"Some configurations in are referred in the dependents, but not defined: {','.join(ghosts)}"
            )
        values = {}
        for key in self._keys.values():
            value = self._take(key, props, find_class)
            if isinstance(key.validator, ValidList) and isinstance(value, list):
                value = [*dict.fromkeys(value)]
            if key.validator is not None:
                key.validator(key.name, value)
            values[key.name] = value
        return Config(values, props)

    def validate(self, props: Mapping[str, Any], *, find_class: ClassFinder | None = None) -> list[ConfigValue]:
        """Everything that is right and wrong with a configuration; never raises because of ``props``.

        Returns:
            One :class:`ConfigValue` a declared key, in order, each with all its errors.
        """
        ghosts = [
            ConfigValue(name, errors=[f"{name} is referred in the dependents, but not defined."], visible=False)
            for name in self._undefined()
        ]
        found = {name: ConfigValue(name) for name in self._keys}
        parsed: dict[str, Any] = {}
        order = self._visits()
        for key in order:
            self._judge(key, props, found[key.name], find_class)
            parsed[key.name] = found[key.name].value
        for key in order:
            _recommend(key, found[key.name], parsed)
        return [*found.values(), *ghosts]

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

    def _judge(
        self, key: ConfigKey, props: Mapping[str, Any], found: ConfigValue, find_class: ClassFinder | None
    ) -> None:
        value = None
        try:
            value = self._take(key, props, find_class)
        except ConfigError as error:
            found.add_error(error.message)
        if key.validator is not None:
            try:
                key.validator(key.name, value)
            except ConfigError as error:
                found.add_error(error.message)
        found.value = value

    def _visits(self) -> list[ConfigKey]:
        """Keys in the order in which Kafka looks at them: each before its dependents.

        One that depends on two others is looked at twice, and its errors count twice; one that is reached only through
        a circle is never looked at.
        """
        order: list[ConfigKey] = []
        children = {name for key in self._keys.values() for name in key.dependents}

        def visit(name: str, path: tuple[str, ...]) -> None:
            key = self._keys.get(name)
            if key is not None and name not in path:
                order.append(key)
                for dependent in key.dependents:
                    visit(dependent, (*path, name))

        for name in self._keys:
            if name not in children:
                visit(name, ())
        return order

    def _undefined(self) -> list[str]:
        """Names that are dependents of a key and no keys themselves."""
        return [*{name: None for key in self._keys.values() for name in key.dependents if name not in self._keys}]


def _recommend(key: ConfigKey, found: ConfigValue, parsed: Mapping[str, Any]) -> None:
    if key.recommender is None:
        return
    try:
        values = key.recommender.valid_values(key.name, parsed)
        kept = found.recommended_values  # of an earlier visit
        found.recommended_values = [value for value in values if not kept or value in kept]
        found.visible = key.recommender.visible(key.name, parsed)
    except ConfigError as error:
        found.add_error(error.message)


def _member(kind: Any, given: Any) -> Any:
    return given if isinstance(given, kind) else kind[str(given).upper()]
