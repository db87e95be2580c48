from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.connectors.postgres import literals, moments
from barnabas.connectors.postgres.catalog import PgType
from barnabas.connectors.postgres.codecs import codec_for
from barnabas.connectors.postgres.copying import cells_of
from barnabas.connectors.postgres.modes import Modes

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.lists(st.dates()))
def test_dates_are_days(days: list[date]) -> None:
    cells = [str(day).encode() for day in days]
    assert moments.date_column(cells) == [(day - EPOCH.date()).days for day in days]


def written(moment: datetime) -> str:
    """As PostgreSQL writes it: no more digits than needed."""
    text = f"{moment:%Y}".rjust(4, "0") + f"{moment:-%m-%d %H:%M:%S}"
    return text + (f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else "")


@given(st.lists(st.datetimes(timezones=st.just(UTC))))
def test_timestamps_are_microseconds_and_texts_in_utc(times: list[datetime]) -> None:
    plain = [written(moment).encode() for moment in times]
    assert moments.stamp_column(plain) == [(moment - EPOCH) // timedelta(microseconds=1) for moment in times]
    zoned = moments.zoned_stamps(6)([cell + b"+00" for cell in plain]) if plain else []
    assert [datetime.fromisoformat(text) for text in zoned] == times
    assert all(len(text) == 27 for text in zoned)
    for moment, micros in zip(times, moments.stamp_column(plain), strict=True):
        assert datetime.fromisoformat(moments.iso_stamp(micros)) == moment


@pytest.mark.parametrize(
    ("text", "days", "micros"),
    [
        (b"0044-03-15 BC", -735160, -63517824000000000),
        (b"12024-03-15", 3672222, 317279980800000000),
        (b"infinity", 2**31 - 1, 2**63 - 1),
        (b"-infinity", -(2**31), -(2**63)),
    ],
)
def test_dates_that_python_does_not_know(text: bytes, days: int, micros: int) -> None:
    assert moments.date_column([text]) == [days]
    stamp = text if b"inf" in text else text.replace(b"15", b"15 00:00:00")
    assert moments.stamp_column([stamp, b"1970-01-01 00:00:00.000001"]) == [micros, 1]


@given(st.integers(-100, 100), st.integers(-50, 50), st.integers(-(10**12), 10**12))
def test_intervals(months: int, days: int, micros: int) -> None:
    clock = f"{abs(micros) // 3_600_000_000:02d}:{abs(micros) // 60_000_000 % 60:02d}"
    clock += f":{abs(micros) // 1_000_000 % 60:02d}.{abs(micros) % 1_000_000:06d}"
    text = f"{months} mons {days} days {'-' if micros < 0 else ''}{clock}"
    assert moments.interval_micros(text) == round((months * 365.25 / 12 + days) * 86400) * 1_000_000 + micros


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


def quoted(text: str | None) -> str:
    return "NULL" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.lists(st.one_of(st.none(), TEXT)))
def test_arrays(items: list[str | None]) -> None:
    assert literals.array_items("{" + ",".join(map(quoted, items)) + "}") == items


@given(st.dictionaries(TEXT, st.one_of(st.none(), TEXT)))
def test_hstore(pairs: dict[str, str | None]) -> None:
    assert literals.hstore_pairs(", ".join(f"{quoted(key)}=>{quoted(value)}" for key, value in pairs.items())) == pairs


@given(st.lists(st.lists(st.one_of(st.none(), TEXT), min_size=2, max_size=2)))
def test_lines_of_copy(rows: list[list[str | None]]) -> None:
    escapes = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}

    def cell(text: str | None) -> str:
        return "\\N" if text is None else "".join(escapes.get(each, each) for each in text)

    lines = [("\t".join(map(cell, row)) + "\n").encode() for row in rows]
    assert cells_of(lines) == [[None if text is None else text.encode() for text in row] for row in rows]


@pytest.mark.parametrize(
    ("kind", "typmod", "modes", "text", "value"),
    [
        ("numeric", (8 << 16 | 2) + 4, {"decimal": "double"}, b"1.50", 1.5),
        ("numeric", -1, {"decimal": "string"}, b"1E+3", "1000"),
        ("numeric", -1, {"decimal": "string"}, b"NaN", "NaN"),
        ("numeric", -1, {}, b"NaN", None),
        ("money", -1, {"decimal": "string"}, b"-$1,234.50", "-1234.50"),
        ("bytea", -1, {"binary": "base64-url-safe"}, b"\\xfbff", "-_8="),
        ("time", -1, {"time": "isostring"}, b"24:00:00", "24:00:00Z"),
        ("date", -1, {"time": "isostring"}, b"2024-01-02", "2024-01-02Z"),
        ("timestamp", -1, {"time": "isostring"}, b"2024-01-02 03:04:05.5", "2024-01-02T03:04:05.5Z"),
        ("timestamp", -1, {"time": "nanoseconds"}, b"1970-01-01 00:00:01", 1_000_000_000),
        ("interval", -1, {"interval": "string"}, b"1 year -2 mons 3 days -04:05:06.5", "P0Y10M3DT-4H-5M-6.5S"),
        ("hstore", -1, {"hstore": "map"}, b'"a"=>"1"', {"a": "1"}),
        ("point", -1, {}, b"(1.5,-2)", literals.point("(1.5,-2)")),
        ("unheard", -1, {"include_unknown": True}, b"x", b"x"),
    ],
)
def test_modes(kind: str, typmod: int, modes: dict[str, Any], text: bytes, value: object) -> None:
    codec = codec_for(PgType(kind), typmod, Modes(**modes))
    assert codec is not None
    assert codec.decode([text]) == [value]


def test_types_that_nobody_knows_are_left_out() -> None:
    assert codec_for(PgType("unheard"), -1, Modes()) is None
    assert codec_for(PgType("_unheard", element=PgType("unheard")), -1, Modes()) is None
