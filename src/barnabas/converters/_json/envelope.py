"""Messages that carry their schema, many at a time.

Most messages of a topic start with the very same bytes: ``{"schema":…,"payload":``. Such a head is parsed once; of
each message that starts with it, only what lies between the head and the closing brace is read. That text is parsed
alone and as a whole, so what reads as one value there is the payload, and nothing else can be in the message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from barnabas.converters._json.input import exact_column, odd_rows
from barnabas.converters._json.reader import ColumnReader
from barnabas.converters._json.scalars import CoercedError, NeedsExactNumbers
from barnabas.converters._json.typed import typed_reader
from barnabas.converters.base import merge_schemas
from barnabas.schema import Schema, SchemaAndValue

__all__ = ["EnvelopeReader", "TextReader"]

_PAYLOAD: Final = b'"payload":'
_MOST_HEADS: Final = 16  # more schemas than that in turn are read message by message
_MOST_TRIES: Final = 8  # a document in which that many payloads lie is none of ours


class TextReader:
    """Reads many texts that are values of one schema.

    Args:
        schema: Their schema.
        reader: The plan for what a parser gives.
        replace_nulls: As for the reader.
        strict: As for the reader.
    """

    def __init__(self, schema: Schema | None, reader: ColumnReader, *, replace_nulls: bool, strict: bool) -> None:
        self.schema = schema
        self.reader = reader
        self._typed = None if strict else typed_reader(schema, replace_nulls=replace_nulls)

    def column(self, texts: list[bytes]) -> list[Any] | None:
        """The values; ``None`` if one of them has to be read the slow way, alone.

        Raises:
            DataError: one of them cannot be read.
        """
        values = self._typed.column(texts) if self._typed is not None else None
        if values is not None:
            return values
        try:
            nodes = [*map(orjson.loads, texts)]
        except ValueError:
            return None
        return None if odd_rows(texts, nodes) else self._convert(nodes, texts)

    def _convert(self, nodes: list[Any], texts: list[bytes]) -> list[Any] | None:
        try:
            try:
                return [*self.reader.column(nodes)]
            except NeedsExactNumbers:
                exact = exact_column(texts)
                return None if exact is None else [*self.reader.column(exact)]
        except (CoercedError, RecursionError):
            return None


class _Head(NamedTuple):
    text: bytes
    values: TextReader


class EnvelopeReader:
    """Reads columns of enveloped messages.

    Args:
        find: Gives schema and reader for the parsed ``schema`` member.
        one: Reads one message the slow way.
        replace_nulls: As for the readers.
        strict: As for the readers.
    """

    def __init__(
        self,
        find: Callable[[Any], tuple[Schema | None, ColumnReader]],
        one: Callable[[bytes], SchemaAndValue],
        *,
        replace_nulls: bool,
        strict: bool,
    ) -> None:
        self._find = find
        self._one = one
        self._replace_nulls = replace_nulls
        self._strict = strict
        self._heads: list[_Head] = []

    def column(self, payloads: list[bytes | None]) -> tuple[Schema | list[Schema | None] | None, list[Any]]:
        """Schema and value of each message; one schema if it is that of all.

        Raises:
            DataError: one of them cannot be read.
        """
        if self._heads:
            last = self._heads[0]
            texts = _bodies(payloads, last.text)
            values = last.values.column(texts) if len(texts) == len(payloads) else None
            if values is not None:
                return last.values.schema, values
        return self._mixed(payloads)

    def _mixed(self, payloads: list[bytes | None]) -> tuple[Schema | list[Schema | None] | None, list[Any]]:
        schemas: list[Schema | None] = [None] * len(payloads)
        values: list[Any] = [None] * len(payloads)
        left = [(at, payload) for at, payload in enumerate(payloads) if payload is not None]
        singly: list[tuple[int, bytes]] = []
        tried: set[bytes] = set()
        while left:
            head = self._next_head(left[0][1], tried)
            if head is None:
                singly.append(left.pop(0))
                continue
            tried.add(head.text)
            mine = [pair for pair in left if pair[1].startswith(head.text) and pair[1].endswith(b"}")]
            found = head.values.column(_bodies([payload for _, payload in mine], head.text))
            if found is None:
                singly += mine
            else:
                for (at, _), value in zip(mine, found, strict=True):
                    schemas[at], values[at] = head.values.schema, value
            taken = {at for at, _ in mine}
            left = [pair for pair in left if pair[0] not in taken]
        for at, payload in singly:
            schemas[at], values[at] = self._one(payload)
        return merge_schemas(schemas), values

    def _next_head(self, payload: bytes, tried: set[bytes]) -> _Head | None:
        """A head that has not been tried in this column, and that the message starts with."""
        for at, head in enumerate(self._heads):
            if payload.startswith(head.text) and payload.endswith(b"}"):
                self._heads.insert(0, self._heads.pop(at))
                return None if head.text in tried else head
        if len(tried) >= _MOST_HEADS:
            return None
        learned = self._learn(payload)
        if learned is not None:
            self._heads = [learned, *self._heads[: _MOST_HEADS - 1]]
        return learned

    def _learn(self, payload: bytes) -> _Head | None:
        """The head of a message; ``None`` if it has to be read the slow way."""
        if not payload.startswith(b"{") or not payload.endswith(b"}"):
            return None
        at = -1
        for _ in range(_MOST_TRIES):
            at = payload.find(_PAYLOAD, at + 1)
            if at < 0:
                return None
            text = payload[: at + len(_PAYLOAD)]
            try:
                envelope = orjson.loads(text + b"null}")
            except ValueError:
                continue
            if envelope.keys() != {"schema", "payload"} or odd_rows([text], [envelope]):
                return None
            try:
                schema, reader = self._find(envelope["schema"])
            except (NeedsExactNumbers, RecursionError):
                return None  # a fraction in a default, or a schema nested too deeply
            reading = TextReader(schema, reader, replace_nulls=self._replace_nulls, strict=self._strict)
            return _Head(text, reading)
        return None


def _bodies(payloads: Sequence[bytes | None], head: bytes) -> list[bytes]:
    """What lies between the head and the closing brace, of those that have both."""
    size = len(head)
    return [p[size:-1] for p in payloads if p is not None and p.startswith(head) and p.endswith(b"}")]
