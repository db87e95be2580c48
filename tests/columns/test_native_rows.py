"""The compiled part against the Python one: rows, headers."""

from __future__ import annotations

import copy
import gc
import sys
from math import isnan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas._columns import native, plain_headers, plain_rows
from barnabas._columns.plain_flat import FlatColumns
from barnabas._schema.exact import FrozenMap, Int32, Int64, Struct
from barnabas.record import Header, Headers
from barnabas.schema import Schema

if native is None:
    pytest.skip("the compiled part is not built, or switched off", allow_module_level=True)

from barnabas._columns import headers, native_rows  # only where there is a compiled part

NAMES = st.sampled_from(["a", "b", "c", "d_x", "ä", "\U0001f600", "long name of a field", ""])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.just(Int32(7))
    | st.just(Int64(2**40))
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=4)
        | st.dictionaries(NAMES, inner, max_size=2).map(FrozenMap)
        | st.dictionaries(st.integers(0, 3), inner, max_size=2)
    ),
    max_leaves=10,
)
ROWS = st.dictionaries(NAMES, VALUES, max_size=6)
STRUCT = Struct(Schema.struct("S", a=Schema.INT64), {"a": 1})
ODD = st.none() | LEAVES | ROWS.map(FrozenMap) | st.just(STRUCT)
COLUMNS = st.lists(ROWS, max_size=6) | st.lists(ROWS | ODD, max_size=6) | ROWS.map(lambda row: [row] * 5)
FIELDS = st.lists(NAMES, max_size=3, unique=True)


def same(one: Any, other: Any) -> bool:
    """Equal, of the same classes, and members in the same order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return [*one] == [*other] and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (isinstance(one, float) and isnan(one) and isnan(other))


def agree(compiled: Any, plain: Any, column: list[Any], *more: Any) -> None:
    before = copy.deepcopy(column)
    made, wanted = compiled(column, *more), plain(column, *more)
    assert same(made, wanted), (made, wanted)
    assert same(column, before), "a row was changed"
    if made is not None:
        assert made is not column


@settings(deadline=None)
@given(COLUMNS, NAMES)
def test_a_column_of_a_field(column: list[Any], name: str) -> None:
    agree(native_rows.column, plain_rows.column, column, name)


@settings(deadline=None)
@given(COLUMNS, st.lists(NAMES, min_size=1, max_size=3))
def test_the_end_of_a_path(column: list[Any], path: list[str]) -> None:
    agree(native_rows.reaching(path), plain_rows.reaching(path), column)


@settings(deadline=None)
@given(COLUMNS, st.dictionaries(NAMES, NAMES, max_size=7), st.booleans())
def test_fields_selected(column: list[Any], members: dict[str, str], nulls: bool) -> None:
    agree(native_rows.selecting(members, nulls=nulls), plain_rows.selecting(members, nulls=nulls), column)


@settings(deadline=None)
@given(COLUMNS, FIELDS, st.dictionaries(NAMES, NAMES, max_size=2), st.booleans())
def test_rows_edited(column: list[Any], dropped: list[str], renamed: dict[str, str], nulls: bool) -> None:
    agree(native_rows.editing(dropped, renamed, nulls=nulls), plain_rows.editing(dropped, renamed, nulls=nulls), column)


@settings(deadline=None)
@given(COLUMNS, FIELDS, st.data(), st.booleans())
def test_fields_put(column: list[Any], names: list[str], data: st.DataObject, nulls: bool) -> None:
    given_columns = tuple(
        data.draw(st.lists(LEAVES, min_size=len(column), max_size=len(column)) | LEAVES) for _ in names
    )
    skipped = [data.draw(st.booleans()) for _ in names]
    compiled = native_rows.putting(names, skipped=skipped, nulls=nulls)
    agree(compiled, plain_rows.putting(names, skipped=skipped, nulls=nulls), column, given_columns)


@settings(deadline=None)
@given(COLUMNS | st.lists(VALUES), NAMES)
def test_values_hoisted(column: list[Any], name: str) -> None:
    agree(native_rows.hoisting(name), plain_rows.hoisting(name), column)


@settings(deadline=None)
@given(COLUMNS, st.sampled_from(["_", ".", "", "ä"]))
def test_rows_made_flat(column: list[Any], delimiter: str) -> None:
    made = native_rows.flattening(delimiter)(column)
    wanted = FlatColumns(delimiter)(column)
    if made is not None and wanted is not None:  # each has columns of its own that are not for it
        assert same(made, wanted)


@settings(deadline=None)
@given(st.lists(VALUES), st.sampled_from([int, str, dict, type(None)]))
def test_questions(column: list[Any], kind: type) -> None:
    assert native_rows.all_of(column, kind) == plain_rows.all_of(column, kind)
    assert native_rows.has_null(column) == plain_rows.has_null(column)


# -- headers ----------------------------------------------------------------------------------------------------------

HEADER = st.builds(Header, NAMES, LEAVES, st.sampled_from([None, Schema.STRING]))
HEADERS = st.lists(HEADER, max_size=4).map(Headers)
HEADER_COLUMNS = st.lists(st.none() | HEADERS, max_size=6)


@settings(deadline=None)
@given(HEADER_COLUMNS, NAMES)
def test_which_have_a_header(column: list[Any], name: str) -> None:
    flags, wanted = headers.header_flags(column, name), plain_headers.header_flags(column, name)
    assert _spread(flags, len(column)) == _spread(wanted, len(column))


def _spread(flags: list[bool] | bool, size: int) -> list[bool]:
    return flags if isinstance(flags, list) else [flags] * size


@settings(deadline=None)
@given(HEADER_COLUMNS, st.frozensets(NAMES, max_size=3))
def test_headers_dropped(column: list[Any], names: frozenset[str]) -> None:
    made = headers.without_headers(column, names)
    assert _filled(made) == _filled(plain_headers.without_headers(column, names))
    assert all(entry is None or type(entry) is Headers for entry in made)


def _filled(column: list[Any]) -> list[Any]:
    return [entry or None for entry in column]


@settings(deadline=None)
@given(st.none() | HEADER_COLUMNS, HEADER)
def test_headers_and_one_more(column: list[Any] | None, header: Header) -> None:
    size = 3 if column is None else len(column)
    made = headers.with_header(column, size, header)
    assert same(made, plain_headers.with_header(column, size, header))
    made and made[0].append(header)  # a list of its own, that can be added to
    assert made[1:2] == plain_headers.with_header(column, size, header)[1:2]


@settings(deadline=None)
@given(HEADER_COLUMNS, st.lists(NAMES, max_size=3), st.data())
def test_headers_of_columns(column: list[Any], names: list[str], data: st.DataObject) -> None:
    size = len(column)
    columns = tuple(data.draw(st.lists(LEAVES, min_size=size, max_size=size)) for _ in names)
    schemas = tuple(data.draw(st.sampled_from([None, Schema.STRING])) for _ in names)
    made = headers.headers_of(column, size, tuple(names), columns, schemas)
    if names:
        assert same(made, plain_headers.headers_of(column, size, tuple(names), columns, schemas))


def test_headers_of_another_class_are_left_to_python() -> None:
    class Own(Headers):
        pass

    column = [Own([Header("a")]), None]
    assert headers.with_header(column, 2, Header("b")) == [[Header("a"), Header("b")], [Header("b")]]
    assert headers.header_flags(column, "a") == [True, False]


# -- what a leak would show -------------------------------------------------------------------------------------------


def test_nothing_is_kept() -> None:
    """References are let go, also where a column turns out not to be for it."""
    marker, name, header = object(), str(b"name", "ascii"), Header("h", 1)
    row = {"name": marker, "inner": {"name": marker}, "x": 1}
    calls = [
        lambda column: native_rows.column(column, name),
        native_rows.reaching(["inner", name]),
        native_rows.selecting({"n": name, "x": "x"}, nulls=False),
        native_rows.editing(["x"], {name: "n"}, nulls=False),
        lambda column: native_rows.putting([name], skipped=[False], nulls=False)(column, (marker,)),
        native_rows.hoisting(name),
        native_rows.flattening("_"),
        lambda _: headers.with_header([Headers([header])], 1, header),
        lambda _: headers.without_headers([Headers([header, Header(name)])], frozenset([name])),
        lambda _: headers.headers_of(None, 1, (name,), ([marker],), (None,)),
    ]
    columns = [[row] * 20, [row, row, 1], [row, {"x": 1}], [row, None]]
    for call in calls:
        for column in columns:
            call(column)
            gc.collect()
            counts = [sys.getrefcount(thing) for thing in (marker, name, row, header)]
            for _ in range(2000):
                call(column)
            gc.collect()
            after = [sys.getrefcount(thing) for thing in (marker, name, row, header)]
            assert after == counts, call
