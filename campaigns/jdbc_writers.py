"""Writers that make it hard for whoever polls their tables: they end in another order than they began, and share times.

Each is a thread with a connection of its own. A transaction inserts into all tables and changes rows of them, dawdles
before, between and after, and one in five is rolled back. Some ask for the number of a row well before they insert it.
Times are the transaction's, the statement's, or one second for everybody.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = ("by_number", "by_time", "by_both")
_TIMES = ("now()", "clock_timestamp()", "date_trunc('second', now())")
_ROLLED_BACK = 0.2
_LONG = 0.05  # share of transactions that stay open for long
_CHANGES = 0.3
_NUMBER_FIRST = 0.3  # share of rows whose number is asked for beforehand

SCHEMA = "; ".join(
    f"CREATE TABLE {table} (id serial PRIMARY KEY, version int NOT NULL DEFAULT 1, at timestamptz NOT NULL); "
    f"CREATE INDEX ON {table} (at, id)"
    for table in TABLES
)


@dataclass
class Writers:
    """A crowd of them.

    Attributes:
        connect: Makes a connection in autocommit mode.
        count: How many.
        seed: Makes them do the same again, as far as threads do.
    """

    connect: Callable[[], Any]
    count: int = 8
    seed: int = 0
    committed: int = 0
    rolled_back: int = 0
    _threads: list[threading.Thread] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _errors: list[Exception] = field(default_factory=list)

    def start(self) -> None:
        """Let them begin."""
        for number in range(self.count):
            thread = threading.Thread(target=self._run, args=(number,), name=f"writer-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def finish(self) -> None:
        """Let each end its transaction; raises what one of them ran into."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _run(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/{number}")
        try:
            with self.connect() as connection:
                while not self._ended.is_set():
                    self._transaction(connection, chance)
        except Exception as error:  # noqa: BLE001  told by finish()
            self._errors.append(error)

    def _dawdle(self, chance: random.Random, longest: float = 0.03) -> None:
        self._ended.wait(chance.random() ** 2 * longest)

    def _transaction(self, connection: Any, chance: random.Random) -> None:
        connection.execute("BEGIN")
        self._dawdle(chance)
        time = chance.choice(_TIMES)
        for table in chance.sample(TABLES, len(TABLES)):
            for _ in range(chance.randint(1, 4)):
                if chance.random() < _NUMBER_FIRST:
                    (number,) = connection.execute(f"SELECT nextval('{table}_id_seq')").fetchone()
                    self._dawdle(chance, 0.02)
                    connection.execute(f"INSERT INTO {table} (id, at) VALUES ({number}, {time})")
                else:
                    connection.execute(f"INSERT INTO {table} (at) VALUES ({time})")
                self._dawdle(chance, 0.005)
            if table != "by_number" and chance.random() < _CHANGES:
                # One row at a time and of one table only, in an order of its own: nobody waits for anybody in a circle.
                connection.execute(
                    f"UPDATE {table} SET version = version + 1, at = {time} WHERE id = "
                    f"(SELECT id FROM {table} ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED)"
                )
        self._dawdle(chance, 1.5 if chance.random() < _LONG else 0.05)
        keep = chance.random() >= _ROLLED_BACK
        connection.execute("COMMIT" if keep else "ROLLBACK")
        with self._lock:
            self.committed += keep
            self.rolled_back += not keep


def rows(connection: Any) -> dict[str, dict[int, int]]:
    """What there is in the end: of each table, from the number of a row to its version."""
    return {table: dict(connection.execute(f"SELECT id, version FROM {table}").fetchall()) for table in TABLES}


@dataclass(frozen=True)
class Lost:
    """What did not arrive, of one table, and what never was in it."""

    table: str
    written: int
    missing: tuple[int, ...]
    outdated: tuple[int, ...]
    invented: tuple[int, ...]
    repeats: int

    @property
    def ok(self) -> bool:
        """Whether everything did, as it was in the end, and nothing else."""
        return not (self.missing or self.outdated or self.invented)


def judge(table: str, written: dict[int, int], arrived: list[tuple[int, int]]) -> Lost:
    """Compare a table (version by number) with the records of its topic (number and version, in order).

    Pure. A row that was changed again before it was read arrives in its last version only: that one has to be there.
    """
    versions: dict[int, int] = {}
    for number, version in arrived:
        versions[number] = max(version, versions.get(number, 0))
    return Lost(
        table,
        len(written),
        tuple(sorted(written.keys() - versions.keys())),
        tuple(sorted(number for number, version in written.items() if 0 < versions.get(number, 0) < version)),
        tuple(sorted(versions.keys() - written.keys())),
        len(arrived) - len(set(arrived)),
    )
