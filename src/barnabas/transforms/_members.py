"""Structs and schemaless maps of which some fields change, a column of each field at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from barnabas._schema.exact import Struct
from barnabas.errors import ConnectError, DataError
from barnabas.schema import Schema
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

    def one(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict) or (schema is None and isinstance(value, Struct)):
            raise not_rows(schema, value, purpose)
        made = dict(value)
        for member in members:
            _set(made, member)
        return made

    def many(values: list[Any]) -> list[Any]:
        made = _copies(values, plain=schema is None)
        if made is not None:
            try:
                for member in members:
                    _set_column(made, member)
            except ConnectError:
                made = (
                    None  # told below by the first record that is wrong: here it is a field that any record has wrong
                )
        return [one(value) for value in values] if made is None else made

    return Plan(schema, one, many, skip_null)


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


def _set_column(rows: list[dict[str, Any]], member: Member) -> None:
    name = member.name
    missing = False
    try:
        column = list(map(itemgetter(name), rows))
    except KeyError:
        column = [row.get(name) for row in rows]
        missing = True
    made = column
    if (member.default is not None or member.needed is not None) and None in column:
        if member.needed is not None:
            raise member.needed()
        made = [member.default if value is None else value for value in column]
    if member.many is not None:
        made = member.many(made)
    if made is not column or (missing and member.many is not None):
        for row, value in zip(rows, made, strict=True):
            row[name] = value
