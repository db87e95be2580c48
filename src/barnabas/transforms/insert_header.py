"""``InsertHeader``: adds a header of a fixed value."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from barnabas._columns.headers import with_header
from barnabas.config import ConfigDef, NonNull, Type
from barnabas.record import Batch, Header, Headers, SinkRecord, SourceRecord
from barnabas.transforms._later import Later
from barnabas.transforms.base import Transformation
from barnabas.values import parse_string

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["InsertHeader"]

R = TypeVar("R", SourceRecord, SinkRecord)


class InsertHeader(Transformation[R]):
    """Adds a header after those that a record has, also after one of the same name."""

    CONFIG: ClassVar[ConfigDef] = (
        ConfigDef()
        .define(
            "header",
            Type.STRING,
            validator=NonNull(),
            importance="high",
            doc="The header's name.",
        )
        .define(
            "value.literal",
            Type.STRING,
            validator=NonNull(),
            importance="high",
            doc="The header's value. Its schema is the smallest that fits the text: `1` is an int8, `1.5` a float32, "
            '`true` a boolean, `[1,2]` an array, `{"a":1}` a map; anything else is a string.',
        )
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record."""
        config = self.CONFIG.parse(props)
        literal = parse_string(config["value.literal"])
        self._header = Header(config["header"], literal.value, literal.schema)

    def apply(self, record: R) -> R:
        """Add it to one record."""
        return record.new_record(headers=_with(record.headers, self._header))

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Add it to a column, once somebody reads it: few sinks do. Each record gets a list of its own."""
        header = self._header

        def added() -> list[Headers | None]:
            return with_header(batch.headers, len(batch), header)

        return batch.replace(headers=Later(added)), None


def _with(headers: Headers | None, header: Header) -> Headers:
    """A list of its own, the header at its end."""
    made = Headers(headers or ())
    made.append(header)
    return made
