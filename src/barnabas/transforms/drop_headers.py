"""``DropHeaders``: removes headers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from barnabas.config import ConfigDef, Type
from barnabas.record import Batch, Headers, SinkRecord, SourceRecord
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

    def _rest(self, headers: Headers | None) -> Headers | None:
        """The headers without those; the same object if none of them is there."""
        if not headers:
            return headers
        rest = [header for header in headers if header.key not in self._names]
        return headers if len(rest) == len(headers) else Headers(rest) if rest else None

    def apply(self, record: R) -> R:
        """Remove them from one record."""
        rest = self._rest(record.headers)
        return record if rest is record.headers else record.new_record(headers=rest)

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Remove them from a column; a batch without headers costs nothing."""
        column = batch.headers
        if column is None:
            return batch, None
        return batch.replace(headers=[self._rest(headers) for headers in column]), None
