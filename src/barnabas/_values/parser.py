"""Text into the value it seems to be: the grammar of header values and of literals in transforms.

Tokens are the delimiters ``: , { } [ ] "`` and the texts between them, where a backslash hides the character behind it.
A text that is no complete container, or has an element that is neither quoted nor a number, a boolean, a moment, null
or a container, is a string as a whole. The state of open containers is kept here, not on Python's stack: any depth of
brackets gets an answer.

Inside this module numbers are of the exact classes and moments are instants; :func:`parse` gives them so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from barnabas._schema.exact import FrozenMap
from barnabas._schema.model import Schema
from barnabas._values.merging import Merger, Misfit, align
from barnabas._values.moments import parse_moment
from barnabas._values.numbers import parse_number
from barnabas.errors import DataError

__all__ = ["MAX_DEPTH", "Parsed", "parse"]

MAX_DEPTH: Final = 200
"""How deep containers may be nested: what converters and JSON can carry further."""

_TOKENS: Final = re.compile(r'[:,{}\[\]"]|(?:[^\\:,{}\[\]"]+|\\.|\\\Z)+', re.DOTALL)
_DELIMITER: Final = re.compile(r'[:,{}\[\]"]')
_BLANK: Final = "".join(map(chr, range(0x21)))  # what Java's trim cuts off
_AFTER_HOUR: Final = 4  # tokens of a time behind its hour: two colons and two numbers


class Parsed(NamedTuple):
    """A value and the schema it seems to have; null has none."""

    schema: Schema | None
    value: Any


_NULL: Final = Parsed(None, None)
_CONFUSABLE: Final = (0, 1)  # equal to false and true, which are keys of their own in Java
_WORDS: Final = {
    "null": _NULL,
    "true": Parsed(Schema.BOOLEAN, True),
    "false": Parsed(Schema.BOOLEAN, False),
}


def parse(text: str) -> Parsed:
    """What the text seems to be.

    Raises:
        DataError: containers are nested deeper than :data:`MAX_DEPTH`, or a map has keys that Python cannot tell apart.
    """
    if not text:
        return Parsed(Schema.STRING, text)
    reader = _Reader([text] if _DELIMITER.search(text) is None else _TOKENS.findall(text))
    word = reader.peek()
    if word in ("[", "{"):
        blank = reader.tokens[0] if reader.at else None
        try:
            return reader.container()
        except Misfit:  # then Java goes back to where it began, and takes the blanks there for the text
            return Parsed(Schema.STRING, text if blank is None else blank)
    if word in _WORDS:  # only if nothing follows
        return _WORDS[word] if len(reader.tokens) == 1 else Parsed(Schema.STRING, text)
    reader.at += 1
    return (reader.scalar(word) if word else None) or Parsed(Schema.STRING, text)


class _Open:
    """A container whose end has not come yet."""

    __slots__ = ("close", "items", "key", "keys", "map", "spelt", "values")

    def __init__(self, opening: str) -> None:
        self.close = "]" if opening == "[" else "}"
        self.items: list[Any] = []
        self.values = Merger()
        self.map: dict[Any, Any] | None = None if opening == "[" else {}
        self.keys = Merger()
        self.key: Parsed | None = None  # that waits for its value
        self.spelt: dict[Any, str] = {}

    def put(self, key: Any, value: Any) -> str | None:
        """Add an entry; of equal keys the last one counts. A key that Python takes for another one is named."""
        key = _hashable(key)
        if key in _CONFUSABLE or isinstance(key, tuple):
            spelt = repr(key)
            before = self.spelt.setdefault(key, spelt)
            if before != spelt:
                return f"{before} and {spelt}"
        assert self.map is not None
        self.map[key] = value
        return None


class _Reader:
    """Goes through the tokens; ``at`` is the next one."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.confused: str | None = None
        self.deepest = 0

    def peek(self) -> str:
        """The next token without blanks around; blank ones before another are passed over. Empty at the end."""
        tokens, last = self.tokens, len(self.tokens) - 1
        if self.at > last:
            return ""
        while not (word := tokens[self.at].strip(_BLANK)) and self.at < last:
            self.at += 1
        return word

    def scalar(self, word: str) -> Parsed | None:
        """The number or moment that ``word``, the token before ``at``, begins."""
        digit = word[0].isdecimal() and word[0] <= "\uffff"
        if digit:
            rest = self.tokens[self.at : self.at + _AFTER_HOUR]
            found = parse_moment(word + "".join(rest)) if len(rest) == _AFTER_HOUR else None
            if found is not None:
                self.at += _AFTER_HOUR
                return Parsed(*found)
            found = parse_moment(word)
            if found is not None:
                return Parsed(*found)
        if digit or word[0] in "+-":
            number = parse_number(word)
            return Parsed(*number) if number is not None else None
        return None

    def container(self) -> Parsed:
        """The array or map that begins here; what follows it is not looked at."""
        opened: list[_Open] = []
        while True:
            word = self.peek()
            if not word:
                raise Misfit  # the end of the text, and a container without one
            here = opened[-1] if opened else None
            if here is not None and here.key is None and word == here.close:
                self.at += 1
                complete = opened.pop()
                # Deeper than is possible, only whether the brackets match is of interest.
                found = _closed(complete) if self.deepest <= MAX_DEPTH else _TOO_DEEP
                if not opened:
                    self._refuse_what_is_impossible()
                    return found
            elif word in ("[", "{"):
                self.at += 1
                opened.append(_Open(word))
                self.deepest = max(self.deepest, len(opened))
                continue
            else:
                found = self._element(word)
            self._give(opened[-1], found)

    def _refuse_what_is_impossible(self) -> None:
        """Only now: a text that turns out to be no container is none of these either."""
        if self.deepest > MAX_DEPTH:
            raise DataError(
                f"The text has containers nested {self.deepest} deep.",
                code="BRN-2105",
                remedy=f"At most {MAX_DEPTH} are possible.",
            )
        if self.confused is not None:
            raise DataError(
                f"The keys {self.confused} of a map cannot be told apart.",
                code="BRN-2106",
                remedy="Keep booleans and the numbers 0 and 1 out of the same map's keys.",
            )

    def _element(self, word: str) -> Parsed:
        """An element of a container that is none itself."""
        self.at += 1
        if word == '"':
            return self._quoted()
        if word in _WORDS:
            return _WORDS[word]
        found = self.scalar(word)
        if found is None:
            raise Misfit
        return found

    def _quoted(self) -> Parsed:
        parts = []
        while word := self.peek():
            if word == '"':
                self.at += 1
                break
            parts.append(self.tokens[self.at])
            self.at += 1
        content = "".join(parts)
        found = parse_moment(content)
        return Parsed(*found) if found is not None else Parsed(Schema.STRING, content)

    def _give(self, here: _Open, found: Parsed) -> None:
        """Put an element where it belongs, and read the delimiter behind it."""
        if here.map is None:
            here.values.merge(found.schema)
            here.items.append(found.value)
            word = self.peek()
            if word == ",":
                self.at += 1
            elif word != "]":
                raise Misfit
        elif here.key is None:
            if found.value is None or self.peek() != ":":
                raise Misfit
            self.at += 1
            here.key = found
        else:
            self.confused = here.put(here.key.value, found.value) or self.confused
            here.keys.merge(here.key.schema)
            here.values.merge(found.schema)
            here.key = None
            if self.peek() == ",":  # a map does without it, too
                self.at += 1


def _closed(found: _Open) -> Parsed:
    """A container at its end: elements made of the type that all have, if there is one."""
    items, keys = found.values.schema, found.keys.schema
    if found.map is None:
        values = found.items if items is None else [align(items, item) for item in found.items]
        return Parsed(_array(items), values)
    if keys is None:
        return Parsed(_map(None, None), found.map)
    made = {align(keys, key): item if items is None else align(items, item) for key, item in found.map.items()}
    return Parsed(_map(keys, items), made)


# The same few types come again and again.
_array: Final = lru_cache(256)(Schema.array)
_map: Final = lru_cache(256)(Schema.map)
_TOO_DEEP: Final = Parsed(Schema.array(None), ())


def _hashable(key: Any) -> Any:
    if isinstance(key, list):
        return tuple([_hashable(item) for item in key])
    return FrozenMap(key) if isinstance(key, dict) else key
