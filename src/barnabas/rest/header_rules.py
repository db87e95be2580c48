"""``response.http.headers.config``: headers that every answer gets (KIP-577)."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Final, Literal, cast

import msgspec

from barnabas.errors import ConfigError

__all__ = ["HeaderRule", "parse_header_rules"]

_KEY: Final = "response.http.headers.config"
_ACTIONS: Final = ("set", "add", "setDate", "addDate")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HeaderRule(msgspec.Struct, frozen=True):
    """One header.

    Args:
        action: ``set`` replaces, ``add`` goes beside; the dates' values are milliseconds from now.
        name: Of the header.
        value: Its text, or the milliseconds.
    """

    action: Literal["set", "add", "setDate", "addDate"]
    name: str
    value: str

    def text(self, clock: Callable[[], float] = time.time) -> str:
        """The header's value now."""
        return formatdate(clock() + int(self.value) / 1000, usegmt=True) if self.action.endswith("Date") else self.value

    @property
    def replaces(self) -> bool:
        """Whether the header may be there only once."""
        return self.action.startswith("set")


def parse_header_rules(text: str) -> list[HeaderRule]:
    """Parse comma-separated ``[action] [name]:[value]``; a rule with a comma in it stands in double quotes.

    Raises:
        ConfigError: A rule is malformed.
    """
    if not text.strip():
        return []
    (parts,) = csv.reader([text.replace("\n", " ").replace("\r", " ")], skipinitialspace=True)
    return [_rule(part.strip()) for part in parts]


def _rule(text: str) -> HeaderRule:
    action, _, rest = text.partition(" ")
    name, colon, value = rest.partition(":")
    name, value = name.strip(), value.strip()
    if action not in _ACTIONS:
        raise _wrong(text, f"the action {action or '(none)'} is none of {', '.join(_ACTIONS)}")
    if not colon:
        raise _wrong(text, "there is no colon between name and value")
    if not _NAME.fullmatch(name):
        raise _wrong(text, f"{name or '(nothing)'} is no name of a header")
    if _CONTROL.search(value) or not value.isascii():
        raise _wrong(text, "the value has characters that headers cannot carry")
    if action.endswith("Date") and not re.fullmatch(r"[+-]?[0-9]{1,15}", value):
        raise _wrong(text, "the value is no number of milliseconds")
    return HeaderRule(cast("Literal['set', 'add', 'setDate', 'addDate']", action), name, value)


def _wrong(rule: str, why: str) -> ConfigError:
    return ConfigError(
        f"Invalid value {rule} for configuration {_KEY}: {why}.",
        key=_KEY,
        remedy="Write rules such as: set X-Frame-Options: DENY, separated by commas.",
        code="BRN-1092",
    )
