"""How nested values are made flat: structs by source that is compiled once a schema, maps as they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from typing import Any, Final

from barnabas._columns.source import literal
from barnabas._schema.exact import WIDTHS, BigInt, Instant, Struct
from barnabas._schema.names import java_class
from barnabas.errors import DataError
from barnabas.schema import Schema, Type
from barnabas.transforms._rows import basics, defaults, field_of, strictly

__all__ = ["FlatMaps", "FlatStructs"]

_CODE: Final = "BRN-2172"
_PLAIN: Final = frozenset({str, int, float, bool, type(None), bytes, bytearray, memoryview, list, *WIDTHS})
"""Classes whose values stay as they are."""
_REFUSED: Final = (Decimal, date, time, Instant, BigInt)
"""Classes that need a schema to be what they are."""


class FlatStructs:
    """The change of rows of one schema.

    Args:
        schema: A STRUCT.
        delimiter: Stands between the names of a path.

    Attributes:
        schema: Of flat rows.
        steps: Statements that make ``d`` from ``v``; none if nothing is to be done.
        constants: What they mention.

    Raises:
        DataError: there is a map in it, or two fields get one name.
    """

    def __init__(self, schema: Schema, delimiter: str) -> None:
        self._delimiter = delimiter
        self._builder = basics(schema)
        self.constants: dict[str, Any] = {}
        self._describe(schema, "", schema.optional, schema.default)
        self.schema = self._builder.build()
        structs = [field for field in schema.fields if field.schema.type is Type.STRUCT]
        # First all that goes away, so that a path may be what a struct was called.
        inner = [f"s{at} = d.pop({literal(field.name)}, None)" for at, field in enumerate(structs)]
        self._variables = len(structs)
        for at, field in enumerate(structs):
            inner += self._spread(field.schema, f"s{at}", field.name)
        leaves = Schema(Type.STRUCT, fields={f.name: f.schema for f in schema.fields if f not in structs})
        inner += defaults(leaves, "d", self.constants, replace=True)
        self.steps = ["d = v.copy()", *inner] if inner else []

    def _describe(self, schema: Schema, prefix: str, optional: bool, default: Any) -> None:
        for field in schema.fields:
            name, inner = prefix + field.name, field.schema
            may_lack = optional or inner.optional
            given = inner.default
            if given is None and default is not None:
                given = default.get(field.name)
            if inner.type is Type.STRUCT:
                self._describe(inner, name + self._delimiter, may_lack, given)
            elif inner.type is Type.MAP:
                raise DataError(
                    f"Flatten transformation does not support MAP for record with schemas (for field {name}).",
                    code=_CODE,
                    remedy="Drop the field with ReplaceField before, or use a converter without schemas.",
                )
            else:
                self._builder.field(name, inner.replace(optional=may_lack, default=given))

    def _spread(self, schema: Schema, row: str, path: str) -> list[str]:
        """Statements that put a struct's leaves into ``d``; all are null if it is."""
        names = [literal(name) for name in self._leaves(schema, path)]
        if not names:
            return []
        inside = []
        for field in schema.fields:
            name = path + self._delimiter + field.name
            if field.schema.type is Type.STRUCT:
                inner = f"s{self._variables}"
                self._variables += 1
                inside += [f"{inner} = {field_of(row, field.name)}", *self._spread(field.schema, inner, name)]
                continue
            default = None
            if field.schema.default is not None:
                default = f"leaf{len(self.constants)}"
                self.constants[default] = field.schema.default
            inside.append(f"d[{literal(name)}] = {field_of(row, field.name, default)}")
        nothing = "".join(f"d[{name}] = " for name in names)
        return [f"if {row} is None:", f"    {nothing}None", "else:", *(f"    {step}" for step in inside)]

    def _leaves(self, schema: Schema, path: str) -> Iterator[str]:
        for field in schema.fields:
            name = path + self._delimiter + field.name
            if field.schema.type is Type.STRUCT:
                yield from self._leaves(field.schema, name)
            else:
                yield name


class FlatMaps:
    """Makes schemaless maps flat: ``flat(row)`` is a new dict, in which the leaves of nested maps come last.

    Args:
        delimiter: Stands between the names of a path.
        strict: Whether two fields that get one name are refused; otherwise the later one stays.
    """

    def __init__(self, delimiter: str, *, strict: bool) -> None:
        self._delimiter = delimiter
        self._strict = strict

    def __call__(self, row: dict[Any, Any]) -> dict[str, Any]:
        """The row made flat.

        Raises:
            DataError: a name is no text, or a value's class is none of Kafka Connect's for schemaless data.
        """
        made = row.copy()
        nested = []
        for name, value in row.items():
            if type(value) not in _PLAIN and self._is_nested(name, value):
                nested.append(name)
                del made[name]
        for name in nested:
            self._spread(made, row[name], self._text(name) + self._delimiter)
        try:
            "".join(made)
        except TypeError:
            for name in made:
                self._text(name)
        if len(made) != (leaves := _count(row)):
            if self._strict:
                raise strictly(f"{leaves} fields are made flat, but have only {len(made)} different names.")
            made = {}
            self._spread(made, row, "")
        return made

    def _spread(self, made: dict[str, Any], row: dict[Any, Any], prefix: str) -> None:
        for key, value in row.items():
            name = prefix + self._text(key)
            if type(value) not in _PLAIN and self._is_nested(name, value):
                self._spread(made, value, name + self._delimiter)
            else:
                made[name] = value

    def _is_nested(self, name: Any, value: Any) -> bool:
        if isinstance(value, Struct):
            raise DataError(
                f"Flatten transformation does not support {java_class(value)} for record without schemas "
                f"(for field {name}).",
                code=_CODE,
                remedy="Use a schema for the whole value.",
            )
        if isinstance(value, _REFUSED):
            raise DataError(
                f"Flatten transformation was passed a value of type {java_class(value)} which is not supported by "
                "Connect's data API",
                code=_CODE,
                remedy=f"Convert the field {name} before, or use a schema.",
            )
        return isinstance(value, dict)

    @staticmethod
    def _text(key: Any) -> str:
        if isinstance(key, str):
            return key
        java = java_class(key)
        raise DataError(
            f"{java} cannot be cast to class java.lang.String",
            code=_CODE,
            remedy="Only maps whose keys are text can be made flat.",
        )


def _count(row: dict[Any, Any]) -> int:
    """How many leaves there are."""
    found = len(row)
    for value in row.values():
        if type(value) not in _PLAIN and isinstance(value, dict):
            found += _count(value) - 1
    return found
