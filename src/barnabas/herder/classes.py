"""Which class a connector configuration names, remembered: looking for one may mean to read source files."""

from __future__ import annotations

from collections.abc import Mapping

from barnabas.errors import BarnabasError, PluginError
from barnabas.herder.base import BadRequestError, Plugins
from barnabas.herder.java_text import map_text
from barnabas.supervisor.api import PluginRef

__all__ = ["ConnectorClasses"]

Config = Mapping[str, str | None]


class ConnectorClasses:
    """Looks anew when a configuration is checked or started; statuses and listings use what was found then.

    Args:
        plugins: Finds classes.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._found: dict[str, PluginRef] = {}

    def find(self, config: Config, stored: Config | None = None) -> PluginRef:
        """Look for the class.

        Args:
            config: The configuration, resolved.
            stored: The same as it is stored, where the name of the class may be a placeholder: what is asked later.

        Raises:
            BadRequestError: The configuration names none, or one that there is not.
        """
        name = config.get("connector.class")
        if name is None:
            raise BadRequestError(
                f"Connector config {map_text(config)} contains no connector type",
                key="connector.class",
                remedy="Set connector.class.",
            )
        try:
            found = self._found[(stored or config).get("connector.class") or name] = self._plugins.find_connector(name)
        except PluginError as error:
            raise BadRequestError(error.message, code=error.code, key="connector.class", remedy=error.remedy) from error
        return found

    def known(self, config: Config | None) -> PluginRef | None:
        """What was found last; ``None`` if there is no such class."""
        if not config:
            return None
        name = config.get("connector.class")
        if name is not None and name in self._found:
            return self._found[name]
        try:
            return self.find(config)
        except BarnabasError:
            return None  # the question was whether there is one

    def kind(self, config: Config | None) -> str:
        """``source``, ``sink`` or ``unknown``."""
        plugin = self.known(config)
        return plugin.kind if plugin else "unknown"

    def version(self, config: Config | None) -> str | None:
        """The version the plugin says, if any."""
        plugin = self.known(config)
        return plugin.version if plugin and plugin.version != "undefined" else None
