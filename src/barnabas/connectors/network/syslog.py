"""Syslog messages, RFC 5424 and RFC 3164, into a struct: pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

from barnabas import Schema
from barnabas.schema import Timestamp

__all__ = ["SYSLOG", "parse_syslog"]

SYSLOG = Schema.struct(
    "barnabas.Syslog",
    facility=Schema.OPTIONAL_INT32,
    severity=Schema.OPTIONAL_INT32,
    timestamp=Timestamp.OPTIONAL_SCHEMA,
    hostname=Schema.OPTIONAL_STRING,
    app_name=Schema.OPTIONAL_STRING,
    procid=Schema.OPTIONAL_STRING,
    msgid=Schema.OPTIONAL_STRING,
    structured_data=Schema.map(Schema.STRING, Schema.map(Schema.STRING, Schema.STRING), optional=True),
    message=Schema.STRING,
    parsed=Schema.BOOLEAN,
)
"""``parsed`` is false for what is no syslog: then ``message`` is all of it, and the rest is missing."""

_LARGEST_PRIORITY = 191
_PRIORITY = re.compile(r"<(\d{1,3})>")
_ELEMENT = r"""\[[^\s="\]]+(?: +[^\s="\]]+="(?:[^"\\\]]|\\.)*")*\]"""
_NEW = re.compile(rf"1 (\S+) (\S+) (\S+) (\S+) (\S+) (-|(?:{_ELEMENT})+)(?: (.*))?", re.DOTALL)
_PARAMETER = re.compile(r"""([^\s="\]]+)="((?:[^"\\\]]|\\.)*)\"""", re.DOTALL)
_ELEMENTS = re.compile(_ELEMENT, re.DOTALL)
_ESCAPED = re.compile(r"""\\(["\\\]])""")
_OLD = re.compile(r"(?:([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)|(\d{4}-\S+)) (.*)", re.DOTALL)
_HOST = re.compile(r"([^\s:\[]+) (.*)", re.DOTALL)
_TAG = re.compile(r"([^\s:\[]{1,64})(?:\[([^\]]*)\])?: ?(.*)", re.DOTALL)
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}


def parse_syslog(text: str, zone: tzinfo = UTC, now: datetime | None = None) -> dict[str, Any]:
    """A value of :data:`SYSLOG`, whatever the text is.

    Args:
        text: The message.
        zone: The time zone of timestamps without one.
        now: Decides which year a timestamp without one belongs to.
    """
    found = _PRIORITY.match(text)
    priority = int(found[1]) if found else _LARGEST_PRIORITY + 1
    if found is None or priority > _LARGEST_PRIORITY:
        return _record(message=text, parsed=False)
    rest = text[found.end() :]
    parsed = _parse_new(rest, zone) or _parse_old(rest, zone, now or datetime.now(UTC))
    if parsed is None:
        return _record(message=text, parsed=False)
    return _record(facility=priority >> 3, severity=priority & 7, parsed=True, **parsed)


def _record(**fields: Any) -> dict[str, Any]:
    return {field.name: fields.get(field.name) for field in SYSLOG.fields}


def _parse_new(rest: str, zone: tzinfo) -> dict[str, Any] | None:
    found = _NEW.fullmatch(rest)
    if found is None:
        return None
    stamp, host, app, process, kind, data, message = found.groups()
    timestamp = None if stamp == "-" else _iso(stamp, zone)
    if timestamp is None and stamp != "-":
        return None
    return {
        "timestamp": timestamp,
        "hostname": _known(host),
        "app_name": _known(app),
        "procid": _known(process),
        "msgid": _known(kind),
        "structured_data": None if data == "-" else _structured(data),
        "message": (message or "").removeprefix("\ufeff"),
    }


def _known(text: str) -> str | None:
    return None if text == "-" else text


def _structured(data: str) -> dict[str, dict[str, str]]:
    elements: dict[str, dict[str, str]] = {}
    for element in _ELEMENTS.findall(data):
        name = element[1:-1].split(" ", 1)[0]
        pairs = {key: _ESCAPED.sub(r"\1", value) for key, value in _PARAMETER.findall(element)}
        elements.setdefault(name, {}).update(pairs)
    return elements


def _parse_old(rest: str, zone: tzinfo, now: datetime) -> dict[str, Any] | None:
    found = _OLD.fullmatch(rest)
    if found is None:
        return None
    month, day, hour, minute, second, iso, content = found.groups()
    timestamp = _iso(iso, zone) if iso else _nearest(month, (int(day), int(hour), int(minute), int(second)), zone, now)
    if timestamp is None:
        return None
    host = None
    if with_host := _HOST.fullmatch(content):  # a local message has none: its tag comes first, with a colon
        host, content = with_host.groups()
    tag = _TAG.fullmatch(content)
    app, process, message = tag.groups() if tag else (None, None, content)
    return {"timestamp": timestamp, "hostname": host, "app_name": app, "procid": process, "message": message}


def _iso(text: str, zone: tzinfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _nearest(month: str, rest: tuple[int, int, int, int], zone: tzinfo, now: datetime) -> datetime | None:
    """The year is not sent: take the one that brings the moment nearest to now, as around New Year."""
    candidates = []
    for year in (now.year - 1, now.year, now.year + 1):
        try:
            candidates.append(datetime(year, _MONTHS[month], *rest, tzinfo=zone).astimezone(UTC))
        except (KeyError, ValueError, OverflowError):  # no such month or day; 29 February exists in some years only
            continue
    return min(candidates, key=lambda moment: abs(moment - now), default=None)
