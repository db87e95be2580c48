"""What is secret, and how it is hidden: in log lines, in errors, in the traces of statuses.

Two rules find secrets in a text. By their looks (:func:`redact`): the value after a password-like key, a login module,
the login inside a URL. By their value (:func:`hide`): whatever this process was told is secret, wherever it turns up.
:func:`register` tells it, with what :func:`secrets_in` finds in a configuration or a configuration provider gave.

Every process of a worker keeps the values of its own units only. Nothing here is on the way of a record: texts are
looked at when they become a log line, an error or an answer. Only the standard library is imported.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "HIDDEN",
    "WORKER",
    "forget",
    "hide",
    "hide_known",
    "is_secret_key",
    "owned_by",
    "owner_of",
    "redact",
    "register",
    "secrets_in",
    "variants",
]

HIDDEN = "[hidden]"
WORKER = "worker"
"""The owner of what is in the worker's own properties."""
_SHORTEST = 4
"""Shorter values are not looked for: every text has them by chance."""
_SHORTEST_LINE = 8
_GENERATIONS = 3  # a line about the secret of yesterday may be written today
_HARMLESS = frozenset({"true", "false", "none", "null", "required", "optional", "hidden", "localhost"})

_WORDS = r"password|passwd|passphrase|secret|token|credential|api[._-]?key|private[._-]?key|access[._-]?key"
_SECRET_KEY = re.compile(rf"{_WORDS}|sasl\.jaas\.config$|keystore\.key$|(?:^|[._-])pwd$", re.IGNORECASE)
_ABOUT = re.compile(
    r"[._-](?:url|uri|endpoint|location|path|file|class|type|ms|seconds|minutes|enabled?|topic|name|id|count|size|length|"
    r"algorithm|scope|source|provider|format|version|prefix|suffix|pattern|header|field|column)s?$",
    re.IGNORECASE,
)

_COUNTED = re.compile(r"(?:^|[._-])(?:max|min|num|number)[._-]", re.IGNORECASE)

_HINTS = ("pass", "pwd", "secret", "token", "credential", "key", "jaas")
_GUARDED = rf"(?<![\w.\-])[\w.\-]*(?:{_WORDS})[\w.\-]*"
_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\\\"[^\"]*\\\"|[^\s,;&\"'})\]]+"
_JAAS = re.compile(
    r"(sasl\.jaas\.config(?:[\"']\s*:|\s*=)\s*)"
    r"(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^;\n]*\b(?:required|requisite|sufficient|optional)\b[^;]*;|[^\n;]*;?)",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(rf"({_GUARDED}\s*=\s*)(?:{_VALUE})", re.IGNORECASE)
_QUOTED = re.compile(rf"([\"']{_GUARDED}[\"']\s*:\s*)(?:{_VALUE})", re.IGNORECASE)
_REFUSED = re.compile(rf"(Invalid value )(.{{0,4096}}?)( for configuration {_GUARDED})", re.IGNORECASE | re.DOTALL)
_USER_INFO = re.compile(r"(://)([^\s/@:\"']*)(:[^\s/@\"']*)?@")
_URL_LOGIN = re.compile(r"://(?:[^\s/@:]*:)?([^\s/@]+)@")
_INNER = re.compile(
    rf"(?:{_WORDS}|pwd|signature)[\w.\-]*\s*=\s*" + r"(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|([^\s,;&\"'})\]]+))",
    re.IGNORECASE,
)


def is_secret_key(key: str) -> bool:
    """Whether a setting of this name holds a secret: ``db.password`` does, ``token.endpoint.url`` does not."""
    return _SECRET_KEY.search(key) is not None and not (_ABOUT.search(key) or _COUNTED.search(key))


def redact(text: str) -> str:
    """Hide what looks like a secret: values of password-like keys, login modules, and user info in URLs.

    Seen as such are ``key=value`` and ``"key": "value"``; prose such as "ssl.key.password: missing" is left alone.
    """
    lowered = text.lower()
    if any(word in lowered for word in _HINTS):  # most texts end here
        text = _JAAS.sub(rf"\1{HIDDEN}", text)
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
        text = _QUOTED.sub(rf"\1{HIDDEN}", text)
        if "Invalid value " in text:
            text = _REFUSED.sub(rf"\1{HIDDEN}\3", text)
    if "@" in text and "://" in text:
        text = _USER_INFO.sub(lambda m: f"://{m[2]}:{HIDDEN}@" if m[3] else f"://{HIDDEN}@", text)
    return text


def secrets_in(props: Mapping[str, str | None], more: Iterable[str] = ()) -> dict[str, str]:
    """The secrets that a configuration itself says: values of password-like keys, and what URLs and login modules hold.

    Args:
        props: The configuration, placeholders resolved.
        more: Keys known to be secret though they do not look it: those of type PASSWORD.

    Returns:
        What to show in the place of each: for :func:`register`.
    """
    found: dict[str, str] = {}
    named = frozenset(more)
    for key, value in props.items():
        if not value or value.startswith("${"):
            continue
        if key in named or is_secret_key(key):
            found[value] = HIDDEN
        if "=" in value or "@" in value:
            found |= dict.fromkeys(_inner(value), HIDDEN)
    return found


def _inner(value: str) -> Iterator[str]:
    for match in _INNER.finditer(value):
        yield match[1] or match[2] or match[3] or ""
    if "://" in value:
        for match in _URL_LOGIN.finditer(value):
            yield match[1]


def variants(secret: str) -> set[str]:
    """The forms in which a value is looked for: as it is, quoted for Python, JSON and URLs, and its longer lines."""
    from urllib.parse import quote, quote_plus  # noqa: PLC0415  not among the first things that a process needs

    forms = {secret, secret.strip()}
    if not (secret.isascii() and secret.isalnum()):
        forms |= {repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        encoded = secret.encode(errors="surrogateescape" if secret.isascii() else "replace")
        forms |= {quote(encoded, safe=""), quote(encoded), quote_plus(encoded)}
    if "\n" in secret or "\r" in secret:
        lines = (line.strip() for line in secret.splitlines())
        forms |= {line for line in lines if len(line) >= _SHORTEST_LINE and not line.startswith("-----")}
        forms |= set(_inner(secret))
    return {form for form in forms if len(form) >= _SHORTEST and form.lower() not in _HARMLESS}


class _Registry:
    """The values of this process, by who has them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[str, deque[dict[str, str]]] = {}
        self._forms: dict[str, list[str]] = {}  # what to look for: what to show for it, once for each that has it
        self._snapshot: tuple[tuple[str, str], ...] | None = ()

    def register(self, owner: str, values: Mapping[str, str]) -> None:
        given = dict(values)
        if not given:
            return
        with self._lock:
            kept = self._owners.setdefault(owner, deque())
            if given in kept:
                kept.remove(given)
            else:
                self._count(given)
            kept.append(given)
            if len(kept) > _GENERATIONS:
                self._discount(kept.popleft())

    def forget(self, owner: str) -> None:
        with self._lock:
            for values in self._owners.pop(owner, ()):
                self._discount(values)

    def latest(self, owners: Iterable[str]) -> dict[str, str]:
        with self._lock:
            kept = [self._owners[owner][-1] for owner in owners if owner in self._owners]
        return {secret: shown for values in kept for secret, shown in values.items()}

    @property
    def values(self) -> tuple[tuple[str, str], ...]:
        """What to look for, and what to show in the place of it; made when it is first needed after a change."""
        found = self._snapshot
        if found is None:
            with self._lock:
                found = tuple((form, HIDDEN if HIDDEN in shown else shown[0]) for form, shown in self._forms.items())
                self._snapshot = found
        return found

    def _count(self, values: Mapping[str, str]) -> None:
        self._snapshot = None
        for secret, shown in values.items():
            for form in variants(secret):
                self._forms.setdefault(form, []).append(shown)

    def _discount(self, values: Mapping[str, str]) -> None:
        self._snapshot = None
        for secret, shown in values.items():
            for form in variants(secret):
                self._forms[form].remove(shown)
                if not self._forms[form]:
                    del self._forms[form]


_registry = _Registry()


def owner_of(connector: str | None) -> str:
    """The owner of what is in the configuration of a connector."""
    return f"connector {connector}"


def register(owner: str, values: Mapping[str, str]) -> None:
    """Have these values hidden in this process from now on; thread-safe.

    Args:
        owner: Whose they are: the latest values of an owner take the place of its oldest.
        values: What to show in the place of each.
    """
    _registry.register(owner, values)


def forget(owner: str) -> None:
    """An owner is gone for good."""
    _registry.forget(owner)


def owned_by(*owners: str) -> dict[str, str]:
    """The latest values of these owners: what a process that works for them has to hide as well."""
    return _registry.latest(owners)


def hide(text: str) -> str:
    """The text without anything secret: registered values are replaced first, then what looks like a secret."""
    return redact(hide_known(text))


def hide_known(text: str) -> str:
    """The text without registered values: where it has to be equal to another program's in all other respects."""
    spans = [
        (start, start + len(secret), shown)
        for secret, shown in _registry.values
        if secret in text
        for start in _starts(secret, text)
        if shown == HIDDEN or not _is_part_of_a_word(text, start, secret)
    ]
    if not spans:
        return text
    spans.sort(key=lambda span: (span[0], -span[1]))
    parts: list[str] = []
    position = 0
    for start, end, shown in spans:
        if start >= position:
            parts += (text[position:start], shown)
        position = max(position, end)  # secrets that overlap: what is left of the second goes as well
    parts.append(text[position:])
    return "".join(parts)


def _is_part_of_a_word(text: str, start: int, value: str) -> bool:
    """Whether a short value is there by chance: the topic ``test`` that came from a provider is not in ``latest``."""
    if len(value) >= _SHORTEST_LINE or not value.isalnum():
        return False
    end = start + len(value)
    return text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()


def _starts(secret: str, text: str) -> Iterator[int]:
    start = text.find(secret)
    while start >= 0:
        yield start
        start = text.find(secret, start + 1)
