"""Where the values of placeholders ``${provider:path:key}`` come from: files, folders, the environment, a user's class.

``placeholders`` is the syntax, ``names`` reads ``config.providers.*``, ``transform`` replaces the placeholders of one
configuration. The three providers of ours run in the worker, on threads (``reading``); those of users run in hosts.
"""

from __future__ import annotations

from barnabas.config_providers.names import ProviderSpec, built_in, provider_specs
from barnabas.config_providers.placeholders import has_placeholder
from barnabas.config_providers.reading import ProviderHungError, ThreadedSource
from barnabas.config_providers.transform import Source, Transformed, transform

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
