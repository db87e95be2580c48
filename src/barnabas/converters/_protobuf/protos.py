"""Protobuf's messages for Connect's schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from barnabas.converters._protobuf import known_files as known
from barnabas.converters._protobuf.enums import EnumPlaces, enum_of
from barnabas.converters._protobuf.flags import ENUM, GENERAL_ENUM, GENERAL_UNION, PRECISION, TAG, UNION, Flags
from barnabas.converters._protobuf.messages import MAX_NUMBER
from barnabas.converters._protobuf.meta import Meta, add_meta
from barnabas.converters._protobuf.names import add_synthetic_oneofs, entry_name, is_valid, scrubbed
from barnabas.converters._protobuf.runtime import FileProto, descriptor_pb2, google_file
from barnabas.converters._protobuf.schemas import CONNECT_TYPE, SCALE
from barnabas.errors import DataError, IllegalArgumentError
from barnabas.schema import Date, LogicalDecimal, Schema, Time, Timestamp, Type

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PRIMITIVES", "ProtoMaker", "field_name", "is_union"]

_PROTO: Final[Any] = descriptor_pb2.FieldDescriptorProto
_DEFAULT: Final = "ConnectDefault"
_RESERVED: Final = range(19_000, 20_000)  # Protobuf keeps these numbers for itself
_OURS: Final = ("io.confluent.connect.protobuf.", f"{GENERAL_ENUM}", f"{GENERAL_UNION}")

PRIMITIVES: Final = {
    Type.INT8: ("Int32Value", _PROTO.TYPE_INT32),
    Type.INT16: ("Int32Value", _PROTO.TYPE_INT32),
    Type.INT32: ("Int32Value", _PROTO.TYPE_INT32),
    Type.INT64: ("Int64Value", _PROTO.TYPE_INT64),
    Type.FLOAT32: ("FloatValue", _PROTO.TYPE_FLOAT),
    Type.FLOAT64: ("DoubleValue", _PROTO.TYPE_DOUBLE),
    Type.BOOLEAN: ("BoolValue", _PROTO.TYPE_BOOL),
    Type.STRING: ("StringValue", _PROTO.TYPE_STRING),
    Type.BYTES: ("BytesValue", _PROTO.TYPE_BYTES),
}
"""For each primitive the wrapper that may be null, and the type that may not."""

_KEYS: Final = frozenset({Type.INT8, Type.INT16, Type.INT32, Type.INT64, Type.BOOLEAN, Type.STRING})
_LOGICAL: Final = {
    LogicalDecimal.NAME: (".confluent.type.Decimal", known.DECIMAL_FILE),
    Date.NAME: (".google.type.Date", known.DATE_FILE),
    Time.NAME: (".google.type.TimeOfDay", known.TIME_FILE),
    Timestamp.NAME: (".google.protobuf.Timestamp", known.TIMESTAMP_FILE),
}


def is_union(schema: Schema) -> bool:
    """Whether a struct stands for a oneof: one of its fields is set."""
    if schema.type is not Type.STRUCT:
        return False
    return bool(schema.name and schema.name.startswith(f"{UNION}.")) or GENERAL_UNION in schema.parameters


def field_name(name: str, flags: Flags) -> str:
    """What a field of a struct is called in Protobuf.

    Raises:
        DataError: Protobuf does not allow the name, and ``scrub.invalid.names`` is not set.
    """
    clean = scrubbed(name) if flags.scrub else name
    if not is_valid(clean):
        raise DataError(
            f"{name!r} is no name in Protobuf",
            code="BRN-1447",
            remedy="Set scrub.invalid.names=true, or rename it with ReplaceField or SetSchemaMetadata.",
        )
    return clean


class ProtoMaker:
    """Makes the file for one schema.

    Args:
        flags: The settings.
    """

    def __init__(self, flags: Flags) -> None:
        self._flags = flags
        self._imports: set[str] = set()
        self._unnamed = 0

    def file(self, schema: Schema) -> tuple[Any, str]:
        """The ``FileDescriptorProto`` for a schema, and the full name of the message that values become.

        Raises:
            DataError: Protobuf has no such type: lists of lists, maps whose keys are no integers, texts or booleans.
        """
        if schema.type is not Type.STRUCT or is_union(schema):
            return self._raw(schema)
        package, name = self._names(schema)
        file = FileProto(name="default", syntax="proto3", package=package or None)
        self._message(file.message_type.add(name=name), schema, f"{package}.{name}" if package else name)
        file.dependency.extend(sorted(self._imports))
        return file, f"{package}.{name}" if package else name

    def _raw(self, schema: Schema) -> tuple[Any, str]:
        if not self._flags.wrapper_for_raw or schema.type not in PRIMITIVES or schema.name in _LOGICAL:
            title = f" ({schema.name})" if schema.name else ""
            raise IllegalArgumentError(
                f"Unsupported root schema of type {schema.type.name}{title}",
                code="BRN-1447",
                remedy="Protobuf writes messages: put the value into a struct with HoistField.",
            )
        file = google_file(known.WRAPPERS_FILE)
        file.name = "default"
        return file, f"google.protobuf.{PRIMITIVES[schema.type][0]}"

    def _names(self, schema: Schema) -> tuple[str, str]:
        full = schema.name
        if not full:
            self._unnamed += 1
            full = f"{_DEFAULT}{self._unnamed}"
        package, _, name = full.rpartition(".")
        parts = [field_name(part, self._flags) for part in package.split(".")] if package else []
        return ".".join(parts), field_name(name, self._flags)

    # -- messages -----------------------------------------------------------------------------------------------------

    def _message(self, message: Any, schema: Schema, full: str) -> None:
        place = _Place(message, full, _Numbers(schema), self._member_names(schema))
        if schema.doc and self._flags.meta:
            self._imports.add(known.META_FILE)
            add_meta(message.options, "message_meta", Meta(schema.doc, {}))
        for field in schema.fields:
            if is_union(field.schema):
                self._oneof(place, field.name, field.schema)
            else:
                self._field(place, field.name, field.schema)
        add_synthetic_oneofs(message)

    def _member_names(self, schema: Schema) -> set[str]:
        """Names of all fields and oneofs of a message: its types cannot have them."""
        found: set[str] = set()
        for field in schema.fields:
            if is_union(field.schema):
                found |= self._member_names(field.schema) | {self._union_name(field.name, field.schema)}
            else:
                found.add(field_name(field.name, self._flags))
        return found

    def _union_name(self, field: str, schema: Schema) -> str:
        name = schema.parameters.get(GENERAL_UNION) or (schema.name or "").removeprefix(f"{UNION}.") or field
        return field_name(name, self._flags)

    def _oneof(self, place: _Place, field: str, schema: Schema) -> None:
        index = len(place.message.oneof_decl)
        place.message.oneof_decl.add(name=self._union_name(field, schema))
        for member in schema.fields:
            inner = member.schema
            if inner.type in (Type.ARRAY, Type.MAP):
                raise _unsupported(f"a union with a member {member.name} that is a list or a map", member.name)
            self._field(place, member.name, inner, oneof=index)

    def _field(self, place: _Place, name: str, schema: Schema, oneof: int | None = None) -> None:
        clean = field_name(name, self._flags)
        if clean in place.names:
            raise DataError(
                f"Two fields of {place.full} would be called {clean} in Protobuf",
                code="BRN-1447",
                remedy="Rename one of them with ReplaceField.",
            )
        place.names.add(clean)
        field = place.message.field.add(name=clean, number=place.numbers.of(schema), label=_PROTO.LABEL_OPTIONAL)
        if schema.type is Type.ARRAY and schema.name not in _LOGICAL:
            items = schema.value_schema
            if items is None or items.type in (Type.ARRAY, Type.MAP) or is_union(items):
                raise _unsupported("a list of lists, of maps, of unions or of anything", name)
            field.label = _PROTO.LABEL_REPEATED
            self._type(place, field, items, name)
            self._meta(field, schema, items)
        elif schema.type is Type.MAP:
            self._map(place, field, schema, name)
            self._meta(field, schema, schema)
        else:
            nullable = schema.optional and oneof is None
            wrapped = nullable and self._flags.wrapper_for_nullables and _is_wrappable(schema)
            self._type(place, field, schema, name, wrapped=wrapped)
            self._meta(field, schema, schema)
            if oneof is not None:
                field.oneof_index = oneof
            elif nullable and not wrapped and self._is_marked(schema):
                field.proto3_optional = True

    def _is_marked(self, schema: Schema) -> bool:
        """Whether a field that may be null says ``optional``; enums have no wrappers, and no other way to say it."""
        flags = self._flags
        return flags.optional_for_nullables or (flags.wrapper_for_nullables and _has_enum(schema))

    def _map(self, place: _Place, field: Any, schema: Schema, name: str) -> None:
        keys, values = schema.key_schema, schema.value_schema
        if keys is None or values is None or keys.type not in _KEYS or keys.name in _LOGICAL or _has_enum(keys):
            raise _unsupported("a map whose keys are no integers, texts or booleans", name)
        if values.type in (Type.ARRAY, Type.MAP) or is_union(values):
            raise _unsupported("a map to lists, maps or unions", name)
        entry = place.message.nested_type.add(name=entry_name(field.name))
        entry.options.map_entry = True
        full = f"{place.full}.{entry.name}"
        # What the values are called is declared beside the entry, which may declare nothing itself.
        self._type(place, entry.field.add(name="key", number=1, label=_PROTO.LABEL_OPTIONAL), keys, name)
        self._type(place, entry.field.add(name="value", number=2, label=_PROTO.LABEL_OPTIONAL), values, name)
        for part, inner in zip(entry.field, (keys, values), strict=True):
            if self._params(inner).keys() & {CONNECT_TYPE, SCALE} and self._flags.strict:
                raise _unsupported(f"in a map the type {inner.name or inner.type.value} ({part.name})", name)
        field.label = _PROTO.LABEL_REPEATED
        field.type = _PROTO.TYPE_MESSAGE
        field.type_name = f".{full}"

    def _type(self, place: _Place, field: Any, schema: Schema, name: str, *, wrapped: bool = False) -> None:
        logical = _LOGICAL.get(schema.name) if schema.name else None
        if logical is not None:
            field.type = _PROTO.TYPE_MESSAGE
            field.type_name = logical[0]
            self._imports.add(logical[1])
        elif _has_enum(schema):
            field.type = _PROTO.TYPE_ENUM
            field.type_name = place.enums.add(enum_of(schema, self._flags))
        elif wrapped:
            field.type = _PROTO.TYPE_MESSAGE
            field.type_name = f".google.protobuf.{PRIMITIVES[schema.type][0]}"
            self._imports.add(known.WRAPPERS_FILE)
        elif schema.type is Type.STRUCT:
            field.type = _PROTO.TYPE_MESSAGE
            field.type_name = self._nested(place, schema)
        elif schema.type in PRIMITIVES:
            field.type = PRIMITIVES[schema.type][1]
        else:
            raise _unsupported(f"the type {schema.type.name} there", name)

    def _nested(self, place: _Place, schema: Schema) -> str:
        plain = schema.replace(optional=False, default=None, doc=None, parameters=None)
        found = place.structs.get(plain)
        if found is None:
            base = name = self._names(schema)[1]
            count = 1
            while name in place.enums.names:
                count += 1
                name = f"{base}{count}"
            found = f"{place.full}.{name}"
            place.structs[plain] = found
            self._message(place.message.nested_type.add(name=name), schema, found)
        return f".{found}"

    # -- metadata -----------------------------------------------------------------------------------------------------

    def _meta(self, field: Any, schema: Schema, value: Schema) -> None:
        doc = (schema.doc or "") if self._flags.meta else ""
        meta = Meta(doc, self._params(value))
        if doc or meta.params:
            self._imports.add(known.META_FILE)
            add_meta(field.options, "field_meta", meta)

    def _params(self, schema: Schema) -> dict[str, str]:
        found: dict[str, str] = {}
        if schema.name == LogicalDecimal.NAME:
            if PRECISION in schema.parameters:
                found["precision"] = schema.parameters[PRECISION]
            found[SCALE] = str(LogicalDecimal.scale(schema))
        elif schema.type in (Type.INT8, Type.INT16) and not _has_enum(schema):
            found[CONNECT_TYPE] = schema.type.value
        if self._flags.meta:
            found.update(
                (key, value)
                for key, value in schema.parameters.items()
                if not key.startswith(_OURS) and key not in (PRECISION, SCALE)
            )
        return found


class _Place:
    """A message while its fields are added."""

    def __init__(self, message: Any, full: str, numbers: _Numbers, members: set[str]) -> None:
        self.message = message
        self.full = full
        self.numbers = numbers
        self.names: set[str] = set()
        self.structs: dict[Schema, str] = {}
        self.enums = EnumPlaces(message, full, members)


class _Numbers:
    """Numbers of fields: what their schemas say, and the next free one for the others."""

    def __init__(self, schema: Schema) -> None:
        self._said = {number for field in _members(schema) if (number := _tag(field)) is not None}
        self._next = 1

    def of(self, schema: Schema) -> int:
        said = _tag(schema)
        if said is not None:
            return said
        while self._next in self._said or self._next in _RESERVED:
            self._next += 1
        self._next += 1
        return self._next - 1


def _members(schema: Schema) -> Iterator[Schema]:
    for field in schema.fields:
        if is_union(field.schema):
            yield from _members(field.schema)
        else:
            yield field.schema


def _tag(schema: Schema) -> int | None:
    text = schema.parameters.get(TAG)
    if text is None:
        return None
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MAX_NUMBER:
        raise DataError(
            f"{text!r} is no number of a field", code="BRN-1447", remedy=f"Correct the parameter {TAG} of the schema."
        )
    return number


def _has_enum(schema: Schema) -> bool:
    return schema.type in (Type.STRING, Type.INT32) and (ENUM in schema.parameters or GENERAL_ENUM in schema.parameters)


def _is_wrappable(schema: Schema) -> bool:
    return schema.type in PRIMITIVES and schema.name not in _LOGICAL and not _has_enum(schema)


def _unsupported(what: str, name: str) -> DataError:
    return DataError(
        f"Protobuf cannot say {what} (field {name})",
        code="BRN-1447",
        remedy="Put it into a struct of its own, flatten it, or drop the field with ReplaceField.",
    )
