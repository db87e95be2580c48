"""Syslog: the examples of the RFCs, what real senders send, and anything at all."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barnabas.connectors.network.syslog import SYSLOG, parse_syslog
from barnabas.schema import validate_value

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def parse(text, zone=UTC):
    value = parse_syslog(text, zone, NOW)
    validate_value(SYSLOG, value)
    return value


def test_rfc_5424_with_everything():
    value = parse(
        "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 77 ID47 "
        '[exampleSDID@32473 iut="3" eventSource="App \\"x\\" \\] \\\\ \\n"]'
        '[examplePriority@32473 class="high"] \ufeffAn event'
    )
    assert value == {
        "facility": 20,
        "severity": 5,
        "timestamp": datetime(2003, 10, 11, 22, 14, 15, 3000, tzinfo=UTC),
        "hostname": "mymachine.example.com",
        "app_name": "evntslog",
        "procid": "77",
        "msgid": "ID47",
        "structured_data": {
            "exampleSDID@32473": {"iut": "3", "eventSource": 'App "x" ] \\ \\n'},
            "examplePriority@32473": {"class": "high"},
        },
        "message": "An event",
        "parsed": True,
    }


def test_rfc_5424_with_nothing():
    value = parse("<0>1 - - - - - -")
    assert value["parsed"]
    assert (value["facility"], value["severity"], value["message"]) == (0, 0, "")
    assert {value[name] for name in ("timestamp", "hostname", "app_name", "procid", "msgid")} == {None}
    assert value["structured_data"] is None


def test_rfc_5424_keeps_line_ends_and_offsets():
    value = parse("<34>1 2003-08-24T05:14:15.000003-07:00 h a - - - two\nlines")
    assert value["timestamp"] == datetime(2003, 8, 24, 12, 14, 15, 3, tzinfo=UTC)
    assert value["message"] == "two\nlines"


def test_rfc_3164():
    value = parse("<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed for lonvick on /dev/pts/8")
    assert (value["facility"], value["severity"]) == (4, 2)
    assert value["timestamp"] == datetime(2025, 10, 11, 22, 14, 15, tzinfo=UTC)
    assert (value["hostname"], value["app_name"], value["procid"]) == ("mymachine", "su", "12")
    assert value["message"] == "'su root' failed for lonvick on /dev/pts/8"


@pytest.mark.parametrize(
    ("text", "host", "app", "message"),
    [
        ("<13>Jan  2 03:04:05 host sshd: hello", "host", "sshd", "hello"),
        ("<13>Jan  2 03:04:05 sshd[1]: hello", None, "sshd", "hello"),
        ("<13>Jan  2 03:04:05 host no tag here", "host", None, "no tag here"),
        ("<13>2026-01-02T03:04:05.000000+00:00 host app: hello", "host", "app", "hello"),
    ],
)
def test_what_real_senders_send(text, host, app, message):
    value = parse(text)
    assert (value["hostname"], value["app_name"], value["message"]) == (host, app, message)
    assert value["timestamp"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_years_and_zones():
    assert parse("<1>Dec 31 23:59:59 h a: m")["timestamp"].year == 2025
    assert parse("<1>Jan  1 00:00:00 h a: m")["timestamp"].year == 2026
    berlin = parse("<1>Jan  1 00:30:00 h a: m", ZoneInfo("Europe/Berlin"))
    assert berlin["timestamp"] == datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    leap = parse_syslog("<1>Feb 29 00:00:00 h a: m", UTC, datetime(2028, 3, 1, tzinfo=UTC))
    assert leap["timestamp"] == datetime(2028, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "hello", "<192>1 - - - - - -", "<34>", "<34>hello", "<1>Foo 31 00:00:00 h a: m", "<1>1 yesterday - - - - -"],
)
def test_what_is_no_syslog_is_kept_and_flagged(text):
    value = parse(text)
    assert not value["parsed"]
    assert value["message"] == text
    assert value["facility"] is None


@given(st.text() | st.from_regex(r"<\d{1,3}>(1 )?[\w :\[\]\"=\\-]{0,60}", fullmatch=True))
def test_any_text_gives_a_valid_value(text):
    parse(text)


def test_a_long_hostile_message_takes_no_time():
    parse("<1>1 - - - - - " + '[a b="' + "\\" * 200_000)
    parse("<1>1 - - - - - " + '[a b="c"]' * 20_000 + "x")
