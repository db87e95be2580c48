"""Which settings of Kafka's clients a connector may set for itself: ``connector.client.config.override.policy``.

Checked when a configuration is validated, and again when a task starts. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from barnabas.config import nearest
from barnabas.errors import ConfigError

__all__ = [
    "ALLOW_ALL",
    "OverridePolicy",
    "check_overrides",
    "check_policy_name",
    "clients_in_use",
    "exactly_once_enabled",
    "policy_of",
    "worker_group",
]

Props = Mapping[str, str | None]
Client = Literal["producer", "admin", "consumer"]

_POLICY: Final = "connector.client.config.override.policy"
_ALLOWLIST: Final = "connector.client.config.override.allowlist"
_PACKAGE: Final = "org.apache.kafka.connect.connector.policy."
_SUFFIX: Final = "ConnectorClientConfigOverridePolicy"
_NAMES: Final = ("All", "None", "Principal", "Allowlist")
_PRINCIPAL: Final = frozenset({"sasl.jaas.config", "sasl.mechanism", "security.protocol"})


class OverridePolicy(NamedTuple):
    """A policy.

    Args:
        name: ``All``, ``None``, ``Principal`` or ``Allowlist``.
        allowed: The client settings that connectors may set; ``None``: any.
    """

    name: str
    allowed: frozenset[str] | None

    def refusal(self, key: str) -> str | None:
        """Why a connector may not set the client setting ``key``, in Kafka's words; ``None``: it may."""
        if self.allowed is None or key in self.allowed:
            return None
        return f"The '{self.name}' policy does not allow '{key}' to be overridden in the connector configuration."


ALLOW_ALL: Final = OverridePolicy("All", None)


def policy_of(worker: Mapping[str, str]) -> OverridePolicy:
    """The policy that a worker's properties ask for; ``All`` if they ask for none.

    Raises:
        ConfigError: There is no such policy.
    """
    name = _policy_name(worker.get(_POLICY) or "All")
    if name == "All":
        return ALLOW_ALL
    keys = (key.strip() for key in worker.get(_ALLOWLIST, "").split(","))
    allowed = {"None": frozenset[str](), "Principal": _PRINCIPAL, "Allowlist": frozenset(key for key in keys if key)}
    return OverridePolicy(name, allowed[name])


def worker_group(worker: Mapping[str, str]) -> str | None:
    """The group that a distributed worker is in; ``None`` for a standalone one, which has an offsets file instead."""
    return worker.get("group.id", "").strip() or None if "offset.storage.file.filename" not in worker else None


def exactly_once_enabled(worker: Mapping[str, str]) -> bool | None:
    """Whether a distributed worker delivers exactly once; ``None`` for a standalone one, which cannot."""
    if worker_group(worker) is None:
        return None
    return worker.get("exactly.once.source.support", "disabled").strip().lower() == "enabled"


def check_policy_name(key: str, value: str | None) -> None:
    """Validator of the worker's setting."""
    del key
    if value is not None:
        _policy_name(value)


def clients_in_use(
    kind: Literal["source", "sink"],
    props: Props,
    *,
    topic_creation: bool = True,
    own_offsets_topic: bool = False,
    exactly_once: bool = False,
) -> list[Client]:
    """The clients that a connector has, whose overrides therefore count.

    Args:
        kind: What the connector is.
        props: Its configuration.
        topic_creation: Whether the worker lets sources create topics.
        own_offsets_topic: Whether the worker lets sources have an offsets topic of their own: a distributed one does.
        exactly_once: Whether the worker delivers exactly once, for which every source reads its offsets by itself.
    """
    if kind == "sink":
        dead_letters = bool((props.get("errors.deadletterqueue.topic.name") or "").strip())
        return ["producer", "admin", "consumer"] if dead_letters else ["consumer"]
    own = exactly_once or (own_offsets_topic and bool((props.get("offsets.storage.topic") or "").strip()))
    creates = topic_creation and any(name.startswith("topic.creation.") for name in props)
    return ["producer", *(["admin"] if creates or own else []), *(["consumer"] if own else [])]  # type: ignore[list-item]


def check_overrides(kind: Literal["source", "sink"], worker: Mapping[str, str], connector: Props) -> None:
    """Refuse a configuration that sets what the policy does not allow; called when a task starts, in its process.

    The configuration may have been stored before the worker had that policy, or by a worker that has another one.

    Raises:
        ConfigError: With the first such key; the task fails.
    """
    policy = policy_of(worker)
    creation = worker.get("topic.creation.enable", "true").strip().lower() != "false"
    clients = clients_in_use(
        kind,
        connector,
        topic_creation=creation,
        own_offsets_topic=worker_group(worker) is not None,
        exactly_once=bool(exactly_once_enabled(worker)),
    )
    for full, refusal in _refusals(policy, clients, connector):
        raise ConfigError(
            f"Client Config Overrides not allowed: {refusal}",
            code="BRN-1072",
            key=full,
            remedy=f"Remove {full}, or have the worker's {_POLICY} changed.",
        )


def _refusals(policy: OverridePolicy, clients: list[Client], connector: Props) -> Iterator[tuple[str, str]]:
    for client in clients:
        prefix = f"{client}.override."
        for full in connector:
            refusal = policy.refusal(full[len(prefix) :]) if full.startswith(prefix) else None
            if refusal is not None:
                yield full, refusal


def _policy_name(text: str) -> str:
    """``None`` for ``none``, ``NoneConnectorClientConfigOverridePolicy`` and that with its package."""
    short = text.strip().removeprefix(_PACKAGE).removesuffix(_SUFFIX)
    for name in _NAMES:
        if name.lower() == short.lower():
            return name
    near = nearest(short, _NAMES)
    raise ConfigError(
        f"Invalid value {text} for configuration {_POLICY}: there is no such policy.",
        code="BRN-1071",
        key=_POLICY,
        remedy=f"Did you mean {near}?" if near else f"Use one of {', '.join(_NAMES)}; Java classes cannot be loaded.",
    )
