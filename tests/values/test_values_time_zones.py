"""Dates in text are in the process's time zone, gaps and overlaps and far-away years as on the JVM."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barnabas._schema.calendar import days_of, local_fields, utc_of_wall, wall_of_utc
from barnabas.schema import Date, Instant, Time, Timestamp, java_string
from barnabas.values import convert_to_string, parse_string

Zone = Callable[[str], None]
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"]
NEW_YORK = "America/New_York"


@pytest.mark.parametrize("name", ZONES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(moment=st.datetimes(datetime(1910, 1, 1), datetime(2400, 1, 1)))  # noqa: DTZ001 - made aware below
def test_timestamps_come_back(name: str, time_zone: Zone, moment: datetime) -> None:
    time_zone(name)
    exact = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    text = convert_to_string(None, exact)
    found = parse_string(text)
    local = exact.astimezone(ZoneInfo(name))
    assert local.strftime("%H:%M:%S") in text or local.strftime("%Y-%m-%d") == text
    if found.schema is Timestamp.SCHEMA:
        # The later of two times that a clock shows twice, so no more than the hour in between is lost.
        assert timedelta() <= found.value - exact <= timedelta(hours=1)
        if local.fold == 1 or local.replace(fold=1).utcoffset() == local.utcoffset():
            assert found.value == exact


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2021-03-14T02:30:00.000Z", "2021-03-14T07:30:00"),  # left out: counts on from before
        ("2021-03-14T01:59:59.999Z", "2021-03-14T06:59:59.999000"),
        ("2021-03-14T03:00:00.000Z", "2021-03-14T07:00:00"),
        ("2021-11-07T01:30:00.000Z", "2021-11-07T06:30:00"),  # twice: the later one
        ("2021-11-07T00:59:59.999Z", "2021-11-07T04:59:59.999000"),
        ("2500-07-01T12:00:00.000Z", "2500-07-01T16:00:00"),
        ("1890-07-01T12:00:00.000Z", "1890-07-01T17:00:00"),  # no daylight saving, no local mean time: as today
    ],
)
def test_gaps_and_overlaps(time_zone: Zone, text: str, utc: str) -> None:
    time_zone(NEW_YORK)
    assert parse_string(text).value == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_times_beyond_the_day_are_instants(time_zone: Zone) -> None:
    time_zone(NEW_YORK)
    assert parse_string("23:59:59.999Z") == (Time.SCHEMA, Instant(104_399_999))
    assert parse_string("2019-08-23") == (Date.SCHEMA, datetime(2019, 8, 23, 4, tzinfo=UTC))


def test_names_of_zones(time_zone: Zone) -> None:
    moment = datetime(2020, 7, 1, tzinfo=UTC)
    for name, shown in [(NEW_YORK, "EDT"), ("Asia/Kathmandu", "NPT"), ("XYZ-3", "XYZ"), ("<+07>-7", "GMT+07:00")]:
        time_zone(name)
        assert f" {shown} 2020" in java_string(None, moment)


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_number_of_milliseconds_has_a_date(milliseconds: int) -> None:
    at = local_fields(milliseconds)
    wall = days_of(at.year, at.month, at.day) * 86_400_000
    wall += ((at.hour * 60 + at.minute) * 60 + at.second) * 1000 + at.millisecond
    assert wall == wall_of_utc(milliseconds)
    assert utc_of_wall(wall) == milliseconds
    assert java_string(None, Instant(milliseconds)).count(":") == 2
    assert convert_to_string(None, Instant(milliseconds))[-1] in "Z0123456789"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1582-10-04", "1582-10-14"),  # the day before the Gregorian calendar, as Python counts days
        ("1582-10-15", "1582-10-15"),
        ("1582-10-10", "1582-10-20"),  # never was: counted on in the old calendar
        ("1500-02-29", "1500-03-10"),
        ("2019-13-40", "2020-02-09"),
        ("2019- 8- 3", "2019-08-03"),
        ("2019-8-2x!", "2019-08-02"),
        ("2019-08-2", None),
        ("20190-8-23", None),
    ],
)
def test_lenient_dates(text: str, shown: str | None) -> None:
    found = parse_string(text)
    if shown is None:
        assert found.schema is not Date.SCHEMA or isinstance(found.value, Instant)
    else:
        assert (found.schema, str(found.value)) == (Date.SCHEMA, shown)


def test_dates_in_quotes_may_be_negative() -> None:
    assert parse_string('["-201-08-23"]').value == [Instant(days_of(-201, 8, 23) * 86_400_000)]
    assert parse_string('["2E3-08-231"]').value[0].isoformat() == "2001-03-19"
    assert parse_string('["99999999999999999999-1-1"]').schema.value_schema.type.value == "string"
    assert isinstance(parse_string('["9999999999-1-1T1:1:1.10Z"]').value[0], Instant | str)
