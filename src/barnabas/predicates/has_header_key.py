"""``HasHeaderKey``: records that have a certain header."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from barnabas._columns.headers import header_flags
from barnabas.config import ConfigDef, NonEmptyString, Type
from barnabas.predicates._answers import all_alike
from barnabas.predicates.base import Predicate
from barnabas.record import Batch, SinkRecord, SourceRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.record import Headers

__all__ = ["HasHeaderKey"]

R = TypeVar("R", SourceRecord, SinkRecord)


class HasHeaderKey(Predicate[R]):
    """Holds for records with at least one header of the name."""

    CONFIG: ClassVar[ConfigDef] = ConfigDef().define(
        "name",
        Type.STRING,
        validator=NonEmptyString(),
        importance="medium",
        doc="The header's name.",
    )

    def configure(self, props: Mapping[str, str]) -> None:
        """Called once before the first record."""
        self._name = self.CONFIG.parse(props)["name"]

    def test(self, record: R) -> bool:
        """Whether it has the header."""
        name = self._name
        return any(header.key == name for header in record.headers or ())

    def test_batch(self, batch: Batch[R]) -> list[bool]:
        """The same for a column; a batch without headers costs nothing."""
        column: list[Headers | None] | None = batch.headers
        flags = False if column is None else header_flags(column, self._name)
        return flags if isinstance(flags, list) else all_alike(flags, len(batch))
