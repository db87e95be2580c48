"""Whether an answer is the recorded one: the rules of the vectors' neutral encoding.

Widths differ, so an int8 is no int32; decimals compare unscaled value and scale; NaN is NaN, and -0.0 is not 0.0; the
order of map entries does not count, that of struct fields in a schema does; a byte array is a byte buffer.
"""

from __future__ import annotations

import math
import re
import struct
from typing import Any, Final

from barnabas._schema.java import to_float32

__all__ = ["equal", "same_answer", "same_error", "same_record", "same_schema"]

# Java's own accidents: any error of ours will do where the JVM stumbled into one of these.
_ACCIDENTS: Final = frozenset(
    {"NullPointerException", "ClassCastException", "IndexOutOfBoundsException", "NumberFormatException"}
)
_JACKSON: Final = "com.fasterxml.jackson"
_FOREIGN: Final = "python."


def same_answer(want: dict[str, Any], got: dict[str, Any]) -> bool:
    """Whether ``got`` is what ``want`` (a case's ``expect``) asks for; members that only explain are left out."""
    if "error" in want or "error" in got:
        return "error" in want and "error" in got and same_error(want["error"], got["error"])
    if want.get("java_null"):
        return got.get("schema") is None and got.get("value") is None
    if "record" in want:
        return "record" in got and same_record(want["record"], got["record"])
    return all(name in got and _MEMBERS.get(name, _same)(want[name], got[name]) for name in want if name != "text")


def equal(want: Any, got: Any) -> bool:
    """Whether two encoded values are the same Connect value."""
    if want is None or got is None:
        return want is got
    kind = want["t"]
    if kind in ("bytes", "bytebuffer"):
        return got["t"] in ("bytes", "bytebuffer") and want["v"] == got["v"]
    if kind != got["t"]:
        return False
    compare = _VALUES.get(kind)
    return compare(want, got) if compare is not None else str(want["v"]) == str(got["v"])


def _equal_floats(want: dict[str, Any], got: dict[str, Any]) -> bool:
    return _bits(want["v"], want["t"]) == _bits(got["v"], got["t"])


def _bits(value: Any, kind: str) -> Any:
    number = float(value)
    return "NaN" if math.isnan(number) else struct.pack(">d", to_float32(number) if kind == "float32" else number)


def _equal_decimals(want: dict[str, Any], got: dict[str, Any]) -> bool:
    return (str(want["unscaled"]), want["scale"]) == (str(got["unscaled"]), got["scale"])


def _equal_arrays(want: dict[str, Any], got: dict[str, Any]) -> bool:
    return len(want["v"]) == len(got["v"]) and all(map(equal, want["v"], got["v"]))


def _equal_maps(want: dict[str, Any], got: dict[str, Any]) -> bool:
    rest = list(got["v"])
    if len(rest) != len(want["v"]):
        return False
    for key, item in want["v"]:
        at = next((i for i, (k, v) in enumerate(rest) if equal(key, k) and equal(item, v)), None)
        if at is None:
            return False
        del rest[at]
    return True


def _equal_structs(want: dict[str, Any], got: dict[str, Any]) -> bool:
    if "schema" in want and "schema" in got and not same_schema(want["schema"], got["schema"]):
        return False
    return want["v"].keys() == got["v"].keys() and all(equal(item, got["v"][k]) for k, item in want["v"].items())


_VALUES: Final = {
    "float32": _equal_floats,
    "float64": _equal_floats,
    "decimal": _equal_decimals,
    "array": _equal_arrays,
    "map": _equal_maps,
    "struct": _equal_structs,
    "boolean": lambda want, got: want["v"] is got["v"],
}


def same_schema(want: Any, got: Any) -> bool:
    """Whether two encoded schemas are the same."""
    if want is None or got is None:
        return want is got
    if any(want.get(part) != got.get(part) for part in ("type", "optional", "name", "version", "doc")):
        return False
    if (want.get("parameters") or {}) != (got.get("parameters") or {}):
        return False
    if not equal(want.get("default"), got.get("default")):
        return False
    if want["type"] == "struct":
        return len(want["fields"]) == len(got["fields"]) and all(
            a["name"] == b["name"] and same_schema(a["schema"], b["schema"])
            for a, b in zip(want["fields"], got["fields"], strict=True)
        )
    return all(same_schema(want.get(part), got.get(part)) for part in ("key", "value", "items"))


def same_record(want: Any, got: Any) -> bool:
    """Whether two encoded records are the same; ``None`` is a dropped one."""
    if want is None or got is None:
        return want is got
    if any(want.get(part) != got.get(part) for part in ("topic", "partition", "timestamp", "offset")):
        return False
    if not all(
        same_schema(want[f"{part}_schema"], got[f"{part}_schema"]) and equal(want[part], got[part])
        for part in ("key", "value")
    ):
        return False
    return len(want["headers"]) == len(got["headers"]) and all(
        a["key"] == b["key"] and same_schema(a["schema"], b["schema"]) and equal(a["value"], b["value"])
        for a, b in zip(want["headers"], got["headers"], strict=True)
    )


def same_error(want: dict[str, Any], got: dict[str, Any]) -> bool:
    """Whether simple class name and message agree; ``@...`` stands for an identity hash, Java's own texts for any."""
    if got["class"].startswith(_FOREIGN):
        return False
    name = _simple(want["class"])
    if name in _ACCIDENTS or _JACKSON in (want["message"] or ""):
        return True
    if name != _simple(got["class"]):
        return False
    if want["message"] is None:
        return True
    pattern = re.escape(want["message"]).replace(re.escape("@..."), ".*")
    return re.fullmatch(pattern, got["message"] or "", re.DOTALL) is not None


def _simple(name: str) -> str:
    return name.rpartition(".")[2]


def _same(want: Any, got: Any) -> bool:
    return bool(want == got)


_MEMBERS: Final = {"schema": same_schema, "value": equal}
