"""``DropHeaders``: removes headers by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

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
        (rest,) = _without(names, [record.headers])
        return record.new_record(headers=rest)

    def apply_batch(self, batch: Batch[R]) -> tuple[Batch[R], list[int] | None]:
        """Remove them from a column, once somebody reads it: few sinks do."""
        names = self._names

        def rest() -> list[Headers | None] | None:
            column = batch.headers
            return None if column is None else _without(names, column)

        return batch.replace(headers=Later(rest)), None


def _without(names: frozenset[str], column: list[Headers | None]) -> list[Headers | None]:
    """The headers of each record without those of these names."""
    found = {header.key for headers in column if headers is not None for header in headers}
    if names.issuperset(found):
        return [None] * len(column)
    if names.isdisjoint(found):
        return column
    made: list[Headers | None] = []
    for headers in column:
        if headers is None:
            made.append(None)
            continue
        rest = Headers()
        for header in headers:
            if header.key not in names:
                rest.append(header)
        made.append(rest or None)
    return made
