"""The dialects there are, by the kind of database that a URL names."""

from __future__ import annotations

from importlib import import_module

from barnabas import ConfigError
from barnabas.connectors.jdbc.dialects.base import Dialect, Quoting
from barnabas.connectors.jdbc.url import JdbcUrl

__all__ = ["DIALECT_NAMES", "dialect_for"]

_DIALECTS = {"postgresql": ("barnabas.connectors.jdbc.dialects.postgresql", "PostgreSqlDialect")}
DIALECT_NAMES = {"PostgreSqlDatabaseDialect": "postgresql"}
"""From what ``dialect.name`` may say to the kind of database."""


def dialect_for(url: JdbcUrl, *, name: str = "", quoting: Quoting = "always") -> Dialect:
    """The dialect of a URL; its driver is loaded when it first connects.

    Raises:
        ConfigError: ``dialect.name`` asks for another one, or one that does not exist.
    """
    wanted = DIALECT_NAMES.get(name)
    if name and wanted is None:
        raise _refuse(f"There is no dialect {name}.", f"Leave it out, or use one of: {', '.join(DIALECT_NAMES)}.")
    if wanted is not None and wanted != url.subprotocol:
        raise _refuse(f"The dialect {name} does not fit connection.url.", "Leave it out: the URL says which it is.")
    module, class_name = _DIALECTS[url.subprotocol]
    made: Dialect = getattr(import_module(module), class_name)(url, quoting)
    return made


def _refuse(message: str, remedy: str) -> ConfigError:
    return ConfigError(message, code="BRN-6153", key="dialect.name", remedy=remedy)
