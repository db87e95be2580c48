"""Faults on demand: what a test asks the broker to do wrong.

A rule applies to the next ``times`` requests of one API (or any), optionally of one client id. Rules may be added from
any thread while the broker runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from barnabas.broker.codes import ErrorCode

__all__ = ["Faults", "Rule"]


@dataclass(slots=True)
class Rule:
    """One fault.

    Attributes:
        api: Key or name of the API (``Produce``, 0); None for any.
        client_id: Only requests of this client; None for any.
        left: How many more requests it applies to; None for all.
        action: ``drop`` (disconnect instead of handling the request), ``drop_answer`` (handle it, then disconnect
            instead of answering), ``delay`` or ``error``.
        seconds: Of a delay.
        error: The code of an error.
        hits: How many requests it has applied to.
    """

    api: int | str | None
    client_id: str | None
    left: int | None
    action: str
    seconds: float = 0.0
    error: ErrorCode = ErrorCode.NONE
    hits: int = 0

    def matches(self, key: int, name: str, client_id: str) -> bool:
        """Whether the rule applies to such a request."""
        if self.left == 0 or (self.client_id is not None and self.client_id != client_id):
            return False
        if isinstance(self.api, str):
            return self.api.lower() == name.lower()
        return self.api is None or self.api == key


@dataclass
class Faults:
    """The rules of one broker; the first that matches a request applies."""

    rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _disconnect: Callable[[], None] | None = field(default=None, repr=False)

    def _add(self, rule: Rule) -> Rule:
        with self._lock:
            self.rules.append(rule)
        return rule

    def drop(
        self,
        api: int | str | None = None,
        *,
        times: int | None = 1,
        client_id: str | None = None,
        after: bool = False,
    ) -> Rule:
        """Close the connection instead of answering: before the request is handled, or ``after`` it took effect."""
        return self._add(Rule(api, client_id, times, "drop_answer" if after else "drop"))

    def delay(
        self, api: int | str | None, seconds: float, *, times: int | None = 1, client_id: str | None = None
    ) -> Rule:
        """Wait before a request is handled; later requests of that connection wait too."""
        return self._add(Rule(api, client_id, times, "delay", seconds=seconds))

    def error(
        self,
        api: int | str | None,
        error: ErrorCode | int | str,
        *,
        times: int | None = 1,
        client_id: str | None = None,
    ) -> Rule:
        """Answer with an error, given as code or name, and do nothing else."""
        code = ErrorCode[error] if isinstance(error, str) else ErrorCode(error)
        return self._add(Rule(api, client_id, times, "error", error=code))

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self.rules.clear()

    def disconnect_all(self) -> None:
        """Close all connections now; does nothing when the broker does not run."""
        if self._disconnect is not None:
            self._disconnect()

    def bind(self, disconnect: Callable[[], None] | None) -> None:
        """Tell how connections are closed; called by the broker when it starts and stops."""
        self._disconnect = disconnect

    def take(self, key: int, name: str, client_id: str) -> Rule | None:
        """The rule that applies to a request, which is counted; called by the dispatcher."""
        if not self.rules:
            return None
        with self._lock:
            for rule in self.rules:
                if rule.matches(key, name, client_id):
                    rule.hits += 1
                    if rule.left is not None:
                        rule.left -= 1
                    return rule
        return None
