"""What the providers of ours have in common."""

from __future__ import annotations

from collections.abc import Mapping

from barnabas.config_providers.allowed_paths import AllowedPaths
from barnabas.errors import ConfigError
from barnabas.extension import ConfigProvider

__all__ = ["LocalProvider", "PathProvider"]


class LocalProvider(ConfigProvider):
    """Reads from this machine. Its values hold for ever, unless ``reload.ms`` says for how long.

    ``reload.ms`` is not among Kafka's settings, and a JVM worker ignores it: after so many milliseconds the values are
    read anew, and a connector whose values have changed is restarted.
    """

    def __init__(self) -> None:
        self.ttl_ms: int | None = None

    def configure(self, props: Mapping[str, str]) -> None:
        """Read what all have in common.

        Raises:
            ConfigError: A setting is wrong.
        """
        text = props.get("reload.ms", "").strip()
        if not text:
            return
        if not text.isdecimal() or int(text) == 0:
            raise ConfigError(
                f"Invalid value {text} for configuration reload.ms: not a number of milliseconds above 0.",
                key="reload.ms",
                remedy="Give milliseconds, such as 60000; leave it out to read values only at a start.",
                code="BRN-1087",
            )
        self.ttl_ms = int(text)


class PathProvider(LocalProvider):
    """Reads files or folders that ``allowed.paths`` allows (KIP-993)."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed = AllowedPaths(None)

    def configure(self, props: Mapping[str, str]) -> None:
        """Read which paths are allowed, too.

        Raises:
            ConfigError: A setting is wrong.
        """
        super().configure(props)
        self._allowed = AllowedPaths(props.get("allowed.paths"))
