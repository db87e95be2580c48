"""ReplaceField: fields of a record's key or value are dropped, kept or renamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from barnabas._columns import rows
from barnabas._columns.source import dict_of, literal
from barnabas.config import ConfigDef, Type, invalid
from barnabas.errors import DataError
from barnabas.record import SinkRecord, SourceRecord
from barnabas.schema import Schema, validate_value
from barnabas.transforms._rows import (
    Change,
    RowTransformation,
    basics,
    defaults,
    dropping,
    edited,
    field_of,
    strictly,
)
from barnabas.transforms._settings import REPLACE_NULL, REPLACE_NULL_OPTIONS, NamesOnce, strict_of
from barnabas.transforms.side import Side

__all__ = ["ReplaceFieldKey", "ReplaceFieldValue"]

R = TypeVar("R", SourceRecord, SinkRecord)

_FEW: Final = 12
"""So many names are looked up one by one; beyond that, going over the whole map is faster."""


def _parse_renames(mappings: list[str]) -> dict[str, str]:
    """New names by old ones, from ``old:new``. Blanks around the colon belong to the names."""
    renames = {}
    for mapping in mappings:
        parts = mapping.split(":")
        while parts and not parts[-1]:
            parts.pop()
        if len(parts) != 2:  # noqa: PLR2004 - old and new
            raise invalid(
                "renames", mappings, f"Invalid rename mapping: {mapping}", remedy="Write old:new,other:newer."
            )
        renames[parts[0]] = parts[1]
    return renames


class _Renames:
    """A list of ``old:new``."""

    def __call__(self, name: str, value: Any) -> None:
        if value is None:
            raise invalid(name, None, "Value must be non-null", remedy="Leave the key out.")
        _parse_renames(value)

    def __str__(self) -> str:
        return "list of colon-delimited pairs, e.g. foo:bar,abc:xyz"


class _ReplaceField(RowTransformation[R], Generic[R]):
    """What both sides share.

    Fields are chosen by their old names; ``exclude`` beats ``include``. Names that a record does not have are ignored.
    A renamed field and one that has the name already: of schemaless maps the later one stays. With ``strict`` both fail
    the record.
    """

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define(
            "exclude",
            Type.LIST,
            default=[],
            importance="medium",
            validator=NamesOnce(empty=True),
            doc="Fields to drop; these are dropped even if they are included.",
        )
        .define(
            "include",
            Type.LIST,
            default=[],
            importance="medium",
            validator=NamesOnce(empty=True),
            doc="Fields to keep; all others are dropped. All are kept if there is none.",
        )
        .define(
            "renames",
            Type.LIST,
            default=[],
            importance="medium",
            validator=_Renames(),
            doc="Fields to rename: old:new.",
        )
        .define(REPLACE_NULL, Type.BOOLEAN, **REPLACE_NULL_OPTIONS)
    )
    PURPOSE: ClassVar[str] = "field replacement"

    def configure(self, props: Mapping[str, str]) -> None:
        """Read the settings."""
        config = self.CONFIG.parse(props)
        self._exclude = dict.fromkeys(config["exclude"])
        self._include = dict.fromkeys(config["include"])
        self._renames = _parse_renames(config["renames"])
        self._replace = config[REPLACE_NULL]
        self._strict = strict_of(props)

    def change(self, schema: Schema | None) -> Change:
        """A copy without what is dropped, or a new dict of what is kept, whichever is shorter."""
        if schema is not None:
            return self._of_struct(schema)
        made = self._of_map()
        if not self._strict:
            return made
        checked = ["check(v)"]
        checked.extend(made.steps)
        return made._replace(steps=checked, constants={**made.constants, "check": self._check}, hasty=None)

    def _keeps(self, name: str) -> bool:
        return name not in self._exclude and (not self._include or name in self._include)

    def _named(self) -> list[str]:
        return [*self._exclude, *self._include, *self._renames]

    # -- with a schema ------------------------------------------------------------------------------------------------

    def _of_struct(self, schema: Schema) -> Change:
        if self._strict:
            self._refuse_unknown({field.name for field in schema.fields})
        old = {self._renames.get(f.name, f.name): f for f in schema.fields if self._keeps(f.name)}
        builder = basics(schema)
        for field in schema.fields:
            if self._keeps(field.name):
                builder.field(self._renames.get(field.name, field.name), field.schema)
        changed = builder.build()
        # A new name stands for the old one it was made from, even where that is not how this field came by it.
        origins = {new: old_name for old_name, new in self._renames.items()}
        sources = {name: origins.get(name, name) for name in old}
        constants: dict[str, Any] = {}
        renamed = {name: source for name, source in sources.items() if name != source}
        if 2 * len(old) > len(schema.fields) and all(
            schema.field(name) is None and old[name].name == source for name, source in renamed.items()
        ):
            dropped = [field.name for field in schema.fields if not self._keeps(field.name)]
            steps = edited(dropping(dropped))
            steps += [f"d[{literal(name)}] = d.pop({literal(source)}, None)" for name, source in renamed.items()]
            filled = defaults(changed, "d", constants, replace=self._replace)
            new_names = {source: name for name, source in renamed.items()}
            hasty = None if filled else rows.editing(dropped, new_names, nulls=True)
            return Change(changed, "d", steps + filled, constants, hasty)
        taken = self._taken(schema, changed, sources, constants)
        made = [f"d = {taken}"]
        if not self._replace:
            made += defaults(changed, "d", constants, replace=False)
        if not constants:
            return Change(changed, taken, hasty=rows.selecting(sources, nulls=True))
        return Change(changed, "d", made, constants)

    def _taken(self, schema: Schema, changed: Schema, sources: Mapping[str, str], constants: dict[str, Any]) -> str:
        members = {}
        for at, (name, source) in enumerate(sources.items()):
            field, target = schema.field(source), changed.field(name)
            assert target is not None, "just built"
            if field is None:
                raise DataError(f"{source} is not a valid field name", code="BRN-2175", key="renames")
            default = None
            if self._replace and field.schema.default is not None:
                default = f"taken{at}"
                constants[default] = field.schema.default
            members[name] = field_of("v", source, default)
            if field.schema is not target.schema:
                constants[f"fit{at}"] = _fitting(target.schema)
                members[name] = f"fit{at}({members[name]})"
        return dict_of(members)

    # -- without ------------------------------------------------------------------------------------------------------

    def _of_map(self) -> Change:
        included = [name for name in self._include if name not in self._exclude]
        targets = [self._renames.get(name, name) for name in included]
        if self._include and len(included) <= _FEW and len(set(targets)) == len(targets):
            pairs = tuple(zip(included, targets, strict=True))
            hasty = rows.selecting({new: name for name, new in pairs}, nulls=True)
            taken = "{new: v[old] for old, new in pairs if old in v}"
            return Change(None, taken, constants={"pairs": pairs}, hasty=hasty)
        if not self._include and len(self._exclude) + len(self._renames) <= _FEW and self._apart():
            return self._edited()
        constants = {"exclude": frozenset(self._exclude), "include": frozenset(self._include), "new": self._renames.get}
        kept = "k not in exclude" + (" and k in include" if self._include else "")
        return Change(None, f"{{new(k, k): x for k, x in v.items() if {kept}}}", constants=constants)

    def _apart(self) -> bool:
        """Whether renamed fields cannot get into each other's way."""
        targets = {new for old, new in self._renames.items() if self._keeps(old)}
        return len(targets) == len([old for old in self._renames if self._keeps(old)]) and targets.isdisjoint(
            self._renames
        )

    def _edited(self) -> Change:
        """A copy, edited. Where a new name is there already, the map's order decides which of the two stays."""
        renames = {literal(old): literal(new) for old, new in self._renames.items() if self._keeps(old)}
        steps = edited(dropping(self._exclude))
        for old, new in renames.items():
            steps.append(f"if {new} in d and {old} in d: d = moved(d, {old}, {new})")
            steps.append(f"elif {old} in d: d[{new}] = d.pop({old})")
        kept = {old: new for old, new in self._renames.items() if self._keeps(old)}
        return Change(None, "d", steps, {"moved": _moved}, rows.editing([*self._exclude], kept, nulls=True))

    # -- strict mode --------------------------------------------------------------------------------------------------

    def _check(self, row: dict[Any, Any]) -> None:
        self._refuse_unknown(row.keys())
        seen = set()
        for name in filter(self._keeps, row):
            new = self._renames.get(name, name)
            if new in seen:
                raise strictly(f"Two fields would be called {new!r}.")
            seen.add(new)

    def _refuse_unknown(self, known: Any) -> None:
        for name in self._named():
            if name not in known:
                raise strictly(f"There is no field {name!r} to exclude, include or rename.")


def _moved(row: dict[Any, Any], old: str, new: str) -> dict[Any, Any]:
    """A renamed field meets one of that name: the later one stays, as where fields are put one after the other."""
    made = {}
    for key, value in row.items():
        made[new if key == old else key] = value
    return made


def _fitting(schema: Schema) -> Any:
    def fit(value: Any) -> Any:
        validate_value(schema, value)
        return value

    return fit


class ReplaceFieldKey(_ReplaceField[R], Generic[R]):
    """Drops, keeps or renames fields of the key."""

    SIDE: ClassVar[Side] = "key"


class ReplaceFieldValue(_ReplaceField[R], Generic[R]):
    """Drops, keeps or renames fields of the value."""
