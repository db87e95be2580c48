"""What :mod:`barnabas._columns.headers` describes, in Python: the reference, and in use without the compiled part."""

from __future__ import annotations

from typing import Any

from barnabas.record import Header, Headers

__all__ = ["header_flags", "headers_of", "with_header", "without_headers"]

Column = list[Headers | None]


def header_flags(column: Column, name: str) -> list[bool] | bool:
    """Whether each record has a header."""
    answers = []
    for headers in column:
        found = False
        for header in headers or ():
            if header.key == name:
                found = True
                break
        answers.append(found)
    return answers if any(answers) and not all(answers) else any(answers)


def without_headers(column: Column, names: frozenset[str]) -> Column:
    """Headers without those of some names."""
    found = {header.key for headers in column if headers is not None for header in headers}
    if names.issuperset(found):
        return [None] * len(column) if found else column
    if names.isdisjoint(found):
        return column
    made: Column = []
    for headers in column:
        if headers is None:
            made.append(None)
            continue
        rest = Headers()
        for header in headers:
            if header.key not in names:
                rest.append(header)
        made.append(rest or None)
    return made


def with_header(column: Column | None, size: int, header: Header) -> Column:
    """Headers, and one more."""
    one = [header]
    if column is None:
        return [Headers(one) for _ in range(size)]
    # A sum of two lists is allocated once, where one that is appended to is allocated twice.
    return [Headers(headers + one) if headers else Headers(one) for headers in column]


def headers_of(
    column: Column | None, size: int, names: tuple[str, ...], columns: tuple[list[Any], ...], schemas: tuple[Any, ...]
) -> Column:
    """Headers, and new ones of columns."""
    rows = zip(*columns, strict=True)
    added = [[*map(Header, names, row, schemas)] for row in rows]
    if column is None:
        return [*map(Headers, added)]
    assert len(column) == size, "a column of the same batch"
    return [Headers(had + new) if had else Headers(new) for had, new in zip(column, added, strict=True)]
