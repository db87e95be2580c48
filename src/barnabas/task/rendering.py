"""A record's data as JSON text, whatever it is: for people who look at a dead letter or a log line."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

import msgspec

__all__ = ["render", "shorten"]

_LONGEST = 2000  # characters of a value in a log line


def render(value: Any) -> bytes | None:
    """JSON of plain Python values; bytes as base64, what JSON has no word for as text. ``None`` stays ``None``."""
    if value is None:
        return None
    return json.dumps(_plain(value, 0), ensure_ascii=False).encode("utf-8", "backslashreplace")


def _plain(value: Any, depth: int) -> Any:  # noqa: PLR0911  one line a kind
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # no number for infinity and not-a-number
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    if depth > _DEEPEST:
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry, depth + 1) for entry in value]
    if isinstance(value, msgspec.Struct):
        return _plain(msgspec.structs.asdict(value), depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)}
    return str(value)


_DEEPEST = 100


def shorten(value: Any) -> str:
    """The value in a log line: text where bytes are text, cut where it is long; never raises."""
    try:
        text = repr(value.decode()) if isinstance(value, bytes) else repr(value)
    except UnicodeDecodeError:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  a connector's own class may do anything; a log line must not fail
        text = f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
