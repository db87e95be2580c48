"""PostgreSQL's own text forms of composed values: arrays, hstore, geometric types. Pure."""

from __future__ import annotations

import re
import struct
from typing import Any

__all__ = ["array_items", "box", "circle", "geometry", "hstore_pairs", "line", "point"]

_ITEM = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)|([{},])', re.DOTALL)
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|(NULL))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|Infinity|NaN)")


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def array_items(text: str) -> list[Any]:
    """The elements of an array literal as texts; ``None`` for NULL, lists in a list for more than one dimension."""
    body = text[text.index("{") :]  # bounds other than 1 stand before it
    if body == "{}":
        return []
    if '"' not in body and "{" not in body[1:]:
        return [None if item == "NULL" else _plain(item) for item in body[1:-1].split(",")]
    stack: list[list[Any]] = [[]]
    for found in _ITEM.finditer(body):
        quoted, bare, mark = found.groups()
        if quoted is not None:
            stack[-1].append(_plain(quoted))
        elif bare is not None:
            stack[-1].append(None if bare == "NULL" else _plain(bare))
        elif mark == "{":
            inner: list[Any] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif mark == "}":
            stack.pop()
    return list(stack[0][0])


def hstore_pairs(text: str) -> dict[str, str | None]:
    """An hstore literal as a dict, in its order."""
    return {_plain(found[1]): None if found[3] else _plain(found[2]) for found in _PAIR.finditer(text)}


def _numbers(text: str) -> list[float]:
    return [*map(float, _NUMBER.findall(text))]


def point(text: str) -> dict[str, Any]:
    """``(1.5,-2)`` as a struct with its coordinates and its well-known binary."""
    x, y = _numbers(text)
    return _point(x, y)


def _point(x: float, y: float) -> dict[str, Any]:
    return {"x": x, "y": y, "wkb": struct.pack("<BIdd", 1, 1, x, y), "srid": None}


def circle(text: str) -> dict[str, Any]:
    """``<(0,0),5>`` as a struct of centre and radius."""
    x, y, radius = _numbers(text)
    return {"center": _point(x, y), "radius": radius}


def line(text: str) -> dict[str, Any]:
    """``{1,2,3}`` as a struct of its coefficients."""
    a, b, c = _numbers(text)
    return {"a": a, "b": b, "c": c}


def box(text: str) -> dict[str, Any]:
    """``(1,1),(0,0)`` as a polygon: from the upper right corner around."""
    high_x, high_y, low_x, low_y = _numbers(text)
    ring = [(high_x, high_y), (high_x, low_y), (low_x, low_y), (low_x, high_y), (high_x, high_y)]
    return _geometry(_polygon(ring), "box")


def geometry(text: str, kind: str) -> dict[str, Any]:
    """A polygon, path or line segment."""
    numbers = _numbers(text)
    points = [*zip(numbers[::2], numbers[1::2], strict=True)]
    if kind == "polygon" or (kind == "path" and text.startswith("(")):
        return _geometry(_polygon([*points, points[0]]), kind)
    shape = struct.pack("<BII", 1, 2, len(points)) + b"".join(struct.pack("<dd", *each) for each in points)
    return _geometry(shape, kind)


def _polygon(ring: list[tuple[float, float]]) -> bytes:
    return struct.pack("<BIII", 1, 3, 1, len(ring)) + b"".join(struct.pack("<dd", *each) for each in ring)


def _geometry(wkb: bytes, kind: str) -> dict[str, Any]:
    return {"wkb": wkb, "srid": None, "extensions": {"type": kind}}
