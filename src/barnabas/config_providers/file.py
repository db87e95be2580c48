"""``FileConfigProvider``: the path is a properties file, the key one of its properties (KIP-421)."""

from __future__ import annotations

from collections.abc import Collection

from barnabas.config_providers.base import PathProvider
from barnabas.errors import ConfigError
from barnabas.extension import ConfigData
from barnabas.properties import parse_properties

__all__ = ["FileConfigProvider"]


class FileConfigProvider(PathProvider):
    """Settings: ``allowed.paths``, ``reload.ms``. The file is read as UTF-8, as Kafka's provider does."""

    def get(self, path: str, keys: Collection[str] | None = None) -> ConfigData:
        """The properties of a file; nothing without a path, or where ``allowed.paths`` does not allow it.

        Raises:
            ConfigError: The file cannot be read, or is no properties file.
        """
        file = self._allowed.check(path) if path else None
        if file is None:
            return ConfigData({})
        try:
            text = file.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigError(
                f"Could not read properties from file {path}",
                remedy=f"{reason}: check the path in the placeholder, and the permissions of the worker's user.",
                code="BRN-1080",
            ) from error
        found = parse_properties(text, source=path)
        return ConfigData({key: value for key, value in found.items() if keys is None or key in keys}, self.ttl_ms)
