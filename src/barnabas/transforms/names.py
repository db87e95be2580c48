"""Which names mean which transform; none is loaded before it is used."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PYTHON", "TRANSFORMS", "known_names"]

_JAVA: Final = "org.apache.kafka.connect.transforms."
_OURS: Final = "barnabas.transforms."
_SIDED: Final = {
    "Cast": "cast",
    "ExtractField": "extract_field",
    "Flatten": "flatten",
    "HeaderFrom": "header_from",
    "HoistField": "hoist_field",
    "InsertField": "insert_field",
    "MaskField": "mask_field",
    "ReplaceField": "replace_field",
    "SetSchemaMetadata": "set_schema_metadata",
    "TimestampConverter": "timestamp_converter",
}
_WHOLE: Final = {
    "DropHeaders": "drop_headers",
    "Filter": "filter",
    "InsertHeader": "insert_header",
    "RegexRouter": "regex_router",
    "TimestampRouter": "timestamp_router",
    "ValueToKey": "value_to_key",
}

TRANSFORMS: Final[Mapping[str, str]] = MappingProxyType(
    dict(
        sorted(
            {
                **{f"{_JAVA}{name}": f"{_OURS}{module}:{name}" for name, module in _WHOLE.items()},
                **{
                    f"{_JAVA}{name}${side}": f"{_OURS}{module}:{name}{side}"
                    for name, module in _SIDED.items()
                    for side in ("Key", "Value")
                },
            }.items()
        )
    )
)
"""From the name Kafka Connect knows a transform by to where ours is: ``…Cast$Value`` is ``cast:CastValue``."""

PYTHON: Final = f"{_OURS}python:Python"
"""The transform that is a user's function; it stands in for no Java class."""


def known_names(table: Mapping[str, str]) -> dict[str, str]:
    """From every name of the classes in ``table`` to where each is.

    The names are Kafka Connect's: the full name, and the simple one unless the class is an inner one (``Filter``, but
    not ``Cast$Value``); and those of our own class, with a dot or a colon before it.
    """
    names: dict[str, str] = {}
    for java, path in table.items():
        simple = java.rpartition(".")[2]
        names |= dict.fromkeys((java, path, path.replace(":", ".")), path)
        if "$" not in simple:
            names[simple] = path
    return names
