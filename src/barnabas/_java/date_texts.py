"""The English words of dates."""

from __future__ import annotations

from typing import Final

__all__ = ["DAYS", "ERAS", "HALVES", "MONTHS", "SHORT_DAYS", "SHORT_MONTHS"]

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
SHORT_MONTHS: Final = tuple(name[:3] for name in MONTHS)
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
SHORT_DAYS: Final = tuple(name[:3] for name in DAYS)
ERAS: Final = ("BC", "AD")
HALVES: Final = ("AM", "PM")
