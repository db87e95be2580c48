"""When a failed unit is started again: a pure state machine, one a unit.

Back-off doubles from ``task.restart.backoff.initial.ms`` to ``task.restart.backoff.max.ms``, with jitter so that the
tasks of one dead database do not all come back in the same second. A unit that has been healthy for
``task.restart.healthy.ms`` starts again from the beginning. Errors that cannot heal by trying again (a wrong setting, a
bad record, a missing class) are not retried: they wait for a person, who reads what to do in the status.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from barnabas.supervisor.api import ErrorInfo

__all__ = ["RestartPolicy", "RestartState"]

HOPELESS = frozenset(
    {
        "ConfigError",
        "DataError",
        "SchemaBuilderError",
        "SchemaProjectorError",
        "PluginError",
        "NotFoundError",
        "AlreadyExistsError",
        "ModuleNotFoundError",
        "ImportError",
        "SyntaxError",
    }
)
"""Classes of errors that trying again does not heal."""

HEALING_CODES = frozenset({"BRN-1203"})
"""Errors of those classes that do heal: a host name that is unknown now may be known in a minute."""

HOPELESS_CODES = frozenset({"BRN-7110"})
"""Errors of other classes that do not: Kafka Connect's class for them says less than is known."""


class RestartPolicy(msgspec.Struct, frozen=True):
    """The settings, in seconds."""

    enabled: bool = True
    initial: float = 1.0
    maximum: float = 300.0
    healthy: float = 600.0

    def heals(self, error: ErrorInfo) -> bool:
        """Whether trying again may help."""
        hopeless = error.python_class in HOPELESS or error.code in HOPELESS_CODES
        return self.enabled and (not hopeless or error.code in HEALING_CODES)


class RestartState:
    """How often a unit has failed lately.

    Args:
        policy: The settings.
        random: Gives a number in [0, 1): a seeded one in tests.
    """

    def __init__(self, policy: RestartPolicy, random: Callable[[], float]) -> None:
        self._policy = policy
        self._random = random
        self._failures = 0
        self.restarts = 0

    def failed(self, error: ErrorInfo, healthy_for: float) -> float | None:
        """The unit failed after so many seconds; returns how long to wait before the next start, or ``None``."""
        if not self._policy.heals(error):
            return None
        if healthy_for >= self._policy.healthy:
            self._failures = 0
        delay = min(self._policy.maximum, self._policy.initial * 2.0**self._failures)
        self._failures = min(self._failures + 1, 32)
        self.restarts += 1
        return delay * (0.8 + 0.4 * self._random())
