"""``DropHeaders``: removes headers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from barnabas._columns.headers import without_headers
from barnabas.config import ConfigDef, Type
from barnabas.record import Batch, Headers, SinkRecord, SourceRecord
from barnabas.transforms._later import Later
from barnabas.transforms._settings import NamesOnce
from barnabas.transforms.base import Transformation

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DropHeaders"]

R = TypeVar("R", SourceRecord, SinkRecord)


class DropHeaders(Transformation[R]):
    """Removes every header of certain names; the others stay in order."""

    CONFIG: ClassVar[ConfigDef] = ConfigDef().define(
        "headers",
        Type.LIST,
        validator=NamesOnce(empty=False),
        importance="high",
        doc="Names of the headers to remove.",
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record."""
        self._names = frozenset(self.CONFIG.parse(props)["headers"])

    def apply(self, record: R) -> R:
        """Remove them from one record."""
        names = self._names
        if not any(header.key in names for header in record.headers or ()):
            return record
        (rest,) = without_headers([record.headers], names)
        return record.new_record(headers=rest)

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Remove them from a column, once somebody reads it: few sinks do."""
        names = self._names

        def rest() -> list[Headers | None] | None:
            column = batch.headers
            return None if column is None else without_headers(column, names)

        return batch.replace(headers=Later(rest)), None
