"""Connections: how settings become libpq's, and what every session has set so that values look alike."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from barnabas.connectors.postgres.driver import load
from barnabas.connectors.postgres.faults import explained

if TYPE_CHECKING:
    from barnabas import Config

__all__ = ["Server"]

log = logging.getLogger(__name__)

_SESSION = " ".join(
    f"-c {name}={value}"
    for name, value in (
        ("datestyle", "ISO"),
        ("intervalstyle", "postgres"),
        ("extra_float_digits", "3"),
        ("timezone", "UTC"),
        ("lc_monetary", "C"),
        ("bytea_output", "hex"),
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
    )
)


class Server:
    """A database of a server, as one configuration names it.

    Args:
        config: Of the connector.
        name: The connector's, which the server shows in ``pg_stat_activity``.
    """

    def __init__(self, config: Config, name: str = "") -> None:
        self.user: str = config["database.user"]
        self.database: str = config["database.dbname"]
        self.host: str = config["database.hostname"]
        self.port: int = config["database.port"]
        self._statements: str | None = config["database.initial.statements"]
        password, key_password = config["database.password"], config["database.sslpassword"]
        seconds = max(2, -(-config["connection.validation.timeout.ms"] // 1000))
        settings: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "password": None if password is None else password.value,
            "sslmode": config["database.sslmode"].lower(),
            "sslrootcert": config["database.sslrootcert"],
            "sslcert": config["database.sslcert"],
            "sslkey": config["database.sslkey"],
            "sslpassword": None if key_password is None else key_password.value,
            "keepalives": int(config["database.tcpKeepAlive"]),
            "connect_timeout": seconds,
            "application_name": f"barnabas {name}".strip()[:63],
            "client_encoding": "UTF8",
            "options": _SESSION,
        }
        self._settings = {key: value for key, value in settings.items() if value is not None}

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"

    def connect(self) -> Any:
        """A connection of psycopg in autocommit mode.

        Raises:
            ConnectError: It is refused, or cannot be had now (then a RetriableError).
        """
        with self.explained(f"connect to {self}"):
            connection = load().connect(**self._settings, autocommit=True)
            if self._statements:
                for statement in self._statements.split(";"):
                    if statement.strip():
                        connection.execute(statement)
        return connection

    def replicate(self) -> Any:
        """A connection of libpq in replication mode.

        Raises:
            ConnectError: As for :meth:`connect`; or the role may not replicate.
        """
        psycopg, pq = load(), load("psycopg.pq")
        conninfo = load("psycopg.conninfo").make_conninfo(**self._settings, replication="database")
        with self.explained(f"connect to {self} for replication"):
            connection = pq.PGconn.connect(conninfo.encode())
            if connection.status != pq.ConnStatus.OK:
                message = connection.get_error_message()
                connection.finish()
                raise psycopg.OperationalError(message)
        return connection

    def explained(self, doing: str) -> Any:
        """A context in which what the driver raises becomes an error of ours."""
        return explained(doing, user=self.user)
