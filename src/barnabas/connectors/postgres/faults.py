"""What PostgreSQL and its driver complain about, as errors of ours: code, key, and the SQL that repairs it.

Shared by the connectors that speak to PostgreSQL, at validation time and at run time. Whether trying again may help is
decided here and nowhere else: :class:`~barnabas.RetriableError` where it may.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from barnabas import BarnabasError, ConnectError, DataError, RetriableError
from barnabas.connectors.postgres.driver import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["CDC_KEYS", "JDBC_KEYS", "Keys", "explained", "fault"]


class Keys(NamedTuple):
    """Which configuration keys a connector has for the parts of a connection."""

    host: str
    database: str
    user: str
    password: str
    tls: str


CDC_KEYS = Keys("database.hostname", "database.dbname", "database.user", "database.password", "database.sslmode")
JDBC_KEYS = Keys("connection.url", "connection.url", "connection.user", "connection.password", "connection.url")


class _Rule(NamedTuple):
    """One cause.

    Args:
        code: Ours.
        remedy: May name ``{doing}``, ``{user}``, ``{database}``, ``{object}`` (what the server's message quotes).
        part: Which of :class:`Keys` it is about.
        kind: The class of error.
    """

    code: str
    remedy: str
    part: str | None = None
    kind: type[ConnectError] = ConnectError


_HOST = _Rule(
    "BRN-6101",
    "Check that the server runs and listens there (listen_addresses in postgresql.conf), and that no firewall stands "
    "between.",
    "host",
    RetriableError,
)
_STATES: dict[str, _Rule] = {
    "28P01": _Rule("BRN-6103", "Correct it, or set it anew: ALTER ROLE {user} PASSWORD '…';", "password"),
    "28000": _Rule("BRN-6104", "Allow it in the server's pg_hba.conf, then: SELECT pg_reload_conf();", "user"),
    "3D000": _Rule("BRN-6105", "Name one of those that SELECT datname FROM pg_database; lists.", "database"),
    "42501": _Rule("BRN-6112", "Grant it, for example: GRANT SELECT ON {object} TO {user};", "user"),
    "42P01": _Rule("BRN-6113", "Check the name, its schema (search_path) and its spelling in upper or lower case."),
    "42703": _Rule("BRN-6114", "Check the name of the column and its spelling in upper or lower case."),
    "25006": _Rule("BRN-6115", "Connect to the primary server: this one only answers reads.", "host"),
    "57014": _Rule("BRN-6117", "Raise statement_timeout for the role: ALTER ROLE {user} SET statement_timeout = 0;"),
    "53300": _Rule(
        "BRN-6108",
        "Close others, or raise max_connections: ALTER SYSTEM SET max_connections = …; then restart the server.",
        "host",
        RetriableError,
    ),
    "55006": _Rule(
        "BRN-6122",
        "Another connector reads from it, or a former connection has not ended yet. Each connector needs a slot of its "
        "own (slot.name). To end the one that has it: SELECT pg_terminate_backend(active_pid) FROM "
        "pg_replication_slots WHERE slot_name = {object};",
        kind=RetriableError,
    ),
    "40P01": _Rule("BRN-6111", "It is tried again.", kind=RetriableError),
    "40001": _Rule("BRN-6111", "It is tried again.", kind=RetriableError),
    "55P03": _Rule("BRN-6111", "Somebody holds a lock for long: see pg_stat_activity.", kind=RetriableError),
    "58P01": _Rule("BRN-6129", "The server removed WAL that is still needed: see the slot in pg_replication_slots."),
}
_CLASSES: dict[str, _Rule] = {
    "08": _Rule("BRN-6110", "It is tried again.", "host", RetriableError),
    "53": _Rule("BRN-6116", "Make room on the server (disk, memory).", "host", RetriableError),
    "57": _Rule("BRN-6109", "It is tried again when the server is back.", "host", RetriableError),
    "58": _Rule("BRN-6116", "See the server's log.", "host", RetriableError),
    "28": _Rule("BRN-6104", "Check user, password and the server's pg_hba.conf.", "user"),
    "22": _Rule("BRN-6118", "The value does not fit its column.", kind=DataError),
    "23": _Rule("BRN-6118", "The row violates a constraint of its table.", kind=DataError),
}
# A connection that is refused has no SQLSTATE in libpq: the text tells. Servers that speak another language than
# English get the last rule of this list, with the server's own sentence.
_TEXTS: tuple[tuple[re.Pattern[str], _Rule], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), rule)
    for pattern, rule in (
        (
            r"resolve host|could not translate host name|name or service not known",
            _Rule("BRN-6102", "Check the spelling, and that this machine can resolve it.", "host", RetriableError),
        ),
        (r"password authentication failed|no password supplied|SCRAM", _STATES["28P01"]),
        (
            r"role \".*\" (does not exist|is not permitted to log in)",
            _Rule("BRN-6106", "Create it: CREATE ROLE {object} LOGIN PASSWORD '…';", "user"),
        ),
        (r"database \".*\" does not exist", _STATES["3D000"]),
        (r"permission denied for database", _Rule("BRN-6112", "GRANT CONNECT ON DATABASE {object} TO {user};", "user")),
        (
            r"must be superuser or replication role|permission denied to (start WAL sender|use replication slots)",
            _Rule("BRN-6121", "Allow it: ALTER ROLE {user} REPLICATION;", "user"),
        ),
        (r"no pg_hba.conf entry|pg_hba.conf rejects", _STATES["28000"]),
        (
            r"SSL|certificate|TLS",
            _Rule(
                "BRN-6107",
                "Set it to what the server offers (SHOW ssl;), and give the authority's certificate for verify-ca and "
                "verify-full.",
                "tls",
            ),
        ),
        (r"starting up|shutting down|in recovery mode|not yet accepting", _CLASSES["57"]),
        (r"too many (clients|connections)|remaining connection slots", _STATES["53300"]),
        (
            r"number of requested standby connections exceeds",
            _Rule("BRN-6127", "ALTER SYSTEM SET max_wal_senders = …; then restart the server.", "host", RetriableError),
        ),
        (r"connection refused|timeout|timed out|could not connect|no route|unreachable", _HOST),
    )
)
_LOST = _Rule("BRN-6110", "It is tried again.", "host", RetriableError)
_OTHER = _Rule("BRN-6119", "See the server's log for more.")
_SPECIAL: tuple[tuple[str, str, _Rule], ...] = (
    # SQLSTATE, part of the message, rule: where a state means several things
    ("42501", "replication", _Rule("BRN-6121", "Allow it: ALTER ROLE {user} REPLICATION;", "user")),
    ("42501", "for database", _Rule("BRN-6112", "GRANT CREATE ON DATABASE {object} TO {user};", "user")),
    ("42501", "for schema", _Rule("BRN-6112", "GRANT USAGE ON SCHEMA {object} TO {user};", "user")),
    (
        "42501",
        "must be owner",
        _Rule("BRN-6112", "Only its owner may: make {user} a member of the owning role.", "user"),
    ),
    ("42501", "must be superuser", _Rule("BRN-6112", "Let a superuser do it beforehand, once.", "user")),
    ("42704", "replication slot", _Rule("BRN-6130", "Name one that exists: SELECT * FROM pg_replication_slots;")),
    ("42704", "publication", _Rule("BRN-6124", "Create it: CREATE PUBLICATION {object} FOR TABLE …;", None)),
    ("55000", "wal_level", _Rule("BRN-6120", "ALTER SYSTEM SET wal_level = logical; then restart the server.", "host")),
    (
        "55000",
        "replication slot",
        _Rule(
            "BRN-6129",
            "The server gave up what the slot still needed (max_slot_wal_keep_size): drop it with "
            "SELECT pg_drop_replication_slot({object}); and take a new snapshot.",
        ),
    ),
    (
        "53400",
        "replication slots",
        _Rule(
            "BRN-6127",
            "Drop unused ones (SELECT pg_drop_replication_slot('…');), or ALTER SYSTEM SET max_replication_slots = …; "
            "then restart the server.",
        ),
    ),
)
_QUOTED = re.compile(r'"([^"]+)"')
_NAMED = re.compile(r"permission denied for \w+ (\S+)")


def fault(error: BaseException, doing: str, keys: Keys = CDC_KEYS, *, user: str = "") -> ConnectError:
    """An error of ours for one of the driver's.

    Args:
        error: What was raised; one that is ours already is given back as it is, if it is a ConnectError.
        doing: What failed, as it stands after "cannot": ``"connect to db:5432"``, ``"read table public.orders"``.
        keys: The connector's keys.
        user: Who did it, for the SQL in the remedy.
    """
    if isinstance(error, ConnectError):
        return error
    state = getattr(error, "sqlstate", None)
    text = _text(error)
    rule = _rule(state, text, _is_operational(error))
    quoted = _NAMED.search(text) or _QUOTED.search(text)
    name = quoted[1] if quoted else "…"
    remedy = rule.remedy.replace("{user}", _identifier(user) if user else "the_user")
    remedy = remedy.replace("{object}", f"'{name}'" if "slot" in rule.remedy else _identifier(name))
    key = getattr(keys, rule.part) if rule.part else None
    more = f" (SQLSTATE {state})" if state else ""
    return rule.kind(f"PostgreSQL: cannot {doing}: {text}{more}.", code=rule.code, key=key, remedy=remedy)


@contextlib.contextmanager
def explained(doing: str, keys: Keys = CDC_KEYS, *, user: str | Callable[[], str] = "") -> Iterator[None]:
    """Raise :func:`fault` for whatever the driver raises inside; errors of ours pass through."""
    try:
        yield
    except BarnabasError:
        raise
    except (load().Error, OSError) as error:
        raise fault(error, doing, keys, user=user if isinstance(user, str) else user()) from error


def _rule(state: str | None, text: str, operational: bool) -> _Rule:
    if state is not None:
        for wanted, part, rule in _SPECIAL:
            if state == wanted and part in text:
                return rule
        return _STATES.get(state) or _CLASSES.get(state[:2]) or _OTHER
    for pattern, rule in _TEXTS:
        if pattern.search(text):
            return rule
    return _LOST if operational else _OTHER


def _is_operational(error: BaseException) -> bool:
    return isinstance(error, load().OperationalError | OSError)


def _text(error: BaseException) -> str:
    """The server's sentence in one line: without the lines of context, without a full stop."""
    diagnosis: Any = getattr(error, "diag", None)
    primary = diagnosis.message_primary if diagnosis is not None else None
    lines = [part.strip() for part in (primary or str(error)).splitlines() if part.strip()]
    return " ".join(lines).rstrip(".?") or type(error).__name__


def _identifier(name: str) -> str:
    plain = re.fullmatch(r"[a-z_][a-z0-9_.]*", name)
    return name if plain else '"' + name.replace('"', '""') + '"'
