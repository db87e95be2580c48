"""Converters on a registry in memory, and random Connect schemas that Avro has names for."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st

from barnabas.converters._registry_client.client import RegistryClient
from barnabas.converters._registry_client.schemas import SchemaText
from barnabas.converters.avro_converter import AvroConverter
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type
from converters.converter_strategies import PRIMITIVES, TEXT, values, with_defaults

__all__ = ["converter", "fresh_url", "registered", "schemas", "text_of", "values", "with_defaults", "without_plan"]

_numbers = itertools.count()
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,4}", fullmatch=True)


def fresh_url() -> str:
    return f"mock://test-{next(_numbers)}"


def converter(url: str | None = None, *, is_key: bool = False, **settings: Any) -> AvroConverter:
    """``allow__optional`` stands for ``allow.optional``."""
    made = AvroConverter()
    props = {key.replace("__", "."): str(value) for key, value in settings.items()}
    made.configure({"schema.registry.url": url or fresh_url(), **props}, is_key=is_key)
    return made


def registered(made: AvroConverter, topic: str = "t") -> SchemaText:
    return made.client.latest(f"{topic}-value").schema


def text_of(schema: Schema, **settings: Any) -> str:
    """The Avro schema that is registered for a Connect schema."""
    made = converter(**settings)
    made.make_writer("t", schema)
    return registered(made).text


def read_with(avro: str, payload: bytes, **settings: Any) -> Any:
    """What a message with this Avro schema is read as."""
    made = converter(**settings)
    number = RegistryClient(made.settings).register("t-value", SchemaText(avro)).id
    return made.to_connect("t", b"\0" + number.to_bytes(4, "big") + payload)


@contextmanager
def without_plan(made: AvroConverter):
    """The reference alone, also where the compiled part is there."""
    for reader in made._readers.values():
        reader._plan = None
    for _, writer in made._writers.values():
        writer._plan = None
    yield


@st.composite
def primitives(draw: st.DrawFn) -> Schema:
    schema = draw(
        st.one_of(
            st.sampled_from([*PRIMITIVES]).map(Schema),
            st.sampled_from([Date.SCHEMA, Time.SCHEMA, Timestamp.SCHEMA]),
            st.integers(-3, 6).map(LogicalDecimal.schema),
        )
    )
    changes: dict[str, Any] = {"optional": draw(st.booleans())}
    if schema.name is None and draw(st.integers(0, 3)) == 0:
        changes |= {"name": draw(NAMES), "version": draw(st.integers(1, 9)), "doc": draw(TEXT)}
        changes["parameters"] = draw(st.dictionaries(NAMES, TEXT, max_size=2))
    if draw(st.integers(0, 3)) == 0:
        changes["default"] = draw(values(schema))
    return schema.replace(**changes)


@st.composite
def structs(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    fields = draw(st.dictionaries(NAMES, inner, min_size=1, max_size=4))  # items of arrays need a byte
    # Two structs of one name are one: a number of its own for each.
    name = f"{draw(NAMES)}.N{next(_numbers)}"
    return Schema(Type.STRUCT, name=name, fields=fields, optional=draw(st.booleans()))


def keys() -> st.SearchStrategy[Schema]:
    plain = st.sampled_from([Type.INT8, Type.INT16, Type.INT32, Type.INT64, Type.BOOLEAN, Type.BYTES]).map(Schema)
    return plain | st.just(Schema.struct("Key", id=Schema.INT32, part=Schema.OPTIONAL_STRING)) | st.just(Date.SCHEMA)


def schemas() -> st.SearchStrategy[Schema]:
    return st.recursive(
        primitives(),
        lambda inner: st.one_of(
            st.builds(Schema.array, inner, optional=st.booleans()),
            st.builds(Schema.map, st.just(Schema.STRING) | keys(), inner, optional=st.booleans()),
            structs(inner),
        ),
        max_leaves=6,
    )
