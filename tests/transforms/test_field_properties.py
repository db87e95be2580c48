"""What holds for every transform of fields, whatever the records."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from barnabas.errors import DataError
from barnabas.record import Headers, SinkBatch, SinkRecord, SourceBatch, SourceRecord
from barnabas.schema import Schema, Timestamp, Type, validate_value
from barnabas.transforms.names import TRANSFORMS
from vectors.run_transforms import encode_record, load

JAVA = "org.apache.kafka.connect.transforms."
NAMES = ("a", "b", "c", "in", "a.b")
INNER = {"x": Schema.INT64, "y": Schema.OPTIONAL_STRING}
PRIMITIVES: dict[Type, st.SearchStrategy[Any]] = {
    Type.INT32: st.integers(-(2**31), 2**31 - 1),
    Type.INT64: st.integers(-(2**63), 2**63 - 1),
    Type.STRING: st.text(max_size=3),
    Type.BOOLEAN: st.booleans(),
    Type.FLOAT64: st.floats(allow_nan=False),
}
NUMBER = "7"


@st.composite
def schemas(draw: st.DrawFn, *, defaults: bool = True) -> Schema:
    fields: dict[str, Schema] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        if name == "in":
            fields[name] = Schema(Type.STRUCT, fields=INNER, optional=defaults and draw(st.booleans()))
            continue
        kind = draw(st.sampled_from(sorted(PRIMITIVES, key=str)))
        default = draw(st.none() | PRIMITIVES[kind]) if defaults else None
        fields[name] = Schema(kind, optional=draw(st.booleans()), default=default)
    return Schema(Type.STRUCT, name="s", version=3, doc="d", parameters={"p": "q"}, fields=fields)


@st.composite
def rows(draw: st.DrawFn, schema: Schema, *, whole: bool = False) -> dict[str, Any]:
    """A row of the schema; fields that may be null may be missing as well, unless it is to be whole."""
    row: dict[str, Any] = {}
    for name, _, inner in schema.fields:
        optional = inner.optional or inner.default is not None
        kind = st.nothing() if inner.type is Type.STRUCT else PRIMITIVES[inner.type]
        value = draw(rows(inner, whole=whole)) if inner.type is Type.STRUCT else draw(kind)
        how = draw(st.sampled_from(("there", "null", "missing"))) if optional and not whole else "there"
        if how != "missing":
            row[name] = value if how == "there" else None
    return row


FIELDS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(",".join)
BOOLEAN = st.sampled_from(("true", "false"))
CONFIGS: dict[str, st.SearchStrategy[dict[str, str]]] = {
    "ExtractField$Value": st.fixed_dictionaries(
        {"field": st.sampled_from((*NAMES, "in.x", "in.y", "`a.b`")), "replace.null.with.default": BOOLEAN},
        optional={"field.syntax.version": st.sampled_from(("V1", "v2"))},
    ),
    "Flatten$Value": st.fixed_dictionaries({"delimiter": st.sampled_from((".", "_", ""))}),
    "HoistField$Value": st.just({"field": "h"}),
    "HeaderFrom$Value": st.fixed_dictionaries(
        {
            "fields": st.sampled_from(NAMES),
            "headers": st.just("h"),
            "operation": st.sampled_from(("move", "copy")),
            "replace.null.with.default": BOOLEAN,
        }
    ),
    "InsertField$Value": st.fixed_dictionaries(
        {"static.field": st.sampled_from(("s", "a!")), "static.value": st.just("v")},
        optional={
            "topic.field": st.sampled_from(("t", "a")),
            "partition.field": st.just("p"),
            "timestamp.field": st.just("ts"),
            "replace.null.with.default": BOOLEAN,
        },
    ),
    "MaskField$Value": st.fixed_dictionaries(
        {"fields": FIELDS, "replace.null.with.default": BOOLEAN}, optional={"replacement": st.just(NUMBER)}
    ),
    "ReplaceField$Value": st.fixed_dictionaries(
        {"replace.null.with.default": BOOLEAN},
        optional={
            "exclude": FIELDS,
            "include": FIELDS,
            "renames": st.sampled_from(("a:n", "a:b", "a:b,b:a", "a:n,b:n", "c:d,in:e")),
        },
    ),
    "SetSchemaMetadata$Value": st.fixed_dictionaries({"schema.name": st.just("new"), "schema.version": st.just("9")}),
    "ValueToKey": st.fixed_dictionaries({"fields": FIELDS, "replace.null.with.default": BOOLEAN}),
}
TRANSFORM = st.sampled_from(sorted(CONFIGS)).flatmap(lambda name: st.tuples(st.just(name), CONFIGS[name]))


def made(name: str, config: dict[str, str]) -> Any:
    transformation = load(TRANSFORMS[JAVA + name])()
    transformation.configure(config)
    return transformation


@st.composite
def records(draw: st.DrawFn) -> list[Any]:
    """Records of a few schemas, or none, of a few topics, some of them null."""
    known = draw(st.lists(schemas(), min_size=1, max_size=2))
    sink = draw(st.booleans())
    found = []
    for at in range(draw(st.integers(1, 6))):
        schema = draw(st.sampled_from(known))
        value = draw(rows(schema))
        null = draw(st.integers(0, 5)) == 0
        fields: dict[str, Any] = {
            "topic": draw(st.sampled_from(("t", "u"))),
            "value": None if null else value,
            "value_schema": draw(st.sampled_from((schema, schema, None))),
            "kafka_partition": draw(st.integers(0, 2) if sink else st.none() | st.integers(0, 2)),
            "timestamp": draw(st.none() | st.integers(0, 2_000_000_000_000)),
            "headers": draw(st.none() | st.just(Headers().add("h", 1))),
        }
        found.append(SinkRecord(kafka_offset=at, **fields) if sink else SourceRecord(**fields))
    return found


def alone(transformation: Any, record: Any) -> Any:
    try:
        return encode_record(transformation.apply(record))
    except DataError as error:
        return type(error), error.message


def columns(transformation: Any, batch: Any) -> Any:
    try:
        changed, kept = transformation.apply_batch(batch)
    except DataError as error:
        return type(error), error.message
    assert kept is None
    return [encode_record(record) for record in changed]


@given(TRANSFORM, records())
@settings(max_examples=150, deadline=None)
def test_columns_are_changed_as_records_are(transform: tuple[str, dict[str, str]], found: list[Any]) -> None:
    before = copy.deepcopy(found)
    one_by_one = [alone(made(*transform), record) for record in found]
    batch: Any = SinkBatch.of(found) if isinstance(found[0], SinkRecord) else SourceBatch.of(found)
    transformation = made(*transform)
    failures = [answer for answer in one_by_one if isinstance(answer, tuple)]
    for _ in range(2):  # what is learned from a column must not change how the next one is treated
        together = columns(transformation, batch)
        assert together in failures if failures else together == one_by_one
    assert found == before


@given(TRANSFORM, st.data())
@settings(max_examples=150, deadline=None)
def test_results_fit_their_schemas(transform: tuple[str, dict[str, str]], data: st.DataObject) -> None:
    schema = data.draw(schemas())
    record = SourceRecord("t", data.draw(rows(schema)), value_schema=schema, kafka_partition=1, timestamp=5)
    try:
        changed = made(*transform).apply(record)
    except DataError:
        return
    if not transform[0].startswith(("ExtractField", "HeaderFrom", "ValueToKey")):  # those give a null for a null
        validate_value(changed.value_schema, changed.value)
    for header in changed.headers or ():
        validate_value(header.schema, header.value)


def plain(value: Any) -> Any:
    """Without what only one of the two forms can say."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if item is not None}
    return value


@given(TRANSFORM, st.data())
@settings(max_examples=120, deadline=None)
def test_structs_are_changed_as_maps_are(transform: tuple[str, dict[str, str]], data: st.DataObject) -> None:
    name, config = transform
    schema = data.draw(schemas(defaults=False))
    row = data.draw(rows(schema, whole=True))
    where: dict[str, Any] = {"topic": "t", "kafka_partition": 1, "timestamp": 1_700_000_000_123}
    try:
        struct = made(name, config).apply(SourceRecord(value=row, value_schema=schema, **where))
        mapped = made(name, config).apply(SourceRecord(value=row, **where))
    except DataError:  # more is refused with a schema: unknown fields, and what cannot be masked
        return
    if "timestamp.field" in config:
        assert Timestamp.to_wire(struct.value.pop("ts")) == mapped.value.pop("ts")
    assert plain(struct.value) == plain(mapped.value)
    assert plain(struct.key) == plain(mapped.key)
    assert [(h.key, h.value) for h in struct.headers or ()] == [(h.key, h.value) for h in mapped.headers or ()]
