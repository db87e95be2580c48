"""``EnvVarConfigProvider``: the key is an environment variable of the worker (KIP-887)."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from barnabas._java.regex import compile_java
from barnabas.config_providers.base import LocalProvider
from barnabas.errors import ConfigError
from barnabas.extension import ConfigData

__all__ = ["EnvVarConfigProvider"]


class EnvVarConfigProvider(LocalProvider):
    """Settings: ``allowlist.pattern``, a regular expression for the whole name; ``reload.ms``.

    Args:
        environment: In the place of the process's own; for tests.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._variables = dict(os.environ if environment is None else environment)

    def configure(self, props: Mapping[str, str]) -> None:
        """See the class.

        Raises:
            ConfigError: The pattern is no regular expression of Java's, or one that cannot be had here.
        """
        super().configure(props)
        pattern = props.get("allowlist.pattern")
        if pattern is None:
            return
        allowed = compile_java(pattern, key="allowlist.pattern")
        self._variables = {name: value for name, value in self._variables.items() if allowed.matches(name)}

    def get(self, path: str, keys: Collection[str] | None = None) -> ConfigData:
        """Variables of the environment that the worker was started with.

        Raises:
            ConfigError: There is a path: ``${env:NAME}`` has none.
        """
        if path:
            raise ConfigError(
                f"Path is not supported for EnvVarConfigProvider, invalid value '{path}'",
                remedy="Write ${env:NAME}, with one colon.",
                code="BRN-1083",
            )
        found = {name: value for name, value in self._variables.items() if keys is None or name in keys}
        return ConfigData(found, self.ttl_ms)
