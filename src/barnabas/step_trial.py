"""Tries out transforms and predicates of ours with the settings given: what only we refuse is said early."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from barnabas._config.types import ConfigValue
from barnabas.class_library import Kind, Library
from barnabas.errors import BarnabasError
from barnabas.predicates.base import Predicate
from barnabas.transform_config import STEP_KEYS, step_aliases
from barnabas.transforms.base import Transformation

__all__ = ["try_steps"]

Props = Mapping[str, str | None]

_OURS: Final = frozenset({"BRN-1065", "BRN-2161"})
"""Codes of what cannot be done exactly as in Java. What Java refuses as well, it refuses when a task starts: that is no
part of Kafka Connect's validation, and so not of ours."""
_JAVA: Final = "org.apache.kafka."
_CHAIN_KEYS: Final = ("type", "plugin.version", "predicate", "negate")


def try_steps(props: Props, values: Mapping[str, ConfigValue], library: Library) -> None:
    """Configure each transform and predicate of ours that looks right so far; add what comes of it to its key.

    Runs in the process that validates; nobody else's code is called.

    Args:
        props: The configuration.
        values: What was found so far, by key.
        library: Finds classes.
    """
    for key, kind in STEP_KEYS.items():
        for alias in step_aliases(props, key):
            _try(kind, f"{key}.{alias}.", props, values, library)


def _try(kind: Kind, prefix: str, props: Props, values: Mapping[str, ConfigValue], library: Library) -> None:
    own = [value for name, value in values.items() if name.startswith(prefix)]
    name = props.get(f"{prefix}type")
    found = library(kind, name) if name else None
    if found is None or not found.trusted or found.make is None or any(value.errors for value in own):
        return
    settings = {
        full.removeprefix(prefix): text
        for full, text in props.items()
        if full.startswith(prefix) and text is not None and full.removeprefix(prefix) not in _CHAIN_KEYS
    }
    if "data.strict" in props:
        settings.setdefault("strict", props["data.strict"] or "")
    error = _refusal(found.make, settings)
    if error is None:
        return
    java = found.name.startswith(_JAVA)  # what is nobody else's is refused by nobody else
    strict = "strict" in settings and _refusal(found.make, {**settings, "strict": "false"}) is None
    if error.code in _OURS or strict or not java:
        where = values.get(f"{prefix}{error.key}", values[f"{prefix}type"])
        where.add_error(f"{error} ({error.code})")


def _refusal(make: Callable[[], object], settings: Mapping[str, str]) -> BarnabasError | None:
    """What configuring one raises."""
    step = make()
    assert isinstance(step, Transformation | Predicate)
    try:
        step.configure(settings)
    except BarnabasError as error:
        return error
    step.close()
    return None
