"""What InsertField inserts, and the functions that do it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from barnabas._columns import native, rows
from barnabas._columns.source import compiled, literal
from barnabas._columns.values import to_integers, to_moments
from barnabas._schema.exact import Instant, Int32, Struct
from barnabas.errors import DataError
from barnabas.schema import Schema, Timestamp, Type
from barnabas.transforms._compiled import looped
from barnabas.transforms._rows import basics, defaults, not_rows, strictly

__all__ = ["Insertion", "Insertions", "Recipe"]

_PURPOSE: Final = "field insertion"
_REMEMBERED: Final = 4096
_EXACT_UNTIL: Final = 2**32 * 1000
"""Below so many milliseconds, a float of seconds is exact to the microsecond."""
_OF_RECORD: Final = {"partition": "p", "offset": "o", "timestamp": "t"}
_ALWAYS: Final = ("topic", "static")
"""What every record has; those of a sink have a partition and an offset too."""
_SCHEMAS: Final = {
    "topic": Schema.STRING,
    "partition": Schema.INT32,
    "offset": Schema.INT64,
    "timestamp": Timestamp.SCHEMA,
    "static": Schema.STRING,
}


class Insertion(NamedTuple):
    """A field to insert.

    Args:
        name: Its name.
        optional: Whether the schema says so.
    """

    name: str
    optional: bool

    @staticmethod
    def of(text: str | None) -> Insertion | None:
        """From a setting: ``name``, ``name?`` or ``name!``."""
        if text is None:
            return None
        return Insertion(text[:-1], text[-1] == "?") if text[-1:] in ("!", "?") and text else Insertion(text, True)


Many = Callable[[list[Any], str, Iterable[Any], Iterable[Any], Iterable[Any]], list[Any]]
"""Changes rows, with a topic, partitions, offsets and timestamps."""


class Recipe(NamedTuple):
    """What is done to rows of one schema.

    Args:
        schema: Of the changed rows; nulls keep the old one.
        one: Of a row, topic, partition, offset and timestamp.
        many: Of rows, a topic, partitions, offsets and timestamps.
    """

    schema: Schema | None
    one: Callable[[Any, str, Any, Any, Any], Any]
    many: Many


class Int32s(dict[int | None, Int32 | None]):
    """Partitions as Java has them where no schema says how wide they are."""

    def __missing__(self, partition: int | None) -> Int32 | None:
        made = self[partition] = None if partition is None else Int32(partition)
        return made


class Moments(dict[int | None, datetime | Instant | None]):
    """Timestamps as values; many records share one."""

    def __missing__(self, milliseconds: int | None) -> datetime | Instant | None:
        if len(self) >= _REMEMBERED:
            self.clear()
        made = self[milliseconds] = None if milliseconds is None else _moment(milliseconds)
        return made


def _moment(milliseconds: int) -> datetime | Instant:
    if 0 <= milliseconds < _EXACT_UNTIL:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    try:
        return Timestamp.from_wire(milliseconds)
    except DataError:
        return Instant(milliseconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertions:
    """The configuration of an InsertField."""

    topic: Insertion | None
    partition: Insertion | None
    offset: Insertion | None
    timestamp: Insertion | None
    static: Insertion | None
    text: str | None
    replace: bool
    strict: bool

    def recipe(self, schema: Schema | None, *, sink: bool) -> Recipe:
        """The functions for rows of this schema."""
        if schema is not None and schema.type is not Type.STRUCT:
            return _refusing(schema, lambda value: not_rows(schema, value, _PURPOSE))
        constants: dict[str, Any] = {"static": self.text}
        try:
            changed = None if schema is None else self._schema(schema)
        except DataError as error:
            failed = error
            return _refusing(
                schema,
                lambda value: copy.copy(failed) if isinstance(value, dict) else not_rows(schema, value, _PURPOSE),
            )
        filled = defaults(schema, "d", constants, replace=self.replace)
        return self._compiled(schema, changed, sink, filled, constants)

    def _places(self) -> list[tuple[str, Insertion]]:
        """What is inserted, in the order of insertion: the last of one name stays."""
        names = ("topic", "partition", "offset", "timestamp", "static")
        return [(what, place) for what in names if (place := getattr(self, what)) is not None]

    def _schema(self, schema: Schema) -> Schema:
        builder = basics(schema)
        for field in schema.fields:
            builder.field(field.name, field.schema)
        for what, place in self._places():
            builder.field(place.name, _SCHEMAS[what].as_optional() if place.optional else _SCHEMAS[what])
        return builder.build()

    def _compiled(
        self, schema: Schema | None, changed: Schema | None, sink: bool, filled: list[str], constants: dict[str, Any]
    ) -> Recipe:
        def other(value: Any, *context: Any) -> Any:
            if value is None:
                return None
            if isinstance(value, dict) and (schema is not None or not isinstance(value, Struct)):
                return made["one"](dict(value), *context)
            raise not_rows(schema, value, _PURPOSE)

        constants |= {"other": other, "no_sink": _no_sink, "taken": _taken, "lacking": _lacking}
        constants |= {"int32": Int32s(), "moment": Moments()}
        steps = ["d = v.copy()", *filled, *self._statements(schema, sink)]
        odd = "other(v, topic, p, o, t)"
        if steps == ["d = v.copy()", *self._constant_statements()]:
            fixed = ", ".join(f"{literal(place.name)}: {what}" for what, place in self._places())
            changing = f"    fixed = {{{fixed}}}\n    p = o = t = None\n"
            changing += f"    return [v | fixed if type(v) is dict else {odd} for v in values]"
        else:
            changing = looped("v, p, o, t", "zip(values, partitions, offsets, timestamps)", "d", odd, steps)
        single = "\n".join([f"    if type(v) is not dict: return {odd}", *(f"    {step}" for step in steps)])
        source = (
            f"def one(v, topic, p, o, t):\n{single}\n    return d\n"
            f"def many(values, topic, partitions, offsets, timestamps):\n{changing}\n"
        )
        made = compiled(source, constants)
        quick = native is not None and not filled and not self.strict and (sink or self.offset is None)
        return Recipe(changed, made["one"], self._quick(made["many"], schema, sink=sink) if quick else made["many"])

    def _quick(self, slowly: Many, schema: Schema | None, *, sink: bool) -> Many:
        """A column for each field that is inserted, and all of them put into the rows at once."""
        places = [(what, place.name) for what, place in self._places()]
        lacking = ("timestamp",) if sink else ("timestamp", "partition")
        put = rows.putting([name for _, name in places], skipped=[what in lacking for what, _ in places], nulls=True)

        def many(
            values: list[Any],
            topic: str,
            partitions: Iterable[Any],
            offsets: Iterable[Any],
            timestamps: Iterable[Any],
        ) -> list[Any]:
            given: dict[str, Any] = {"topic": topic, "static": self.text, "offset": offsets}
            made = None
            try:
                given["partition"] = _converted(partitions, _int32s if schema is None else None)
                given["timestamp"] = _converted(timestamps, to_moments if schema is not None else None)
            except LookupError:
                pass  # a number that the compiled part does not convert
            else:
                made = put(values, tuple([_settled(given[what]) for what, _ in places]))
            return slowly(values, topic, partitions, offsets, timestamps) if made is None else made

        return many

    def _constant_statements(self) -> list[str]:
        return [f"d[{literal(place.name)}] = {what}" for what, place in self._places()]

    def _statements(self, schema: Schema | None, sink: bool) -> list[str]:
        values = {"partition": "p" if schema is not None else "int32[p]", "offset": "o"}
        values["timestamp"] = "t" if schema is None else "moment[t]"
        steps = []
        for what, place in self._places():
            name = literal(place.name)
            if self.strict:
                steps.append(f"if {name} in d: taken({name})")
            if what == "offset" and not sink:
                steps.append("no_sink()")
            put = f"d[{name}] = {values.get(what, what)}"
            if what in _ALWAYS or (sink and what != "timestamp"):
                steps.append(put)
                continue
            steps.append(f"if {_OF_RECORD[what]} is not None: {put}")
            if self.strict and not place.optional:
                steps.append(f"else: lacking({name}, {literal(what)})")
        return steps


def _int32s(column: list[Any]) -> list[Any] | None:
    return to_integers(column, 32, Int32)


def _converted(column: Iterable[Any], convert: Callable[[list[Any]], list[Any] | None] | None) -> Any:
    """The column; what is no list is a column of nulls.

    Raises:
        LookupError: it cannot be converted as a whole.
    """
    if convert is None or not isinstance(column, list):
        return column
    made = convert(column)
    if made is None:
        raise LookupError
    return made


def _settled(given: Any) -> Any:
    """A list, a text, or ``None`` for a column of nulls."""
    return given if isinstance(given, list | str) else None


def _refusing(schema: Schema | None, error: Callable[[Any], DataError]) -> Recipe:
    def one(value: Any, *_: Any) -> Any:
        if value is None:
            return None
        raise error(value)

    return Recipe(schema, one, lambda values, *_: [one(value) for value in values])


def _no_sink() -> None:
    raise DataError(
        "Only SinkRecord supported for [field insertion], found: org.apache.kafka.connect.source.SourceRecord",
        code="BRN-2177",
        key="offset.field",
        remedy="Remove offset.field: a record of a source has no offset yet.",
    )


def _taken(name: str) -> None:
    raise strictly(f"The value has a field {name!r} already.")


def _lacking(name: str, what: str) -> None:
    raise strictly(f"The record has no {what} for the required field {name!r}.")
