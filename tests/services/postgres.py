"""A real PostgreSQL on loopback with ``wal_level=logical``, in a folder and on a port of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from services.process import HOST, Service, ServiceError, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ADMIN = "postgres"
"""The superuser: let in without a password. Every other role needs one (SCRAM)."""

_HBA = f"""\
local all all trust
host all,replication {ADMIN} {HOST}/32 trust
host all,replication all {HOST}/32 scram-sha-256
"""
_NEEDS = (
    "PostgreSQL is not installed (server programs: initdb, postgres). Debian, Ubuntu: apt-get install postgresql. "
    "macOS: brew install postgresql."
)


def postgres_bin() -> Path:
    """Folder with ``initdb`` and ``postgres``, the newest version's; ``ServiceError`` without."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    on_path = shutil.which("postgres")
    places = [*([Path(on_path).parent] if on_path else []), *reversed(debian)]
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise ServiceError(_NEEDS)


def _account() -> pwd.struct_passwd | None:
    """Whom to run it as: PostgreSQL refuses root. ``None``: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceError("PostgreSQL refuses to run as root, and there is neither a user 'postgres' nor 'nobody'.")


class PostgresServer(Service):
    """One server; data and port survive ``stop``, ``kill`` and ``start`` again, until :meth:`remove`.

    Args:
        folder: Where its log goes.
        settings: Lines of ``postgresql.conf`` beyond the usual ones.
        durable: Write to disk as a production server does; tests need no more than what the page cache keeps.
    """

    name = "postgres"

    def __init__(self, folder: Path, settings: dict[str, str] | None = None, *, durable: bool = False) -> None:
        super().__init__(folder)
        self.bin = postgres_bin()
        self.port = free_port()
        self._account = _account()
        # Not below pytest's folders: those are closed to the user that the server has to run as.
        self.home = Path(tempfile.mkdtemp(prefix="barnabas-pg-"))
        if self._account is not None:
            os.chown(self.home, self._account.pw_uid, self._account.pw_gid)
        fast = {} if durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        self._settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": str(self.home),
            "wal_level": "logical",
            "max_wal_senders": "40",
            "max_replication_slots": "40",
            "max_connections": "100",
            "timezone": "UTC",
            **fast,
            **(settings or {}),
        }

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"

    def _as(self, *command: str | Path) -> list[str | Path]:
        """The command, run as a user that PostgreSQL accepts; it dies with who started it."""
        if self._account is None:
            return list(command)
        who = [f"--reuid={self._account.pw_uid}", f"--regid={self._account.pw_gid}", "--clear-groups"]
        return ["setpriv", *who, "--pdeathsig=KILL", *command]

    def command(self) -> Sequence[str | Path]:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        return self._as(self.bin / "postgres", "-D", self.data, *options)

    def spawn(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._init()
        super().spawn()

    def _init(self) -> None:
        options = ["-U", ADMIN, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        command = self._as(self.bin / "initdb", "-D", self.data, *options)
        done = subprocess.run(command, cwd=self.home, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceError(f"initdb failed:\n{done.stdout}{done.stderr}")
        (self.data / "pg_hba.conf").write_text(_HBA, encoding="utf-8")

    def is_ready(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, timeout: float = 20.0) -> None:
        """SIGINT: a fast shutdown, which does not wait for clients."""
        if self._process is not None and self.alive:
            self._process.send_signal(2)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout)
        super().stop(timeout)

    def remove(self) -> None:
        """Stop it and delete its data."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def __exit__(self, *_: object) -> None:
        self.remove()

    def conninfo(self, database: str = ADMIN, user: str = ADMIN, **more: Any) -> str:
        """A libpq connection string."""
        return psycopg.conninfo.make_conninfo(host=HOST, port=self.port, dbname=database, user=user, **more)

    def connect(self, database: str = ADMIN, user: str = ADMIN, **more: Any) -> psycopg.Connection[Any]:
        """A connection of psycopg in autocommit mode."""
        return psycopg.connect(self.conninfo(database, user, connect_timeout=5), autocommit=True, **more)

    def jdbc_url(self, database: str = ADMIN) -> str:
        """``jdbc:postgresql://…``."""
        return f"jdbc:postgresql://{HOST}:{self.port}/{database}"

    def create_database(self) -> str:
        """A new, empty database; its name."""
        name = f"db_{uuid.uuid4().hex[:12]}"
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def drop_database(self, name: str) -> None:
        """Drop it with its replication slots, whoever is connected to it or streams from it."""
        with self.connect() as connection:
            for slot, pid in connection.execute(
                "SELECT slot_name, active_pid FROM pg_replication_slots WHERE database = %s", [name]
            ).fetchall():
                if pid is not None:
                    connection.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
                connection.execute("SELECT pg_drop_replication_slot(%s)", [slot])
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """A new database for the length of a ``with`` block."""
        name = self.create_database()
        try:
            yield name
        finally:
            self.drop_database(name)
