"""A column cast at once: the same results as one by one, by way of loops in C where all values are of one class.

A fast way may give up, with ``None`` or an OverflowError or ValueError: then the values are cast one by one.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Any, Final

from barnabas._columns.values import to_floats, to_integers, to_texts
from barnabas._schema.java import double_text, float_text
from barnabas.schema import Schema, Type
from barnabas.transforms._cast_value import EXACT

__all__ = ["Column", "Fast", "by_class", "column_caster"]

Column = list[Any]
Fast = Callable[[Column], "Column | None"]
"""Changes a whole column."""
_CODES: Final = {Type.INT8: "b", Type.INT16: "h", Type.INT32: "i", Type.INT64: "q"}
_BITS: Final = {
    Type.INT8: 8,
    Type.INT16: 16,
    Type.INT32: 32,
    Type.INT64: 64,
    Type.FLOAT32: 32,
    Type.FLOAT64: 64,
}
_PATIENCE: Final = 8
"""After so many columns in which many values were new, more than the others, none are looked for any more."""
_SELDOM: Final = 8  # one in so many may be new
_REMEMBERED: Final = 4096
_EXACT_FLOAT: Final = 1 << 53
_DECIMAL: Final = str.maketrans("", "", "0123456789.+-eE")


def column_caster(
    schema: Schema | None, target: Type, one: Callable[[Any], Any], *, strict: bool
) -> Callable[[Column], Column]:
    """What casts a column of values of a schema.

    Args:
        schema: Of the values.
        target: The type to cast to.
        one: Casts one of them.
        strict: Whether ``one`` refuses what would lose something.
    """
    ways = {} if strict or (schema is not None and schema.name is not None) else _ways(schema, target)
    exact = EXACT.get(target) if schema is None else None
    if schema is None and int in ways and target not in _CODES:
        ways[int] = _longs_only(ways[int])
    if exact is not None:
        ways = {kind: _Reused(_then(way, exact), one) for kind, way in ways.items()}
    slowly = by_class(ways, one)
    quick = _compiled(schema, target) if ways else None
    if quick is None:
        return slowly

    def change(column: Column) -> Column:
        made = quick(column)
        return slowly(column) if made is None else made

    return change


def _compiled(schema: Schema | None, target: Type) -> Fast | None:
    """The way of the compiled part, of numbers, truth values and texts of any mixture."""
    kind = EXACT.get(target) if schema is None else None
    if target in _CODES:
        return lambda column: to_integers(column, _BITS[target], kind)
    if schema is not None and schema.type is Type.FLOAT32:
        return None  # whose values first have to be of 32 bits
    if target in (Type.FLOAT32, Type.FLOAT64):
        return lambda column: to_floats(column, _BITS[target], kind)
    return to_texts if target is Type.STRING else None


def by_class(ways: Mapping[type, Fast], one: Callable[[Any], Any]) -> Callable[[Column], Column]:
    """What changes a column the fast way of its values' class, if they have only one, besides nulls, which stay.

    Args:
        ways: By class; each is given values of that very class and must not change the list.
        one: Changes one value of any class.
    """

    def change(column: Column) -> Column:
        kinds = set(map(type, column))
        nulls = type(None) in kinds
        if nulls:
            kinds.discard(type(None))
        way = ways.get(kinds.pop()) if len(kinds) == 1 else None
        if way is None:
            return [one(value) for value in column]
        values = [value for value in column if value is not None] if nulls else column
        try:
            made = way(values)
        except (OverflowError, ValueError):
            made = None
        if made is None:
            return [one(value) for value in column]
        if made is values:
            return column
        if not nulls:
            return made
        rest = iter(made)
        return [None if value is None else next(rest) for value in column]

    return change


def _ways(schema: Schema | None, target: Type) -> dict[type, Fast]:
    """The fast ways by the values' class."""
    narrow = schema is not None and schema.type is Type.FLOAT32
    made: dict[type, Fast] = {}
    if target in _CODES:
        made = {int: _integers(_CODES[target]), bool: _each(int), str: _parsed_integers(_CODES[target])}
    elif target is Type.FLOAT32:
        made = {int: _integers_to_floats, bool: _each(float), float: _floats}
    elif target is Type.FLOAT64:
        made = {int: _each(float), bool: _each(float), float: _floats if narrow else _same, str: _parsed_floats}
    elif target is Type.BOOLEAN:
        made = {int: _each(bool), bool: _same}
    elif target is Type.STRING:
        made = {int: _each(str), bool: _booleans_to_text, float: _floats_to_text(narrow=narrow), str: _same}
    return made


def _same(column: Column) -> Column:
    return column


def _each(function: Callable[[Any], Any]) -> Fast:
    return lambda column: list(map(function, column))


def _then(way: Fast, exact: type) -> Fast:
    def both(column: Column) -> Column | None:
        made = way(column)
        return None if made is None else list(map(exact, made))

    return both


class _Reused(dict[Any, Any]):
    """What values of one class became: an object that says its width takes longer to make than to find again.

    Args:
        way: For columns in which few values come again.
        one: Casts one value.
    """

    def __init__(self, way: Fast, one: Callable[[Any], Any]) -> None:
        self._way = way
        self._one = one
        self._patience = _PATIENCE
        self._missed = 0

    def __call__(self, column: Column) -> Column | None:
        """The column, cast."""
        if not self._patience:
            return self._way(column)
        if len(self) > _REMEMBERED:
            self.clear()
        self._missed = 0
        made = list(map(self.__getitem__, column))
        rare = self._missed * _SELDOM <= len(column)
        self._patience = min(self._patience + 1, _PATIENCE) if rare else self._patience - 1
        return made

    def __missing__(self, value: Any) -> Any:
        self._missed += 1
        made = self._one(value)
        if value or type(value) is not float:  # 0.0 and -0.0 are equal, but not the same
            self[value] = made
        return made


def _longs_only(way: Fast) -> Fast:
    """A schemaless number of more than 64 bits is no number of Kafka Connect's."""

    def check(column: Column) -> Column | None:
        array("q", column)
        return way(column)

    return check


def _integers(code: str) -> Fast:
    def check(column: Column) -> Column:
        array(code, column)  # raises OverflowError if one has no room
        return column

    return check


def _parsed_integers(code: str) -> Fast:
    def parse(column: Column) -> Column | None:
        made = list(map(int, column))
        array(code, made)
        # Python reads more than Java does (1_000, blanks): what is written the same is plainly a number.
        return made if list(map(str, made)) == column else None

    return parse


def _parsed_floats(column: Column) -> Column | None:
    # Texts of these characters only are read by Python and by Java alike.
    return None if "".join(column).translate(_DECIMAL) else list(map(float, column))


def _integers_to_floats(column: Column) -> Column | None:
    # Larger ones would be rounded twice.
    return _floats(column) if min(column) >= -_EXACT_FLOAT and max(column) <= _EXACT_FLOAT else None


def _floats(column: Column) -> Column:
    return array("f", column).tolist()


def _booleans_to_text(column: Column) -> Column:
    return ["true" if value else "false" for value in column]


def _floats_to_text(*, narrow: bool) -> Fast:
    if narrow:
        return lambda column: list(map(float_text, _floats(column)))
    return lambda column: list(map(double_text, column))
