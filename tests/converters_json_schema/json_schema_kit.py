"""Converters on registries inside the process, and JSON behind the number of its schema."""

from __future__ import annotations

import itertools
import json

from barnabas.converters._registry_client.schemas import JSON, SchemaText
from barnabas.converters.json_schema_converter import JsonSchemaConverter

_numbers = itertools.count(1)


def converter(url=None, *, is_key=False, **settings):
    """A converter; by default with a registry of its own."""
    made = JsonSchemaConverter()
    given = {key.replace("__", "."): str(value) for key, value in settings.items()}
    made.configure({"schema.registry.url": url or f"mock://json-schema-{next(_numbers)}", **given}, is_key)
    return made


def register(made, schema, subject="t-value", references=()):
    """Put a JSON Schema into the converter's registry; returns the head of its messages."""
    text = schema if isinstance(schema, str) else json.dumps(schema)
    found = made.client.register(subject, SchemaText(text, JSON, tuple(references)))
    return b"\0" + found.id.to_bytes(4, "big")


def read(schema, payload, **settings):
    """What a message of this schema reads as."""
    made = converter(**settings)
    head = register(made, schema)
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    one = made.to_connect("t", head + text)
    column = made.to_connect_column("t", [head + text] * 3)
    assert column == (one.schema, [one.value] * 3)
    return one


def written_schema(schema, **settings):
    """The JSON Schema that a Connect schema is registered as."""
    made = converter(**settings)
    node = json.loads(made.make_draft(schema).text)
    marked = node.pop("$schema", None)
    assert marked == (None if node.get("type") == "object" else "http://json-schema.org/draft-07/schema#")
    return node


def schema_of(node, **settings):
    """The Connect schema of a JSON Schema."""
    made = converter(**settings)
    return made.connect_schema(SchemaText(json.dumps(node), JSON))
