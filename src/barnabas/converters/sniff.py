"""What bytes look like, to say in an error which converter would have read them."""

from __future__ import annotations

import json
from typing import Final

__all__ = ["remedy_for"]

_REGISTRY_HEADER: Final = 5
_SHOWN: Final = 48
_KINDS: Final = {"key": "key.converter", "value": "value.converter", "header": "header.converter"}


def remedy_for(payload: bytes | None, kind: str) -> str:
    """A sentence or two on what the bytes are and which setting to change.

    Args:
        payload: What could not be read.
        kind: ``key``, ``value`` or ``header``.
    """
    setting = _KINDS.get(kind, "value.converter")
    if payload is None:
        return f"There are no bytes (a null): check {setting}."
    if not payload:
        return f"The {kind} is empty (zero bytes): check {setting}."
    size = f"{len(payload)} bytes"
    if payload[0] == 0 and len(payload) >= _REGISTRY_HEADER:
        number = int.from_bytes(payload[1:_REGISTRY_HEADER], "big")
        return (
            f"The {kind} ({size}) starts with a zero byte and what may be schema id {number}: it was probably written "
            f"with a schema registry's Avro, Protobuf or JSON Schema converter. Set {setting} to that converter."
        )
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return (
            f"The {kind} is binary ({size}, starting {payload[:8].hex(' ')}): "
            f"set {setting}=ByteArrayConverter to pass it through, or the converter it was written with."
        )
    shown = repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
    return f"The {kind} is {_text_kind(text)}: {shown}. {_advice(text, setting)}"


def _text_kind(text: str) -> str:
    parsed = _json(text)
    if parsed is None:
        return "plain text"
    return "JSON in an envelope of schema and payload" if _is_envelope(parsed[0]) else "JSON without a schema"


def _advice(text: str, setting: str) -> str:
    parsed = _json(text)
    if parsed is None:
        return f"Set {setting}=StringConverter to read it as text."
    if _is_envelope(parsed[0]):
        return f"Set {setting}=JsonConverter with {setting}.schemas.enable=true."
    return f"Set {setting}=JsonConverter with {setting}.schemas.enable=false."


def _json(text: str) -> tuple[object] | None:
    try:
        return (json.loads(text),)
    except (ValueError, RecursionError):
        return None


def _is_envelope(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"schema", "payload"}
