"""Which names mean which converter."""

from __future__ import annotations

import difflib
import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from barnabas.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.converters.base import Converter, HeaderConverter

__all__ = [
    "CONVERTERS",
    "HEADER_CONVERTERS",
    "REGISTRY_CONVERTERS",
    "canonical_name",
    "load_converter",
    "load_header_converter",
]

_PRIMITIVES: Final = "org.apache.kafka.connect.converters."
_OURS: Final = "barnabas.converters."

CONVERTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{_PRIMITIVES}BooleanConverter": f"{_OURS}numbers:BooleanConverter",
        f"{_PRIMITIVES}ByteArrayConverter": f"{_OURS}byte_array:ByteArrayConverter",
        f"{_PRIMITIVES}DoubleConverter": f"{_OURS}numbers:DoubleConverter",
        f"{_PRIMITIVES}FloatConverter": f"{_OURS}numbers:FloatConverter",
        f"{_PRIMITIVES}IntegerConverter": f"{_OURS}numbers:IntegerConverter",
        f"{_PRIMITIVES}LongConverter": f"{_OURS}numbers:LongConverter",
        f"{_PRIMITIVES}ShortConverter": f"{_OURS}numbers:ShortConverter",
        "org.apache.kafka.connect.json.JsonConverter": f"{_OURS}json_converter:JsonConverter",
        "org.apache.kafka.connect.storage.StringConverter": f"{_OURS}string:StringConverter",
    }
)
"""From the name Kafka Connect knows a converter by to where ours is."""

REGISTRY_CONVERTERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "io.confluent.connect.avro.AvroConverter": f"{_OURS}avro_converter:AvroConverter",
        "io.confluent.connect.json.JsonSchemaConverter": f"{_OURS}json_schema_converter:JsonSchemaConverter",
        "io.confluent.connect.protobuf.ProtobufConverter": f"{_OURS}protobuf_converter:ProtobufConverter",
    }
)
"""The same for those that need a schema registry, and a library that an extra brings."""

HEADER_CONVERTERS: Final[Mapping[str, str]] = MappingProxyType(
    dict(
        sorted(
            {
                **CONVERTERS,
                "org.apache.kafka.connect.storage.SimpleHeaderConverter": f"{_OURS}simple_header:SimpleHeaderConverter",
            }.items()
        )
    )
)
"""The same for header converters."""


_VALUES: Final = {**CONVERTERS, **REGISTRY_CONVERTERS}
_EVERYTHING: Final = {**HEADER_CONVERTERS, **REGISTRY_CONVERTERS}


def canonical_name(name: str, table: Mapping[str, str] = _EVERYTHING) -> str | None:
    """The full name in ``table`` that ``name`` means; ``None`` if it is none of them.

    Accepted are the full name, the simple class name (``JsonConverter``), that without its suffix (``Json``), and where
    ours is (``barnabas.converters.json_converter.JsonConverter``, or with a colon before the class).
    """
    return _names(table).get(name.replace(":", "."))


def load_converter(name: str) -> type[Converter]:
    """The class of a key or value converter.

    Args:
        name: Any name that :func:`canonical_name` accepts, or ``module.Class`` of somebody else's.

    Raises:
        PluginError: there is none, or it is no converter.
    """
    from barnabas.converters.base import Converter  # noqa: PLC0415 - nothing heavy before it is asked for

    return cast("type[Converter]", _load(name, _VALUES, Converter))


def load_header_converter(name: str) -> type[HeaderConverter]:
    """The class of a header converter; otherwise as :func:`load_converter`."""
    from barnabas.converters.base import HeaderConverter  # noqa: PLC0415 - nothing heavy before it is asked for

    return cast("type[HeaderConverter]", _load(name, HEADER_CONVERTERS, HeaderConverter))


def _names(table: Mapping[str, str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for full, path in table.items():
        simple = full.rpartition(".")[2]
        short = (
            simple.removesuffix("HeaderConverter")
            if simple.endswith("HeaderConverter")
            else simple.removesuffix("Converter")
        )
        for alias in (full, simple, short, path.replace(":", ".")):
            names[alias] = full
    return names


def _load(name: str, table: Mapping[str, str], base: type) -> type:
    full = canonical_name(name, table)
    path = table[full] if full is not None else name
    module, _, attribute = path.replace(":", ".").rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute, None) if module else None
    except ImportError as error:
        if error.name is None or not (module == error.name or module.startswith(f"{error.name}.")):
            raise PluginError(
                f"Converter {name} cannot be loaded: {error}",
                code="BRN-4023",
                remedy="Install what it needs in the same environment.",
            ) from error
        found = None
    if found is None:
        raise PluginError(f"Class {name} could not be found.", code="BRN-4021", remedy=_suggestion(name, table))
    if not (isinstance(found, type) and issubclass(found, base)):
        raise PluginError(
            f"Class {name} is no {base.__name__}.",
            code="BRN-4022",
            remedy=f"It has to extend {base.__module__}.{base.__name__}.",
        )
    return found


def _suggestion(name: str, table: Mapping[str, str]) -> str:
    simple = name.replace(":", ".").rpartition(".")[2].lower()
    known = {alias.rpartition(".")[2].lower(): full for alias, full in _names(table).items()}
    near = difflib.get_close_matches(simple, known, n=1)
    return f"Did you mean {known[near[0]]}?" if near else f"Converters here are {', '.join(sorted(table))}."
