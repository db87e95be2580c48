"""What ``python -m bench.transforms`` measures: the records, and each transform with a usual configuration."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

__all__ = ["CASES", "TransformCase", "payloads"]

_JAVA = "org.apache.kafka.connect.transforms."


class TransformCase(NamedTuple):
    """One line of the table.

    Args:
        name: What it is called.
        java_class: The transform or predicate.
        config: Its settings.
        whole: Whether JSON is read before and written after; otherwise only the transform is measured.
        headers: Whether headers are looked at afterwards, which we make only then.
        forms: With a schema, without, or both.
    """

    name: str
    java_class: str
    config: dict[str, str]
    whole: bool = False
    headers: bool = False
    forms: tuple[str, ...] = ("schemaless", "schema")


def _case(name: str, kind: str, forms: tuple[str, ...] = ("schemaless", "schema"), /, **config: str) -> TransformCase:
    keys = {key.replace("__", "."): value for key, value in config.items()}
    return TransformCase(name, _JAVA + kind, keys, forms=forms)


_ISO = "yyyy-MM-dd'T'HH:mm:ss.SSS"
_ONE = ("schemaless",)

CASES: tuple[TransformCase, ...] = (
    TransformCase(
        "JSON → InsertField → JSON",
        f"{_JAVA}InsertField$Value",
        {"static.field": "source", "static.value": "shop"},
        whole=True,
    ),
    _case("Cast, three fields", "Cast$Value", spec="id:int32,amount:float32,active:string"),
    _case("DropHeaders", "DropHeaders", _ONE, headers="trace"),
    _case("DropHeaders, headers read", "DropHeaders", _ONE, headers="trace")._replace(headers=True),
    _case("ExtractField", "ExtractField$Value", field="name"),
    _case("ExtractField, nested", "ExtractField$Value", field="address.city", field__syntax__version="V2"),
    _case("Filter", "Filter", _ONE),
    _case("Flatten", "Flatten$Value", delimiter="_"),
    _case("HeaderFrom, copy", "HeaderFrom$Value", fields="name", headers="who", operation="copy"),
    _case("HeaderFrom, move", "HeaderFrom$Value", fields="name", headers="who", operation="move"),
    _case(
        "HeaderFrom, copy, headers read", "HeaderFrom$Value", fields="name", headers="who", operation="copy"
    )._replace(headers=True),
    _case("HoistField", "HoistField$Value", field="payload"),
    _case("InsertField, static", "InsertField$Value", static__field="source", static__value="shop"),
    _case(
        "InsertField, four coordinates",
        "InsertField$Value",
        topic__field="topic",
        partition__field="partition",
        offset__field="offset",
        timestamp__field="at",
    ),
    _case("InsertHeader", "InsertHeader", _ONE, header="source", value__literal="shop"),
    _case("InsertHeader, headers read", "InsertHeader", _ONE, header="source", value__literal="shop")._replace(
        headers=True
    ),
    _case("MaskField, two fields", "MaskField$Value", fields="email,note"),
    _case("MaskField, replacement", "MaskField$Value", fields="email", replacement="***"),
    _case("RegexRouter", "RegexRouter", _ONE, regex="(.*)", replacement="copy-$1"),
    _case("ReplaceField, exclude and rename", "ReplaceField$Value", exclude="note", renames="name:full_name"),
    _case("ReplaceField, include", "ReplaceField$Value", include="id,name,amount"),
    _case("SetSchemaMetadata", "SetSchemaMetadata$Value", ("schema",), schema__name="Order", schema__version="2"),
    _case(
        "TimestampConverter, number to text", "TimestampConverter$Value", field="created", target__type="string"
    )._replace(config={"field": "created", "target.type": "string", "format": _ISO}),
    _case("TimestampConverter, text to Timestamp", "TimestampConverter$Value")._replace(
        config={"field": "changed", "target.type": "Timestamp", "format": _ISO}
    ),
    _case("TimestampConverter, number to Timestamp", "TimestampConverter$Value")._replace(
        config={"field": "created", "target.type": "Timestamp"}
    ),
    _case("TimestampRouter", "TimestampRouter", _ONE),
    _case("ValueToKey", "ValueToKey", fields="id"),
    _case("predicate HasHeaderKey", "predicates.HasHeaderKey", _ONE, name="trace"),
    _case("predicate RecordIsTombstone", "predicates.RecordIsTombstone", _ONE),
    _case("predicate TopicNameMatches", "predicates.TopicNameMatches", _ONE, pattern="ord.*"),
)


def payloads(count: int, *, schemas: bool) -> list[str]:
    """JSON texts of about 330 bytes without a schema, in an envelope with one."""
    rows = [_row(number) for number in range(count)]
    bodies = [{"schema": _SCHEMA, "payload": row} if schemas else row for row in rows]
    return [json.dumps(body, separators=(",", ":")) for body in bodies]


def _row(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"customer-{number}",
        "email": f"customer-{number}@example.com",
        "amount": number * 1.25,
        "active": number % 3 == 0,
        "created": 1_700_000_000_000 + number * 1000,
        "changed": f"2026-05-{number % 28 + 1:02}T07:08:09.{number % 1000:03}",
        "note": "leave the parcel with the neighbours if nobody answers the door",
        "address": {"street": f"Long Road {number}", "city": "Riverton", "zip": f"{number:05}"},
    }


def _field(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"field": name, "type": kind, "optional": True, **more}


_SCHEMA = {
    "type": "struct",
    "name": "order",
    "optional": False,
    "fields": [
        _field("id", "int64"),
        _field("name", "string"),
        _field("email", "string"),
        _field("amount", "double"),
        _field("active", "boolean"),
        _field("created", "int64"),
        _field("changed", "string"),
        _field("note", "string"),
        _field(
            "address", "struct", fields=[_field("street", "string"), _field("city", "string"), _field("zip", "string")]
        ),
    ],
}
