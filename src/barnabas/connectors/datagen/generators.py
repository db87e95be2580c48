"""The things a template can ask for, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from barnabas import Schema
from barnabas.connectors.datagen.words import CITIES, COUNTRIES, FIRST_NAMES, LAST_NAMES, WORDS

__all__ = ["GENERATORS", "Generator"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

Column = Callable[[range, Random], list[Any]]


@dataclass(frozen=True)
class Generator:
    """A column of values for some ids.

    ``column`` depends on the ids and on chance; a ``live`` one on the clock: it is asked when records are handed over.
    """

    schema: Schema
    column: Column
    live: bool = False


def _number(text: str, kind: type[int | float]) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{text!r} is no {'whole number' if kind is int else 'number'}") from None


def _bounds(low: str, high: str, kind: type[int | float]) -> tuple[Any, Any]:
    first, last = _number(low, kind), _number(high, kind)
    if first > last:
        raise ValueError(f"{low} is more than {high}")
    return first, last


def _id() -> Generator:
    return Generator(Schema.INT64, lambda ids, _: list(ids))


def _int(low: str, high: str) -> Generator:
    first, last = _bounds(low, high, int)
    if not -(2**63) <= first <= last < 2**63:
        raise ValueError("whole numbers have 64 bits")
    numbers = range(first, last + 1)
    if last - first > 1 << 50:  # choices() works with floats, which cannot tell so many numbers apart
        return Generator(Schema.INT64, lambda ids, rng: [rng.randint(first, last) for _ in ids])
    return Generator(Schema.INT64, lambda ids, rng: rng.choices(numbers, k=len(ids)))


def _float(low: str, high: str, places: str = "2") -> Generator:
    first, last = _bounds(low, high, float)
    digits = _number(places, int)
    span = last - first

    def column(ids: range, rng: Random) -> list[float]:
        chance = rng.random
        return [round(first + span * chance(), digits) for _ in ids]

    return Generator(Schema.FLOAT64, column)


def _bool(probability: str = "0.5") -> Generator:
    share = _number(probability, float)

    def column(ids: range, rng: Random) -> list[bool]:
        chance = rng.random
        return [chance() < share for _ in ids]

    return Generator(Schema.BOOLEAN, column)


def _choice(*words: str) -> Generator:
    if not words:
        raise ValueError("there is nothing to choose from")
    return _one_of(words)


def _one_of(words: Sequence[str]) -> Generator:
    return Generator(Schema.STRING, lambda ids, rng: rng.choices(words, k=len(ids)))


def _name() -> Generator:
    def column(ids: range, rng: Random) -> list[str]:
        first, last = rng.choices(FIRST_NAMES, k=len(ids)), rng.choices(LAST_NAMES, k=len(ids))
        return [f"{one} {two}" for one, two in zip(first, last, strict=True)]

    return Generator(Schema.STRING, column)


def _email() -> Generator:
    def column(ids: range, rng: Random) -> list[str]:
        first, last = rng.choices(FIRST_NAMES, k=len(ids)), rng.choices(LAST_NAMES, k=len(ids))
        return [f"{one}.{two}.{id_}@example.com".lower() for one, two, id_ in zip(first, last, ids, strict=True)]

    return Generator(Schema.STRING, column)


def _sentence(words: str = "8") -> Generator:
    count = _number(words, int)
    if count < 1:
        raise ValueError("a sentence has at least one word")

    def column(ids: range, rng: Random) -> list[str]:
        chosen = iter(rng.choices(WORDS, k=count * len(ids)))
        return [" ".join(row).capitalize() + "." for row in zip(*[chosen] * count, strict=True)]

    return Generator(Schema.STRING, column)


def _uuid() -> Generator:
    def column(ids: range, rng: Random) -> list[str]:
        text = rng.randbytes(16 * len(ids)).hex()
        parts = (text[at : at + 32] for at in range(0, len(text), 32))
        return [f"{u[:8]}-{u[8:12]}-4{u[13:16]}-{'89ab'[int(u[16], 16) & 3]}{u[17:20]}-{u[20:]}" for u in parts]

    return Generator(Schema.STRING, column)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now() -> Generator:
    return Generator(Schema.STRING, lambda ids, _: [_iso(datetime.now(UTC))] * len(ids), live=True)


def _now_ms() -> Generator:
    return Generator(Schema.INT64, lambda ids, _: [(datetime.now(UTC) - _EPOCH) // _MS] * len(ids), live=True)


def _time(start: str, step: str = "1s") -> Generator:
    try:
        first = datetime.fromisoformat(start)
    except ValueError:
        raise ValueError(f"{start!r} is no time like 2026-01-31T12:00:00Z") from None
    first = first.replace(tzinfo=UTC) if first.tzinfo is None else first.astimezone(UTC)
    digits = step.rstrip("smhd")
    unit = _UNITS.get(step[len(digits) :])
    if unit is None:
        raise ValueError(f"{step!r} is no step like 500ms, 1s, 5m, 1h or 1d")
    width = timedelta(milliseconds=_number(digits, int) * unit)
    return Generator(Schema.STRING, lambda ids, _: [_iso(first + width * id_) for id_ in ids])


GENERATORS: dict[str, tuple[Callable[..., Generator], str]] = {
    "id": (_id, "{{id}}: 0, 1, 2, … never twice, whatever the number of tasks"),
    "int": (_int, "{{int 1 100}}: a whole number from 1 to 100"),
    "float": (_float, "{{float 0 1}} or {{float 0 1 4}}: a number with 2 or 4 places"),
    "bool": (_bool, "{{bool}} or {{bool 0.9}}: true, with this probability"),
    "choice": (_choice, "{{choice red green 'light blue'}}: one of these"),
    "name": (_name, "{{name}}: first and last name"),
    "first_name": (lambda: _one_of(FIRST_NAMES), "{{first_name}}"),
    "last_name": (lambda: _one_of(LAST_NAMES), "{{last_name}}"),
    "email": (_email, "{{email}}: with the id in it, at example.com"),
    "city": (lambda: _one_of(CITIES), "{{city}}"),
    "country": (lambda: _one_of(COUNTRIES), "{{country}}: two letters"),
    "word": (lambda: _one_of(WORDS), "{{word}}"),
    "sentence": (_sentence, "{{sentence}} or {{sentence 12}}: so many words"),
    "uuid": (_uuid, "{{uuid}}: version 4"),
    "now": (_now, "{{now}}: the time when the record is made, 2026-01-31T12:00:00.000Z"),
    "now_ms": (_now_ms, "{{now_ms}}: the same as milliseconds since 1970"),
    "time": (_time, "{{time 2026-01-01T00:00:00Z 1s}}: a time that advances by a step (ms, s, m, h, d) with the id"),
}
"""By name: what makes one from its arguments (a ValueError says what is wrong with them), and how it is written."""
