"""Structs and schemaless maps of which some fields change, a column of each field at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from barnabas._columns import native, rows
from barnabas._columns.rows import Column
from barnabas._columns.source import compiled, literal
from barnabas._schema.exact import Struct
from barnabas.errors import ConnectError, DataError
from barnabas.schema import Schema
from barnabas.transforms._compiled import tried
from barnabas.transforms._rows import not_rows
from barnabas.transforms.side import Plan

__all__ = ["Member", "plan_members"]


class Member(NamedTuple):
    """One field that is looked at.

    Args:
        name: The field.
        default: What a null becomes first; ``None``: stays null.
        needed: Raises for a null that must not be; ``None``: it may be.
        one: Changes a value; ``None``: it stays as it is.
        many: Changes a column.
    """

    name: str
    default: Any = None
    needed: Callable[[], DataError] | None = None
    one: Callable[[Any], Any] | None = None
    many: Callable[[list[Any]], list[Any]] | None = None


def plan_members(schema: Schema | None, members: Sequence[Member], purpose: str, *, skip_null: bool = True) -> Plan:
    """The plan for values of which these fields change, in this order.

    Args:
        schema: Of the changed values.
        members: The fields.
        purpose: What is done, as errors name it.
        skip_null: Whether a null keeps its old schema.
    """
    put_in = _putting([member.name for member in members])

    def one(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict) or (schema is None and isinstance(value, Struct)):
            raise not_rows(schema, value, purpose)
        made = dict(value)
        for member in members:
            _set(made, member)
        return made

    def slowly(values: Column) -> Column:
        made = _copies(values, plain=schema is None)
        if made is not None:
            try:
                put_in(made, [_column(made, member) for member in members])
            except ConnectError:
                made = (
                    None  # told below by the first record that is wrong: here it is a field that any record has wrong
                )
        return [one(value) for value in values] if made is None else made

    many = slowly if native is None else tried(_quickly(members), slowly)
    return Plan(schema, one, many, skip_null)


def _quickly(members: Sequence[Member]) -> Callable[[Column], Column | None]:
    """For columns of rows that have all the fields: they are looked at where they are, and only then copied."""
    known: dict[tuple[str, ...], rows.Put] = {}

    def quickly(values: Column) -> Column | None:
        changed: dict[str, Column] = {}
        for member in members:
            column = rows.column(values, member.name)
            if column is None:
                return None
            try:
                made = _of_column(column, member)
            except ConnectError:
                return None
            if made is not None:
                changed[member.name] = made
        names = tuple(changed)
        put = known.get(names)
        if put is None:
            put = known[names] = rows.putting(names, skipped=[False] * len(names), nulls=False)
        return put(values, tuple(changed.values()))

    return quickly


def _copies(values: list[Any], *, plain: bool) -> list[dict[str, Any]] | None:
    """Dicts of our own; ``None`` if any value is none, or (``plain``) one of a derived class."""
    if plain and set(map(type, values)) != {dict}:
        return None
    try:
        return list(map(dict.copy, values))
    except TypeError:
        return None


def _set(row: dict[str, Any], member: Member) -> None:
    found = row.get(member.name)
    if found is None:
        if member.needed is not None:
            raise member.needed()
        found = member.default
    if member.one is not None:
        row[member.name] = member.one(found)
    elif found is not None:
        row[member.name] = found


def _column(rows: list[dict[str, Any]], member: Member) -> list[Any] | None:
    """A field after the change; ``None`` if it stays as it is."""
    name = member.name
    missing = False
    try:
        column = list(map(itemgetter(name), rows))
    except KeyError:
        column = [row.get(name) for row in rows]
        missing = True
    made = _of_column(column, member)
    return column if made is None and missing and member.many is not None else made


def _of_column(column: Column, member: Member) -> Column | None:
    """A field's values after the change; ``None`` if they stay as they are."""
    made = column
    if (member.default is not None or member.needed is not None) and None in column:
        if member.needed is not None:
            raise member.needed()
        made = [member.default if value is None else value for value in column]
    if member.many is not None:
        made = member.many(made)
    return None if made is column else made


def _putting(names: Sequence[str]) -> Callable[[list[dict[str, Any]], Sequence[list[Any] | None]], None]:
    """A function that puts columns of these fields into rows, at once: the loop itself does all the work."""
    known: dict[tuple[bool, ...], Callable[..., None]] = {}

    def put(rows: list[dict[str, Any]], columns: Sequence[list[Any] | None]) -> None:
        given = [column for column in columns if column is not None]
        if not given:
            return
        which = tuple([column is not None for column in columns])
        loop = known.get(which)
        if loop is None:
            targets = [f"d[{literal(name)}]" for name, here in zip(names, which, strict=True) if here]
            source = f"def put(rows):\n    for {', '.join(['d', *targets])} in rows:\n        pass\n"
            loop = known[which] = compiled(source, {})["put"]
        loop(zip(rows, *given, strict=True))

    return put
