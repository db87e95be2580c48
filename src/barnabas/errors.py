"""Every error Barnabas raises on purpose, in one tree.

::

    BarnabasError
    ├── ConfigError               a setting is wrong: names the key and the remedy
    ├── ConnectError              something failed while data was moving
    │   ├── RetriableError        may heal by itself: the caller tries again
    │   ├── OutageError           a system that the data need does not answer: the task waits for it
    │   ├── RefusedError          such a system answers, and refuses: a setting is wrong, whatever the record
    │   ├── DataError             a record, a schema or bytes are not what they should be
    │   │   ├── SchemaBuilderError
    │   │   ├── SchemaProjectorError
    │   │   └── IllegalArgumentError  a value that Java's own checks refuse: an unknown field, say
    │   ├── NotFoundError         no such connector, task or plugin
    │   ├── AlreadyExistsError
    │   ├── IllegalWorkerStateError   a context method was called at a wrong time
    │   ├── PluginError           a class cannot be found, loaded or made
    │   ├── HungError             a call into plugin code went past its deadline
    │   └── HostDiedError         the process that ran the code is gone
    └── UsageError                the command line is wrong

Each has a stable ``code`` (``BRN-…``, never reused), one sentence, and, where there is one, the configuration ``key``
or record it is about and the ``remedy``. ``str(error)`` is what a person reads:
``sentence [key] Remedy. (BRN-…)`` pieces are present only where known. The counterpart of Kafka Connect's class is
named in ``java_class``, which is what dead letter headers and stored traces carry for programs that read them.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "AlreadyExistsError",
    "BarnabasError",
    "ConfigError",
    "ConnectError",
    "DataError",
    "HostDiedError",
    "HungError",
    "IllegalArgumentError",
    "IllegalWorkerStateError",
    "NotFoundError",
    "OutageError",
    "PluginError",
    "RefusedError",
    "RetriableError",
    "SchemaBuilderError",
    "SchemaProjectorError",
    "UsageError",
]

_CONNECT = "org.apache.kafka.connect.errors."


class BarnabasError(Exception):
    """The root: catch it to catch everything Barnabas raises on purpose.

    Args:
        message: One sentence that says what is wrong, without the remedy.
        code: A stable identifier of this cause; the class's own where none is given.
        key: The configuration key it is about.
        remedy: What to do, as a sentence in the imperative.
    """

    code: str = "BRN-0000"
    java_class: ClassVar[str] = _CONNECT + "ConnectException"

    def __init__(
        self, message: str, *, code: str | None = None, key: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.key = key
        self.remedy = remedy
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}" if self.remedy else self.message

    def describe(self) -> str:
        """One line for a terminal or a log: key, sentence, remedy and code."""
        where = f"{self.key}: " if self.key and self.key not in self.message else ""
        return f"{where}{self} ({self.code})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.code, self.key, self.remedy)


def _rebuild(cls: type[BarnabasError], message: str, code: str, key: str | None, remedy: str | None) -> BarnabasError:
    return cls(message, code=code, key=key, remedy=remedy)


class UsageError(BarnabasError):
    """The command line is wrong; exit code 1."""

    code = "BRN-0001"


class ConfigError(BarnabasError):
    """A setting is missing, malformed or contradicts another one."""

    code = "BRN-1000"
    java_class = "org.apache.kafka.common.config.ConfigException"


class ConnectError(BarnabasError):
    """Something failed while data was moving; kills the task unless the error policy tolerates it."""

    code = "BRN-2000"


class RetriableError(ConnectError):
    """May heal by itself: raised by a connector to have the same call made again with back-off."""

    code = "BRN-2001"
    java_class = _CONNECT + "RetriableException"


class OutageError(ConnectError):
    """A system that the data need does not answer: it is no record's fault, and heals without anybody's help here.

    Raised by a converter (or a transform) for a schema registry that is down, say. The task waits and tries the same
    records again until the system answers or the task is to stop, whatever ``errors.tolerance`` and
    ``errors.retry.timeout`` say: nothing is skipped, nothing goes to the dead letter topic, no offset moves, and a sink
    keeps its place in its group. It must come soon: within seconds, not minutes.
    """

    code = "BRN-2002"
    java_class = _CONNECT + "RetriableException"


class RefusedError(ConnectError):
    """A system that the data need answers, but refuses us: credentials, rights, an address that is another's.

    Fails the task, whatever ``errors.tolerance`` says: each record would fail for the same reason, which is a setting.
    """

    code = "BRN-2003"


class DataError(ConnectError):
    """A record, a schema or bytes are not what they should be; never heals by retrying."""

    code = "BRN-2100"
    java_class = _CONNECT + "DataException"


class SchemaBuilderError(DataError):
    """A schema is being built wrongly: a duplicate field, a default of another type."""

    code = "BRN-2101"
    java_class = _CONNECT + "SchemaBuilderException"


class SchemaProjectorError(DataError):
    """A value cannot be projected from one schema to another."""

    code = "BRN-2102"
    java_class = _CONNECT + "SchemaProjectorException"


class IllegalArgumentError(DataError):
    """A value does not fit where Java's own checks refuse it, such as an unknown field of a transform."""

    code = "BRN-2103"
    java_class = "java.lang.IllegalArgumentException"


class NotFoundError(ConnectError):
    """No such connector, task or plugin: REST answers 404."""

    code = "BRN-3001"
    java_class = _CONNECT + "NotFoundException"


class AlreadyExistsError(ConnectError):
    """The name is taken: REST answers 409."""

    code = "BRN-3002"
    java_class = _CONNECT + "AlreadyExistsException"


class IllegalWorkerStateError(ConnectError):
    """A context method was called at a time when it has no meaning."""

    code = "BRN-3003"
    java_class = _CONNECT + "IllegalWorkerStateException"


class PluginError(ConnectError):
    """A class cannot be found, loaded or made."""

    code = "BRN-4001"


class HungError(ConnectError):
    """A call into plugin code did not return before its deadline; its process was ended."""

    code = "BRN-5001"


class HostDiedError(ConnectError):
    """The process that ran a connector or task ended without being asked to."""

    code = "BRN-5002"
