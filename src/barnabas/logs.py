"""Logging of every process of a worker: one set-up, lines that say whose they are, no secrets.

``configure`` is called once, by the command line, before the fork server is started: hosts inherit the set-up. Lines go
to standard error (standard output belongs to connectors such as the console sink), each in a single ``write``, so that
lines of several processes do not mix. A unit's thread runs inside :func:`context`, whose name (``orders|task-0``) is
then in every line, also in lines of the plugin's own code and libraries.

What is secret is said in ``barnabas.secrets``; every line passes there once, on its way out.

Only the standard library is imported: this is one of the first things a process runs.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import sys
import threading
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from barnabas.errors import BarnabasError, UsageError
from barnabas.secrets import HIDDEN, hide, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FORMAT_VARIABLE",
    "HIDDEN",
    "LEVELS",
    "LEVEL_NUMBERS",
    "LEVEL_VARIABLE",
    "configure",
    "context",
    "current_context",
    "hear_everything",
    "level_name",
    "mind_own_business",
    "redact",
]

FORMAT_VARIABLE = "BARNABAS_LOG_FORMAT"
LEVEL_VARIABLE = "BARNABAS_LOG_LEVEL"
LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")
"""What a person may ask for; TRACE also lets the libraries speak."""

LEVEL_NUMBERS = {"ALL": 1, "TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "ERROR": 40, "FATAL": 50, "OFF": 60}
"""What REST and connectors know as levels; Java's names."""

_NUMBERS = {**LEVEL_NUMBERS, "WARNING": 30}
_NAMES = {number: name for name, number in LEVEL_NUMBERS.items()}
_COLOURS = {"TRACE": "2", "DEBUG": "2", "WARN": "33", "ERROR": "31", "FATAL": "31;1"}
_NOISY = ("aiohttp", "asyncio", "confluent_kafka", "kafka", "uvicorn")
_STDERR = 2

_context: ContextVar[str | None] = ContextVar("barnabas_log_context", default=None)
_process_context: str | None = None
_units: list[str] = []  # contexts entered by threads other than the main one


@contextlib.contextmanager
def context(name: str) -> Iterator[None]:
    """Put ``name`` (``connector|task-0``, ``connector|worker``) on every line logged inside, on this thread or task.

    Threads that plugin code starts have no context of their own: their lines carry the name of the unit as long as the
    process runs a single one.
    """
    token = _context.set(name)
    unit = threading.current_thread() is not threading.main_thread()
    if unit:
        _units.append(name)
    try:
        yield
    finally:
        if unit:
            _units.remove(name)
        _context.reset(token)


def current_context() -> str | None:
    """The name that a line logged here and now carries."""
    name = _context.get()
    if name is not None:
        return name
    if len(_units) == 1 and threading.current_thread() is not threading.main_thread():
        return _units[0]
    return _process_context


def configure(level: str | None = None, *, json: bool | None = None, context: str | None = None) -> None:
    """Set up logging for this process and those forked from it; calling it again replaces what was set.

    Args:
        level: One of :data:`LEVELS`, by default that of the environment variable ``BARNABAS_LOG_LEVEL``, else INFO.
        json: One JSON object a line instead of text; by default as ``BARNABAS_LOG_FORMAT`` says (``text`` or ``json``).
        context: What lines carry that are logged outside every :func:`context`.

    Raises:
        UsageError: The level or the format is unknown.
    """
    global _process_context  # noqa: PLW0603  one set-up per process is what this module is about
    number = _level_number(level)
    _process_context = context
    handler = _StandardError(number)
    handler.setFormatter(_formatter(json))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _StandardError)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(number)
    for library in _NOISY:
        logging.getLogger(library).setLevel(number if number < logging.DEBUG else max(number, logging.WARNING))
    logging.captureWarnings(capture=True)


def mind_own_business() -> None:
    """For the worker's own process, in which no plugin runs: whoever is not ours is a library, and speaks from WARN on.

    Call it after the fork server was launched: in the processes of plugins it is otherwise.
    """
    root = logging.getLogger()
    number = root.level
    logging.getLogger("barnabas").setLevel(number)
    if number >= logging.DEBUG:
        root.setLevel(max(number, logging.WARNING))


def hear_everything() -> None:
    """From now on only the levels of loggers decide what is written."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _StandardError):
            handler.setLevel(logging.NOTSET)


def _level_number(level: str | None) -> int:
    name = (level or os.environ.get(LEVEL_VARIABLE) or "INFO").upper()
    if name not in _NUMBERS:
        raise UsageError(
            f"Unknown log level {name}.",
            code="BRN-0002",
            key=LEVEL_VARIABLE if level is None else "--log-level",
            remedy=f"Use one of {', '.join(LEVELS)}.",
        )
    return _NUMBERS[name]


def _formatter(json: bool | None) -> logging.Formatter:
    if json is None:
        name = (os.environ.get(FORMAT_VARIABLE) or "text").lower()
        if name not in {"text", "json"}:
            raise UsageError(
                f"Unknown log format {name}.", code="BRN-0003", key=FORMAT_VARIABLE, remedy="Use text or json."
            )
        json = name == "json"
    if json:
        return _JsonLines()
    return _Text(terminal=sys.stderr is not None and sys.stderr.isatty() and "NO_COLOR" not in os.environ)


class _StandardError(logging.Handler):
    """Writes each record with one ``write`` to file descriptor 2, whatever its length."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write((self.format(record) + "\n").encode(errors="backslashreplace"))
        except Exception:  # noqa: BLE001  a wrong format string in plugin code must not stop data
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  as in the standard library
        """A log call that cannot be written: say where it is, without the arguments it was given."""
        if logging.raiseExceptions:
            error = sys.exc_info()[1]
            where = f"{record.pathname}:{record.lineno}"
            _write(f"A log call is wrong: {type(error).__name__} in {where} ({record.name})\n".encode(errors="replace"))


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(_STDERR, view) :]
        except BlockingIOError:  # somebody made the terminal non-blocking, and it is full
            select.select([], [_STDERR], [])
        except OSError:  # nobody reads standard error any more: there is no other place to say it
            return


def _error_text(record: logging.LogRecord, message: str) -> tuple[str, str | None]:
    """The message with our own errors in one line, and the trace of others (of all at DEBUG)."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if error is None:
        return message, None
    if not isinstance(error, BarnabasError):
        return message, _trace(record)
    if error.message not in message:
        message = f"{message.rstrip('.')}: {error.describe()}" if message else error.describe()
    elif error.remedy and error.remedy not in message:
        message = f"{message} {error.remedy}"
    debug = logging.getLogger().isEnabledFor(logging.DEBUG)
    return message, _trace(record) if debug else None


def _trace(record: logging.LogRecord) -> str:
    return logging.Formatter().formatException(record.exc_info) if isinstance(record.exc_info, tuple) else ""


def _level_name(record: logging.LogRecord) -> str:
    return _NAMES.get(record.levelno, record.levelname)


def level_name(number: int) -> str:
    """The name of a level; of one between two, that of the lower."""
    return _NAMES[max((known for known in _NAMES if known <= number), default=1)]


class _Text(logging.Formatter):
    """``time LEVEL [orders|task-0] message (logger)``; with colours and the time of day only on a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def format(self, record: logging.LogRecord) -> str:
        message, trace = _error_text(record, record.getMessage())
        where = current_context()
        level = _level_name(record).ljust(5)
        name = record.name.removeprefix("barnabas.")
        if self._terminal:
            level = f"\x1b[{_COLOURS.get(level.rstrip(), '32')}m{level}\x1b[0m"
            name = f"\x1b[2m({name})\x1b[0m"
        else:
            name = f"({name})"
        line = f"{self._time(record)} {level} {f'[{where}] ' if where else ''}{message} {name}"
        return hide(line if trace is None else f"{line}\n{trace}")

    def _time(self, record: logging.LogRecord) -> str:
        local = time.localtime(record.created)
        if self._terminal:
            return f"{time.strftime('%H:%M:%S', local)}.{int(record.msecs):03d}"
        offset = time.strftime("%z", local)
        return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{int(record.msecs):03d}{offset[:3]}:{offset[3:]}"


class _JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message and, where known, connector, task, code, key and trace."""

    def __init__(self) -> None:
        super().__init__()
        import json  # noqa: PLC0415  only who asks for JSON pays for it

        self._dumps = json.dumps

    def format(self, record: logging.LogRecord) -> str:
        message, trace = _error_text(record, record.getMessage())
        line: dict[str, Any] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": _level_name(record),
            "logger": record.name,
            "process": record.process,
            "thread": record.threadName,
            **_context_fields(current_context()),
            "message": hide(message),
        }
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if isinstance(error, BarnabasError):
            line["code"] = error.code
            if error.key:
                line["key"] = error.key
        if trace is not None:
            line["trace"] = hide(trace)
        return self._dumps(line, ensure_ascii=False)


def _context_fields(name: str | None) -> dict[str, Any]:
    """``orders|task-0`` as fields that a log store can search."""
    if name is None:
        return {}
    connector, bar, part = name.rpartition("|")
    if not bar:
        return {"context": name}
    task = part.removeprefix("task-")
    if task != part and task.isdecimal():
        return {"context": name, "connector": connector, "task": int(task)}
    return {"context": name, "connector": connector}
