"""Columns of messages into columns of values and back, for one schema id."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from barnabas._columns import native
from barnabas.converters._avro.native import read_plan, write_plan
from barnabas.converters._avro.reading import read_column, reading
from barnabas.converters._avro.settings import Mapping as Settings
from barnabas.converters._avro.to_connect import ToConnect
from barnabas.converters._avro.types import AvroType
from barnabas.converters._avro.wire_errors import WireError, refuse_empty_items
from barnabas.converters._avro.writing import writing
from barnabas.converters._registry_client.wire import HEAD, frame
from barnabas.converters.base import SchemaColumn
from barnabas.errors import DataError
from barnabas.schema import Schema, validate_value

if TYPE_CHECKING:
    from barnabas.converters._avro.wire import Wire

__all__ = ["ColumnReader", "ColumnWriter"]


def _wire(avro: AvroType, settings: Settings) -> Wire:
    """Made when the compiled part has not done it all: the library takes megabytes, and every task would have them."""
    from barnabas.converters._avro.wire import Wire  # noqa: PLC0415 - as it says

    return Wire(avro, settings)


class ColumnReader:
    """Reads messages of one schema.

    Args:
        avro: Theirs.
        settings: The mapping's.
        version: Of the schema in its subject.
        damaged: Makes the error for a message that is not of the schema.
    """

    def __init__(
        self, avro: AvroType, settings: Settings, version: int | None, damaged: Callable[[bytes, Any], DataError]
    ) -> None:
        refuse_empty_items(avro)
        self._schema = ToConnect(settings).convert(avro, version)
        self._wire = cache(partial(_wire, avro, settings))
        self._convert = reading(avro, self._schema, settings)
        self._damaged = damaged
        self._plan = read_plan(avro, self._schema, settings)

    def column(self, payloads: list[bytes]) -> tuple[SchemaColumn, list[Any]]:
        """See :class:`~barnabas.converters._registry_client.base.Reader`."""
        if self._plan is not None and native is not None:
            values = native.avro_read(self._plan, payloads, HEAD)
            if values is not None:
                return self._schema, values
        return self._schema, self._reference(payloads)

    def _reference(self, payloads: list[bytes]) -> list[Any]:
        read = self._wire().read
        values = []
        for payload in payloads:
            try:
                values.append(read(payload, HEAD))
            except WireError as error:
                raise self._damaged(payload, error) from error
        return read_column(self._convert, values)


class ColumnWriter:
    """Writes values of one Connect schema.

    Args:
        schema: Theirs; ``None``: they have none.
        avro: What they are written as.
        settings: The mapping's.
        schema_id: Of ``avro`` in the registry.
        failed: Makes the error for a value that cannot be written, where nothing better is known.
    """

    def __init__(
        self,
        schema: Schema | None,
        avro: AvroType,
        settings: Settings,
        schema_id: int,
        failed: Callable[[str], DataError],
    ) -> None:
        self._schema = schema
        self._head = frame(schema_id)
        self._convert = writing(schema, avro, settings)
        self._wire = cache(partial(_wire, avro, settings))
        self._failed = failed
        self._plan = write_plan(schema, avro, settings)

    def column(self, values: list[Any]) -> list[bytes | None]:
        """See :class:`~barnabas.converters._registry_client.base.Writer`."""
        if self._plan is not None and native is not None:
            messages: list[bytes | None] | None = native.avro_write(self._plan, values, self._head)
            if messages is not None:
                return messages
        return [self._one(value) for value in values]

    def _one(self, value: Any) -> bytes | None:
        if value is None and self._schema is None:
            return None
        try:
            wire = self._convert(value)
        except DataError:
            validate_value(self._schema, value)  # which says the whole path; what it does not find is raised as it is
            raise
        if wire is None:
            return None
        try:
            return self._wire().write(wire, self._head)
        except WireError as error:
            raise self._failed(f"The value is not of its schema: {error}.") from error
