"""Where the values of placeholders ``${provider:path:key}`` come from: files, folders, the environment, a user's class.

``placeholders`` is the syntax, ``names`` reads ``config.providers.*``, ``transform`` replaces the placeholders of one
configuration. The three providers of ours run in the worker, on threads (``reading``); those of users run in hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from barnabas.config_providers.names import ProviderSpec, built_in, provider_specs
from barnabas.config_providers.placeholders import has_placeholder
from barnabas.config_providers.transform import Source, Transformed, transform

if TYPE_CHECKING:
    from barnabas.config_providers.reading import ProviderHungError, ThreadedSource

__all__ = [
    "ProviderHungError",
    "ProviderSpec",
    "Source",
    "ThreadedSource",
    "Transformed",
    "built_in",
    "has_placeholder",
    "provider_specs",
    "transform",
]


def __getattr__(name: str) -> Any:
    """What reads, once it is wanted: hosts know the providers by name only, and have no event loop."""
    if name not in {"ProviderHungError", "ThreadedSource"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from barnabas.config_providers import reading  # noqa: PLC0415  as said above

    return getattr(reading, name)
