"""Records gathered into transactions, sent ahead, tried again; nothing counts as written before its end is known.

While the server works on a transaction, the next records are gathered. Bad records are looked for only after a
transaction was refused because of one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from barnabas import ConnectError, DataError, RetriableError, SinkBatch, SinkRecord, TopicPartition
from barnabas.connectors.jdbc.sink_session import Session
from barnabas.connectors.jdbc.sink_settings import SinkSettings

if TYPE_CHECKING:
    from barnabas.connectors.jdbc.sink_progress import Progress

__all__ = ["Writer"]

log = logging.getLogger(__name__)


class Writer:
    """See the module.

    Args:
        settings: The connector's.
        open_session: Makes a connection, in one attempt.
        bad: Called with each record that cannot be written; what it raises fails the task.
        wait: Asks to be called again after so many milliseconds at the latest.
        session: The first connection, if there is one already.
        clock: Seconds.

    Attributes:
        progress: Keeps offsets in the database; ``None``: they are in Kafka only.
    """

    def __init__(
        self,
        settings: SinkSettings,
        open_session: Callable[[], Session],
        bad: Callable[[SinkRecord, ConnectError], None],
        wait: Callable[[int], None],
        session: Session | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._open = open_session
        self._bad = bad
        self._wait = wait
        self._clock = clock
        self._session = session
        self.progress: Progress | None = None
        self._waiting: list[SinkBatch] = []
        self._size = 0
        self._since = 0.0
        self._work: list[SinkBatch] = []  # one transaction, under way or to be tried again
        self._stalled = False  # the work has to be sent again
        self._tries = 0  # failures in a row

    @property
    def session(self) -> Session:
        """The connection, opened where there is none.

        Raises:
            ConnectError: It cannot be had; RetriableError where that may heal.
        """
        if self._session is None:
            self._session = self._open()
        return self._session

    def take(self, batch: SinkBatch) -> None:
        """Records to be written soon, after what was taken earlier.

        Raises:
            RetriableError: Earlier records wait for another try; these were not taken.
            ConnectError: Records cannot be written.
        """
        self._follow(wait=self._size >= self._settings.batch_size)
        if self.progress is not None:
            batch = self.progress.fresh(batch, lambda: self.session.connection)
        if len(batch):
            if not self._waiting:
                self._since = self._clock()
            self._waiting.append(batch)
            self._size += len(batch)
        while self._size and not self._work:  # from here on nothing is raised that would bring these records again
            left = self._settings.linger - (self._clock() - self._since)
            if self._size < self._settings.batch_size and left > 0:
                self._wait(int(left * 1000) + 1)
                return
            self._launch()

    def flush(self) -> None:
        """Return when everything taken is written.

        Raises:
            RetriableError: It is not; all of it is forgotten, and has to come again.
            ConnectError: It cannot be.
        """
        try:
            while self._work or self._size:
                self._follow(wait=True)
                if self._size:
                    self._launch()
        except BaseException:
            self.drop()
            raise

    def leave(self, partitions: Collection[TopicPartition]) -> None:
        """Forget what is not written of partitions that are another's now; what was sent is waited for."""
        if self._work and not self._stalled:
            try:
                self.session.finish()
            except ConnectError as error:
                log.warning("Records of partitions that are given up were not written: %s", error.describe())
                self._stall()
            else:
                self._done()
        self._work = _without(self._work, partitions)
        self._waiting = _without(self._waiting, partitions)
        self._size = sum(map(len, self._waiting))

    def drop(self) -> None:
        """Forget what is not written; what is under way may still be."""
        if self._session is not None and self._session.busy:
            self._hang_up()
        if self.progress is not None:
            self.progress.lost()
        self._waiting, self._work, self._size, self._stalled = [], [], 0, False

    def close(self) -> None:
        """Give up everything."""
        self.drop()
        self._hang_up()

    def _hang_up(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    # --------------------------------------------------------------------------------------------------- transactions
    def _launch(self) -> None:
        """Begin the next transaction; where that fails for now, the next call tries again."""
        self._work = self._cut()
        try:
            try:
                self.session.send(self._work, self._last())
            except DataError:
                self._sift()
            except RetriableError as error:
                raise self._later(error) from error
        except RetriableError as error:
            log.warning("The next transaction is tried again in %g s: %s", self._settings.retry_wait, error.describe())

    def _cut(self) -> list[SinkBatch]:
        """As many of the waiting records as go into one transaction."""
        room = self._settings.batch_size
        taken: list[SinkBatch] = []
        while self._waiting and room:
            batch = self._waiting.pop(0)
            if len(batch) > room:
                self._waiting.insert(0, batch[room:])
                batch = batch[:room]
            room -= len(batch)
            taken.append(batch)
        self._size -= sum(map(len, taken))
        return taken

    def _follow(self, *, wait: bool) -> None:
        """See to the transaction under way: its end, if that is known or to be waited for, or another try."""
        if not self._work:
            return
        try:
            if self._stalled:
                self._again()
            elif not wait and not self.session.ready():
                return
            else:
                self.session.finish()
        except DataError:
            self._sift()
        except RetriableError as error:
            raise self._later(error) from error
        else:
            self._done()

    def _again(self) -> None:
        """Send the transaction once more and wait for it, unless it turns out that it was done."""
        session = self.session
        if self.progress is not None and self.progress.was_done(session.connection, self._work):
            return
        session.send(self._work, self._last())
        session.finish()

    def _sift(self) -> None:
        """Find the records at fault."""
        try:
            self.session.sift(self._work, self._bad, self._last())
        except RetriableError as error:
            raise self._later(error) from error
        self._done()

    def _later(self, error: RetriableError) -> ConnectError:
        """What to raise for a failure that may heal."""
        self._stall()
        if self._tries > self._settings.retries:
            return ConnectError(
                f"Given up after {self._tries} tries: {error.message}",
                code="BRN-6194",
                key=self._settings.keys["retries"],
                remedy=error.remedy,
            )
        self._wait(int(self._settings.retry_wait * 1000))
        return error

    def _stall(self) -> None:
        """The work is to be sent again, on another connection."""
        self._hang_up()
        self._stalled = True
        self._tries += 1

    def _done(self) -> None:
        if self.progress is not None:
            self.progress.done(self._work)
        self._work, self._stalled, self._tries = [], False, 0

    def _last(self) -> str:
        return "" if self.progress is None else self.progress.statement(self._work)


def _without(batches: list[SinkBatch], partitions: Collection[TopicPartition]) -> list[SinkBatch]:
    """The records that are not of these partitions."""
    gone = {TopicPartition(*partition) for partition in partitions}
    return [kept for batch in batches if len(kept := _others(batch, gone))]


def _others(batch: SinkBatch, gone: set[TopicPartition]) -> SinkBatch:
    topics = batch.original_topics or batch.topics or [batch.topic] * len(batch)
    places = map(TopicPartition, topics, batch.original_partitions or batch.partitions)
    return batch.take([at for at, where in enumerate(places) if where not in gone])
