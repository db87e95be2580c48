"""``java.text.SimpleDateFormat`` of Java 17 in English: dates as text, and back, with all of its leniency."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC as UTC_TZ
from datetime import datetime, timedelta
from typing import Final

from barnabas._java.calendar import Moment
from barnabas._java.date_pattern import Letters, elements
from barnabas._java.date_reader import Reading, century_start, reader
from barnabas._java.date_shape_reader import reader_of
from barnabas._java.date_shape_writer import writer_of
from barnabas._java.date_writer import writer
from barnabas._java.zones import UTC, Zone
from barnabas._schema.exact import Instant

__all__ = ["SimpleDateFormat", "UnparseableError", "moment_of", "to_milliseconds"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC_TZ)
_MS: Final = timedelta(milliseconds=1)


class UnparseableError(ValueError):
    """A text that is not of the pattern; the message is that of ``java.text.ParseException``."""


class SimpleDateFormat:
    """One pattern, taken apart once; as in Java, not for several threads.

    A time zone that is named in a text (``PST``) stays in force for what is read and written afterwards.

    Args:
        pattern: As ``SimpleDateFormat`` describes it.
        zone: Of the clock on the wall that texts show.
        century: Milliseconds since the epoch: when the hundred years of two-digit years begin; 80 years ago without.
        strict: Refuse what Java silently makes something of: numbers out of range, text after the date.

    Raises:
        IllegalArgumentError: the pattern is none, in Java's words.
    """

    def __init__(self, pattern: str, zone: Zone = UTC, *, century: int | None = None, strict: bool = False) -> None:
        self.pattern = pattern
        self._pieces = elements(pattern)
        self._zone = zone
        self._century = century_start() if century is None else century
        self._strict = strict
        self._read = reader(self._pieces, self._century)
        self._write = writer(self._pieces)
        # The fast ways; a zone that a text names later puts an end to them.
        utc = zone is UTC
        # Strict mode looks at weekdays, which the fast way believes.
        believed = strict and any(isinstance(piece, Letters) and piece.letter == "E" for piece in self._pieces)
        self._fast_read = reader_of(self._pieces) if utc and not believed else None
        self._fast_write = writer_of(self._pieces, _in_utc) if utc else None

    @property
    def zone(self) -> Zone:
        """The one in force."""
        return self._zone

    def format(self, moment: datetime | Instant) -> str:
        """The text of a point in time; a datetime has to be aware."""
        fast = self._fast_write
        if fast is not None and isinstance(moment, datetime) and moment.tzinfo is UTC_TZ:
            return fast.moment(moment)
        return self.format_milliseconds(to_milliseconds(moment))

    def format_milliseconds(self, milliseconds: int) -> str:
        """The text of a point in time, in milliseconds since the epoch."""
        if self._fast_write is not None:
            return self._fast_write.milliseconds(milliseconds)
        return self._write(milliseconds, self._zone)

    def parse(self, text: str) -> datetime | Instant:
        """The point in time that a text means, in UTC.

        Raises:
            UnparseableError: it means none.
        """
        found = self._fast_read.one(text) if self._fast_read is not None else None
        return moment_of(self._parsed(text)) if found is None else found

    def parse_column(self, texts: list[str]) -> list[datetime | Instant]:
        """The points in time that texts mean.

        Raises:
            UnparseableError: one of them means none.
        """
        found = self._fast_read.many(texts) if self._fast_read is not None else None
        return list(map(self.parse, texts)) if found is None else [*found]

    def _parsed(self, text: str) -> int:
        found = self._read(text, self._zone)
        if found is None:
            raise UnparseableError(f'Unparseable date: "{text}"')
        if found.zone is not self._zone:
            self._zone, self._fast_read, self._fast_write = found.zone, None, None
        milliseconds = found.fields.time(found.zone)
        if found.ambiguous and milliseconds < self._century:
            found.fields.add_years(100)
            milliseconds = found.fields.time(found.zone)
        if self._strict:
            _check(found, milliseconds)
        return milliseconds


def _in_utc(part: list[Letters | str]) -> Callable[[int], str]:
    write = writer(part)
    return lambda milliseconds: write(milliseconds, UTC)


def moment_of(milliseconds: int) -> datetime | Instant:
    """A point in time in Python's class, or ours where it has none."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return Instant(milliseconds)


def to_milliseconds(moment: datetime | Instant) -> int:
    """Milliseconds since the epoch; finer parts are cut off, towards the past."""
    return moment.milliseconds if isinstance(moment, Instant) else (moment - _EPOCH) // _MS


def _check(found: Reading, milliseconds: int) -> None:
    """Refuse a text that does not say just this point in time."""
    if found.end != len(found.text):
        raise UnparseableError(f'Unparseable date: "{found.text}"')
    fields = dict(found.fields.items())
    offset = found.zone.at(milliseconds)
    shift = fields.get("zone_offset", offset.standard) + fields.get("dst_offset", offset.daylight)
    wall = Moment(milliseconds + shift, UTC)
    shown = {name: getattr(wall, name) for name in fields if hasattr(wall, name)}
    shown |= {"year": wall.year_of_era, "hour12": wall.hour % 12, "half": wall.hour // 12}
    if any(shown[name] != value for name, value in fields.items() if name in shown):
        raise UnparseableError(f'Unparseable date: "{found.text}"')
