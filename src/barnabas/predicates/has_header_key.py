"""``HasHeaderKey``: records that have a certain header."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from barnabas.config import ConfigDef, NonEmptyString, Type
from barnabas.predicates.base import Predicate
from barnabas.record import Batch, SinkRecord, SourceRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.record import Headers

__all__ = ["HasHeaderKey"]

_KEY = attrgetter("key")
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
        name = self._name
        column: list[Headers | None] | None = batch.headers
        if column is None:
            return [False] * len(batch)
        if all(column):  # every record has some: look at all keys in one go
            keys = list(map(_KEY, chain.from_iterable(cast("list[Headers]", column))))
            if name not in keys:
                return [False] * len(column)
            sizes = set(map(len, cast("list[Headers]", column)))
            if len(sizes) == 1:
                size = sizes.pop()
                return [name in keys[at : at + size] for at in range(0, len(keys), size)]
        return [headers is not None and name in map(_KEY, headers) for headers in column]
