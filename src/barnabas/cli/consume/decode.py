"""Messages into records as a sink would get them; what cannot be read is said in its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from barnabas.errors import BarnabasError, DataError
from barnabas.record import Headers, SinkRecord
from barnabas.schema import SchemaAndValue
from barnabas.task.run import make_converters, make_transforms
from barnabas.transforms.chain import apply_record

if TYPE_CHECKING:
    from confluent_kafka import Message

    from barnabas.supervisor.api import TaskSpec
    from barnabas.transforms.chain import Step

__all__ = ["Decoder", "Problem", "Shown"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Problem(NamedTuple):
    """Why a part of a record cannot be shown.

    Args:
        part: ``key``, ``value``, ``header``, or ``transform`` and its name.
        message: One sentence.
        code: Stable.
        remedy: What to do, where there is something.
        payload: The bytes.
    """

    part: str
    message: str
    code: str | None
    remedy: str | None
    payload: bytes | None


class Shown(NamedTuple):
    """A record to show: its coordinates are those in Kafka, the rest may be changed by transforms.

    Args:
        topic: The topic, as transforms left it.
        partition: The partition.
        offset: The offset.
        time: When it was written; ``None``: the record does not say.
        key: Read by the key converter; ``None`` also where it could not be read.
        value: Likewise.
        headers: Pairs of name and value.
        problems: What could not be read.
    """

    topic: str
    partition: int
    offset: int
    time: datetime | None
    key: Any
    value: Any
    headers: list[tuple[str, Any]]
    problems: list[Problem]


class Decoder:
    """Converters and, if wanted, transforms of one configuration.

    Args:
        spec: From :func:`barnabas.cli.consume.settings.task_spec`.
        transforms: Whether to apply the transforms of the connector.

    Raises:
        BarnabasError: A setting is wrong, or a class cannot be found.
    """

    def __init__(self, spec: TaskSpec, *, transforms: bool) -> None:
        self._key, self._value, self._header = make_converters(spec)
        self._steps: list[Step] = make_transforms(spec) if transforms else []

    def close(self) -> None:
        """Close what was made."""
        for step in self._steps:
            step.close()
        for converter in (self._key, self._value, self._header):
            converter.close()

    def decode(self, message: Message) -> Shown | None:
        """One message; ``None`` if a transform dropped it.

        Raises:
            BarnabasError: Something that is no fault of this record: a registry that does not answer, say.
        """
        topic = message.topic() or ""
        problems: list[Problem] = []

        def read(part: str, payload: bytes | None, call: Callable[[], SchemaAndValue]) -> SchemaAndValue:
            try:
                return call()
            except Exception as error:  # noqa: BLE001  whatever a converter raises concerns this record
                problems.append(_problem(part, error, payload))
                return SchemaAndValue(None, None)

        raw_key, raw_value = message.key(), message.value()
        key = read("key", raw_key, lambda: self._key.to_connect(topic, raw_key))
        value = read("value", raw_value, lambda: self._value.to_connect(topic, raw_value))
        headers = Headers()
        for name, payload in _pairs(message.headers()):
            made = read(
                f"header {name}",
                payload,
                lambda name=name, payload=payload: self._header.to_connect_header(topic, name, payload),  # type: ignore[misc]
            )
            headers.add(name, made.value, made.schema)
        record = _record(message, key, value, headers)
        if self._steps and not problems:
            changed = self._transformed(record, raw_value, problems)
            if changed is None:
                return None
            record = changed
        return _shown(record, message, problems)

    def _transformed(self, record: SinkRecord, payload: bytes | None, problems: list[Problem]) -> SinkRecord | None:
        for step in self._steps:
            try:
                changed = apply_record(step, record)
            except Exception as error:  # noqa: BLE001  whatever a transform raises concerns this record
                problems.append(_problem(f"transform {step.alias}", error, payload))
                return record
            if changed is None:
                return None
            record = changed
        return record


def _problem(part: str, error: Exception, payload: bytes | None) -> Problem:
    if isinstance(error, BarnabasError):
        if not isinstance(error, DataError):
            raise error
        return Problem(part, error.message, error.code, error.remedy, payload)
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    return Problem(part, text, None, None, payload)


def _pairs(headers: Any) -> list[tuple[str, bytes | None]]:
    return headers or []


def _record(message: Message, key: SchemaAndValue, value: SchemaAndValue, headers: Headers) -> SinkRecord:
    kind, stamp = message.timestamp()
    return SinkRecord(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        value.value,
        key.value,
        value.schema,
        key.schema,
        stamp if kind else None,
        "LogAppendTime" if kind == 2 else "CreateTime",  # noqa: PLR2004  the library's number for it
        headers,
    )


def _shown(record: SinkRecord, message: Message, problems: list[Problem]) -> Shown:
    return Shown(
        record.topic,
        message.partition() or 0,
        message.offset() or 0,
        _time(record.timestamp),
        record.key,
        record.value,
        [(header.key, header.value) for header in record.headers or ()],
        problems,
    )


def _time(stamp: int | None) -> datetime | None:
    """A moment; ``None`` also for one that no calendar has."""
    try:
        return None if stamp is None else _EPOCH + timedelta(milliseconds=stamp)
    except OverflowError:
        return None
