"""Connections of the JDBC connectors: the keys they share, and how often and how long a connection is tried."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from barnabas import Config, ConfigDef, ConnectError, RetriableError, Type
from barnabas.config import NonEmptyString, ValidString, at_least
from barnabas.connectors.jdbc.dialects import DIALECT_NAMES, dialect_for
from barnabas.connectors.jdbc.url import parse_url

if TYPE_CHECKING:
    from barnabas.connectors.jdbc.dialects.base import Dialect, Quoting

__all__ = ["Connector", "define_connection"]

_log = logging.getLogger(__name__)
_GROUP = "Database"
_NAP_SECONDS = 0.2


def define_connection(definition: ConfigDef) -> ConfigDef:
    """Declare the keys about the connection that source and sink have in common."""
    return (
        definition.define(
            "connection.url",
            Type.STRING,
            validator=NonEmptyString(),
            importance="high",
            group=_GROUP,
            doc="The database's JDBC URL: jdbc:postgresql://host:5432/database.",
        )
        .define(
            "connection.user", Type.STRING, default=None, importance="high", group=_GROUP, doc="Whom to connect as."
        )
        .define(
            "connection.password", Type.PASSWORD, default=None, importance="high", group=_GROUP, doc="Their password."
        )
        .define(
            "jdbc.credentials.provider.class",
            Type.STRING,
            default="DefaultJdbcCredentialsProvider",
            importance="low",
            group=_GROUP,
            doc="Accepted and not used: Java classes cannot be loaded here. Passwords from elsewhere come by "
            "${provider:path:key}.",
        )
        .define(
            "connection.attempts",
            Type.INT,
            default=3,
            validator=at_least(1),
            importance="low",
            group=_GROUP,
            doc="How often a connection is tried before the task counts as failed.",
        )
        .define(
            "connection.backoff.ms",
            Type.LONG,
            default=10000,
            validator=at_least(1),
            importance="low",
            group=_GROUP,
            doc="How long to wait between two attempts.",
        )
        .define(
            "dialect.name",
            Type.STRING,
            default="",
            validator=ValidString("", *DIALECT_NAMES),
            importance="low",
            group=_GROUP,
            doc="The dialect; left out: the one that connection.url names.",
        )
        .define(
            "quote.sql.identifiers",
            Type.STRING,
            default="always",
            validator=ValidString("always", "never", "ALWAYS", "NEVER"),
            importance="medium",
            group=_GROUP,
            doc="Whether names of tables and columns are quoted in SQL. never: the database folds their case.",
        )
    )


class Connector(NamedTuple):
    """Makes connections as configured.

    Attributes:
        dialect: What speaks to this kind of database.
        user: ``connection.user``, else the URL's.
        password: Likewise; never in a message.
        attempts: ``connection.attempts``.
        backoff: ``connection.backoff.ms``, in seconds.
        application: How sessions are named in the database's views.
    """

    dialect: Dialect
    user: str | None
    password: str | None
    attempts: int
    backoff: float
    application: str

    def __repr__(self) -> str:
        return f"<Connector to {self.dialect.url}>"

    @classmethod
    def of(cls, config: Config, application: str = "barnabas") -> Self:
        """From a configuration with the keys of :func:`define_connection`.

        Raises:
            ConfigError: The URL or the dialect won't do.
        """
        url = parse_url(config["connection.url"])
        quoting: Quoting = "never" if config["quote.sql.identifiers"].lower() == "never" else "always"
        secret = config["connection.password"]
        return cls(
            dialect_for(url, name=config["dialect.name"], quoting=quoting),
            config["connection.user"] or url.user,
            url.password if secret is None else secret.value,
            config["connection.attempts"],
            config["connection.backoff.ms"] / 1000,
            application,
        )

    def connect_once(self) -> Any:
        """One attempt.

        Raises:
            ConnectError: See :meth:`Dialect.connect`.
        """
        return self.dialect.connect(self.user, self.password, self.application)

    def connect(self, stopping: Callable[[], bool] = lambda: False) -> Any:
        """As many attempts as configured; what cannot heal by itself, a wrong password say, is tried once.

        Args:
            stopping: Asked while waiting: whether to give up at once.

        Raises:
            ConnectError: The last attempt's error.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return self.connect_once()
            except RetriableError as error:
                if attempt == self.attempts or stopping():
                    raise ConnectError(error.message, code=error.code, key=error.key, remedy=error.remedy) from error
                _log.warning(
                    "No connection in attempt %d of %d, next in %g s: %s", attempt, self.attempts, self.backoff, error
                )
                _wait(self.backoff, stopping)
        raise AssertionError("connection.attempts is at least 1")


def _wait(seconds: float, stopping: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not stopping() and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(_NAP_SECONDS, left))
