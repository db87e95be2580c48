"""Files that every schema may import without registering them: Google's and Confluent's own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from barnabas.converters._protobuf.linker import link, visible_symbols
from barnabas.converters._protobuf.parser import parse_file
from barnabas.converters._protobuf.runtime import GOOGLE_FILES, google_file

__all__ = ["DATE_FILE", "DECIMAL_FILE", "META_FILE", "TIMESTAMP_FILE", "TIME_FILE", "WRAPPERS_FILE"]
__all__ += ["is_known", "known_file"]

META_FILE: Final = "confluent/meta.proto"
DECIMAL_FILE: Final = "confluent/type/decimal.proto"
DATE_FILE: Final = "google/type/date.proto"
TIME_FILE: Final = "google/type/timeofday.proto"
TIMESTAMP_FILE: Final = "google/protobuf/timestamp.proto"
WRAPPERS_FILE: Final = "google/protobuf/wrappers.proto"

_WEEK: Final = "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY"
_YEAR: Final = "JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER"


def _enum(name: str, values: str) -> str:
    return f"enum {name} {{ {' '.join(f'{value} = {i};' for i, value in enumerate(values.split()))} }}"


def _message(name: str, *fields: str) -> str:
    """A message whose fields are numbered from 1."""
    return f"message {name} {{ {' '.join(f'{field} = {i};' for i, field in enumerate(fields, 1))} }}"


_WRAPPERS: Final = 'import "google/protobuf/wrappers.proto";'
_DURATION: Final = 'import "google/protobuf/duration.proto";'
_TIMESTAMP: Final = 'import "google/protobuf/timestamp.proto";'
_DESCRIPTOR: Final = 'import "google/protobuf/descriptor.proto";'

_META_OF: Final = " ".join(
    f"extend google.protobuf.{options}Options {{ Meta {name}_meta = 1088; }}"
    for options, name in (
        ("File", "file"),
        ("Message", "message"),
        ("Field", "field"),
        ("Enum", "enum"),
        ("EnumValue", "enum_value"),
    )
)

_CONFLUENT: Final[dict[str, str]] = {
    META_FILE: "package confluent;"
    + _DESCRIPTOR
    + _message("Meta", "string doc", "map<string, string> params", "repeated string tags", "repeated Rule rules")
    + _message("Rule", "string name", "string doc", "string expr", "string sql")
    + _META_OF,
    DECIMAL_FILE: "package confluent.type;" + _message("Decimal", "bytes value", "uint32 precision", "int32 scale"),
    "confluent/types/decimal.proto": f'import public "{DECIMAL_FILE}";',
    "confluent/type/variant.proto": "package confluent.type;" + _message("Variant", "bytes metadata", "bytes value"),
}
_GOOGLE: Final[dict[str, str]] = {
    "calendar_period": _enum(
        "CalendarPeriod", "CALENDAR_PERIOD_UNSPECIFIED DAY WEEK FORTNIGHT MONTH QUARTER HALF YEAR"
    ),
    "color": _WRAPPERS
    + _message("Color", "float red", "float green", "float blue", "google.protobuf.FloatValue alpha"),
    "date": _message("Date", "int32 year", "int32 month", "int32 day"),
    "datetime": _DURATION
    + "message DateTime { int32 year = 1; int32 month = 2; int32 day = 3; int32 hours = 4; int32 minutes = 5;"
    " int32 seconds = 6; int32 nanos = 7;"
    " oneof time_offset { google.protobuf.Duration utc_offset = 8; TimeZone time_zone = 9; } }"
    + _message("TimeZone", "string id", "string version"),
    "dayofweek": _enum("DayOfWeek", f"DAY_OF_WEEK_UNSPECIFIED {_WEEK}"),
    "decimal": _message("Decimal", "string value"),
    "expr": _message("Expr", "string expression", "string title", "string description", "string location"),
    "fraction": _message("Fraction", "int64 numerator", "int64 denominator"),
    "interval": _TIMESTAMP
    + _message("Interval", "google.protobuf.Timestamp start_time", "google.protobuf.Timestamp end_time"),
    "latlng": _message("LatLng", "double latitude", "double longitude"),
    "localized_text": _message("LocalizedText", "string text", "string language_code"),
    "money": _message("Money", "string currency_code", "int64 units", "int32 nanos"),
    "month": _enum("Month", f"MONTH_UNSPECIFIED {_YEAR}"),
    "phone_number": "message PhoneNumber { message ShortCode { string region_code = 1; string number = 2; }"
    " oneof kind { string e164_number = 1; ShortCode short_code = 2; } string extension = 3; }",
    "postal_address": _message(
        "PostalAddress",
        "int32 revision",
        "string region_code",
        "string language_code",
        "string postal_code",
        "string sorting_code",
        "string administrative_area",
        "string locality",
        "string sublocality",
        "repeated string address_lines",
        "repeated string recipients",
        "string organization",
    ),
    "quaternion": _message("Quaternion", "double x", "double y", "double z", "double w"),
    "timeofday": _message("TimeOfDay", "int32 hours", "int32 minutes", "int32 seconds", "int32 nanos"),
}
_TEXTS: Final[dict[str, str]] = {
    **_CONFLUENT,
    **{f"google/type/{name}.proto": f"package google.type;{text}" for name, text in _GOOGLE.items()},
}


def is_known(name: str) -> bool:
    """Whether a file may be imported without being registered."""
    return name in GOOGLE_FILES or name in _TEXTS


@lru_cache
def known_file(name: str) -> Any:
    """A known file, parsed; shared, so nobody may change it.

    Args:
        name: One for which :func:`is_known` is true.
    """
    if name in GOOGLE_FILES:
        return google_file(name)
    file = parse_file(f'syntax = "proto3";{_TEXTS[name]}', name)
    link(file, visible_symbols(file, _imports_of(file)))
    return file


def _imports_of(file: Any) -> dict[str, Any]:
    """What a file imports, directly or further down."""
    found: dict[str, Any] = {}
    for name in file.dependency:
        found[name] = known_file(name)
        found.update(_imports_of(found[name]))
    return found
