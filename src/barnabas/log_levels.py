"""Log levels that are changed at run time: which loggers there are, and what a change means in a process.

Loggers are named as in Python (``barnabas.herder``), with ``root`` for all. Names of Kafka Connect's own classes
are taken too: ``org.apache.kafka.connect.runtime.rest`` changes what does here what that does there. A change holds for
a logger and all whose names begin with its own, those that plugins make later included, until the process ends.

The worker has a :class:`LogLevels`; the processes that run plugins are told of each change and :func:`apply` it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from barnabas.logs import LEVEL_NUMBERS, hear_everything, level_name

__all__ = ["LevelChange", "LogLevels", "LoggerLevel", "apply", "is_level"]

_ROOT: Final = "root"
_JAVA: Final = "org.apache.kafka"
_STAND_INS: Final[dict[str, tuple[str, ...]]] = {
    "org.apache.kafka": ("barnabas",),
    "org.apache.kafka.clients": ("barnabas.kafka", "confluent_kafka", "kafka"),
    "org.apache.kafka.common": ("barnabas.kafka", "confluent_kafka", "kafka"),
    "org.apache.kafka.common.config": ("barnabas.config_providers",),
    "org.apache.kafka.connect": ("barnabas",),
    "org.apache.kafka.connect.cli": ("barnabas.cli",),
    "org.apache.kafka.connect.converters": ("barnabas.converters",),
    "org.apache.kafka.connect.file": ("barnabas.connectors.filestream",),
    "org.apache.kafka.connect.json": ("barnabas.converters",),
    "org.apache.kafka.connect.mirror": ("barnabas.connectors.mirror",),
    "org.apache.kafka.connect.runtime": ("barnabas.herder", "barnabas.supervisor", "barnabas.task"),
    "org.apache.kafka.connect.runtime.errors": ("barnabas.task",),
    "org.apache.kafka.connect.runtime.isolation": ("barnabas.plugins",),
    "org.apache.kafka.connect.runtime.rest": ("barnabas.rest", "rest"),
    "org.apache.kafka.connect.storage": ("barnabas.store",),
    "org.apache.kafka.connect.transforms": ("barnabas.transforms",),
}


class LoggerLevel(msgspec.Struct, frozen=True):
    """The level of a logger.

    Args:
        level: Such as ``INFO``.
        last_modified: Milliseconds since the epoch when it was last changed at run time; ``None``: never.
    """

    level: str
    last_modified: int | None


class LevelChange(msgspec.Struct, frozen=True):
    """An order: these loggers, and all below them, are to have this level."""

    namespaces: list[str]
    level: str


def is_level(text: str) -> bool:
    """Whether there is such a level; upper and lower case are the same."""
    return text.strip().upper() in LEVEL_NUMBERS


class LogLevels:
    """The levels of this process; used on the worker's event loop.

    Args:
        on_change: Told of each change, for other processes.
        clock: Seconds since the epoch.
    """

    def __init__(
        self, on_change: Callable[[LevelChange], None] = lambda _: None, clock: Callable[[], float] = time.time
    ) -> None:
        self._on_change = on_change
        self._clock = clock
        self._modified: dict[str, int] = {}

    def all(self) -> dict[str, LoggerLevel]:
        """Every logger of this process, by name."""
        return {name: self._level(logger) for name, logger in sorted(_loggers().items())}

    def get(self, name: str) -> LoggerLevel | None:
        """One logger; ``None`` if nothing logs under this name."""
        found = _loggers().get(_ROOT if name.lower() == _ROOT else name)
        if found is None:
            names = _stand_ins(name)
            return self._level(logging.getLogger(names[0])) if names else None
        return self._level(found)

    def set(self, name: str, level: str) -> list[str]:
        """Change a logger and all below it.

        Args:
            name: Of the logger; one that does not exist is made.
            level: See :func:`is_level`.

        Returns:
            The loggers whose level has changed, sorted.
        """
        change = LevelChange([name, *_stand_ins(name)], level.strip().upper())
        now = int(self._clock() * 1000)
        changed = apply(change)
        self._modified.update(dict.fromkeys(changed, now))
        self._on_change(change)
        return changed

    def _level(self, logger: logging.Logger) -> LoggerLevel:
        return LoggerLevel(level_name(logger.getEffectiveLevel()), self._modified.get(logger.name))


def apply(change: LevelChange) -> list[str]:
    """Carry out a change in this process.

    Returns:
        The loggers whose level was another one, sorted.
    """
    number = LEVEL_NUMBERS[change.level]
    hear_everything()
    for namespace in change.namespaces:
        if namespace.lower() != _ROOT:
            logging.getLogger(namespace)  # what is made below it later inherits the level
    affected = {
        name: logger
        for name, logger in _loggers().items()
        if any(namespace.lower() == _ROOT or name.startswith(namespace) for namespace in change.namespaces)
    }
    changed = sorted(name for name, logger in affected.items() if logger.getEffectiveLevel() != number)
    for logger in affected.values():
        logger.setLevel(number)
    return changed


def _loggers() -> dict[str, logging.Logger]:
    root = logging.getLogger()
    known = {name: found for name, found in root.manager.loggerDict.items() if isinstance(found, logging.Logger)}
    return {_ROOT: root, **known}


def _stand_ins(name: str) -> tuple[str, ...]:
    """Our loggers that say what those of this Java name would."""
    while name.startswith(_JAVA):
        if name in _STAND_INS:
            return _STAND_INS[name]
        name = name.rpartition(".")[0]
    return ()
