"""Runs cases of kind ``configdef``: one config text parsed as a type, and rendered back."""

from __future__ import annotations

from typing import Any, Final

from barnabas.config import Password, Type, parse_value, to_text
from vectors.codec import encode

__all__ = ["run"]

_INTEGERS: Final = {Type.INT: "int32", Type.SHORT: "int16"}


def run(case: dict[str, Any]) -> dict[str, Any]:
    """What our parser answers, in the neutral encoding; the secret of a password is shown, as it was recorded."""
    kind = Type[case["type"]]
    value = parse_value("key", case["text"], kind, _java_class)
    if kind is Type.CLASS:
        return {"class_name": value}
    if isinstance(value, Password):
        return {"value": encode(None, value.value), "string": value.value}
    node = encode(None, value)
    if node is not None and kind in _INTEGERS:
        node = {"t": _INTEGERS[kind], "v": value}
    return {"value": node, "string": to_text(value, kind)}


def _java_class(name: str) -> str | None:
    """Stands for the JVM's own library, where these classes were looked up."""
    return name if name.startswith("java.lang.") else None
