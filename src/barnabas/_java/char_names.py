r"""Characters by property, as Java's regular expressions name them: ``\p{Lu}``, ``\p{Alpha}``, ``\p{IsLetter}``.

What Java takes from its own tables of scripts, blocks and derived properties is not here: Python has no such tables.
Categories are those of this Python's Unicode version, which is newer than Java 17's: the two differ on characters that
were unassigned then.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from functools import cache
from typing import Final

from barnabas._java.char_set import ALL, LAST, CharSet

__all__ = ["ASCII_CLASSES", "cased", "category", "fold_partners", "property_set", "simple_lower", "simple_upper"]

ASCII_CLASSES: Final = {
    "ASCII": CharSet([(0, 0x7F)]),
    "Alpha": CharSet([(0x41, 0x5A), (0x61, 0x7A)]),
    "Digit": CharSet([(0x30, 0x39)]),
    "Alnum": CharSet([(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)]),
    "Lower": CharSet([(0x61, 0x7A)]),
    "Upper": CharSet([(0x41, 0x5A)]),
    "Punct": CharSet([(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)]),
    "Graph": CharSet([(0x21, 0x7E)]),
    "Print": CharSet([(0x20, 0x7E)]),
    "Blank": CharSet([(0x20, 0x20), (0x09, 0x09)]),
    "Cntrl": CharSet([(0, 0x1F), (0x7F, 0x7F)]),
    "XDigit": CharSet([(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)]),
    "Space": CharSet([(0x09, 0x0D), (0x20, 0x20)]),
}
"""The POSIX classes, which are of ASCII only."""

_GROUPS: Final = {
    "L": ("Lu", "Ll", "Lt", "Lm", "Lo"),
    "M": ("Mn", "Me", "Mc"),
    "N": ("Nd", "Nl", "No"),
    "Z": ("Zs", "Zl", "Zp"),
    "C": ("Cc", "Cf", "Co", "Cs", "Cn"),
    "P": ("Pd", "Ps", "Pe", "Pc", "Po", "Pi", "Pf"),
    "S": ("Sm", "Sc", "Sk", "So"),
    "LC": ("Lu", "Ll", "Lt"),
    "LD": ("Lu", "Ll", "Lt", "Lm", "Lo", "Nd"),
}
_PLAIN: Final = frozenset(each for group in _GROUPS.values() for each in group)
_CASED: Final = frozenset({"Lu", "Ll", "Lt"})
_BINARY: Final = {
    "LETTER": ("Lu", "Ll", "Lt", "Lm", "Lo"),
    "DIGIT": ("Nd",),
    "TITLECASE": ("Lt",),
    "CONTROL": ("Cc",),
    "PUNCTUATION": _GROUPS["P"],
}
"""Properties of the form ``IsLetter`` that are nothing but categories."""


@cache
def _categories() -> dict[str, CharSet]:
    """Every category's characters; a tenth of a second, for the first pattern that needs one."""
    ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
    start, current = 0, unicodedata.category("\0")
    for code in range(1, LAST + 1):
        kind = unicodedata.category(chr(code))
        if kind != current:
            ranges[current].append((start, code - 1))
            start, current = code, kind
    ranges[current].append((start, LAST))
    return {kind: CharSet(found) for kind, found in ranges.items()}


@cache
def category(*names: str) -> CharSet:
    """The characters of several categories."""
    known = _categories()
    return CharSet(pair for name in names for pair in known[name].ranges)


def property_set(name: str, *, ignore_case: bool) -> CharSet | None:
    r"""What ``\p{name}`` means; ``None`` if that is not known here (to Java it may be).

    Args:
        name: As written, with ``Is`` or ``gc=`` where that is there.
        ignore_case: Whether the pattern ignores case: categories of upper and lower case then mean all cased letters.
    """
    key, equals, value = name.partition("=")
    if equals:
        return _by_category(value, ignore_case) if key.lower() in ("gc", "general_category") else None
    if name.startswith("Is"):
        binary = _BINARY.get(name[2:].upper())
        if ignore_case and name[2:].upper() == "TITLECASE":
            binary = tuple(_CASED)
        return _by_category(name[2:], ignore_case) if binary is None else category(*binary)
    if name == "all":
        return ALL
    if name == "L1":
        return CharSet([(0, 0xFF)])
    if ignore_case and name in ("Lower", "Upper"):
        return ASCII_CLASSES["Alpha"]
    return ASCII_CLASSES.get(name) or _by_category(name, ignore_case)


def _by_category(name: str, ignore_case: bool) -> CharSet | None:
    if ignore_case and name in _CASED:
        return category(*_CASED)
    if name in _GROUPS:
        return category(*_GROUPS[name])
    return category(name) if name in _PLAIN else None


# ---------------------------------------------------------------------- case
def simple_upper(code: int) -> int:
    """Java's ``Character.toUpperCase``: one character for one."""
    char = chr(code)
    for mapped in (char.upper(), char.title()):
        if len(mapped) == 1:
            return ord(mapped)
    return code


def simple_lower(code: int) -> int:
    """Java's ``Character.toLowerCase``."""
    mapped = chr(code).lower()
    return ord(mapped) if len(mapped) == 1 else ord(mapped[0])


@cache
def cased() -> tuple[int, ...]:
    """Every character that has another case."""
    return tuple(code for code in range(LAST + 1) if not (char := chr(code)).lower() == char == char.upper())


@cache
def _partners() -> dict[int, tuple[int, ...]]:
    folded: dict[int, list[int]] = defaultdict(list)
    for code in cased():
        folded[simple_lower(simple_upper(code))].append(code)
    return {fold: tuple(codes) for fold, codes in folded.items()}


def fold_partners(code: int) -> tuple[int, ...]:
    """Every character that is the same as this one when case is ignored the Unicode way, itself included."""
    fold = simple_lower(simple_upper(code))
    return tuple({code, fold, *_partners().get(fold, ())})
