"""The dead letter topic of a task: bad records are written to it, and are not lost before they are in it.

Kafka Connect counts a dead letter that could not be written and goes on, and the record is gone. Here the task fails
instead, and no offset beyond the record was committed: it comes again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, NamedTuple

from barnabas.errors import ConnectError
from barnabas.record import TopicPartition
from barnabas.supervisor import board
from barnabas.task.offsets import Progress

if TYPE_CHECKING:
    from barnabas.kafka.faults import KafkaFault
    from barnabas.kafka.producer import Producer, Ticket
    from barnabas.task.failures import Tally

__all__ = ["DeadLetter", "DeadLetterError", "DeadLetters", "Letter", "Written"]

_STEP: Final = 0.05  # seconds between looks at the clock while waiting
_TOO_LARGE: Final = "MSG_SIZE_TOO_LARGE"
_OMITTED: Final = "__connect.errors.value.omitted"


class DeadLetterError(ConnectError):
    """A bad record could not be written to the dead letter topic."""

    code = "BRN-2191"


class Letter(NamedTuple):
    """A record on its way to the dead letter topic.

    Args:
        value: The value's bytes.
        key: The key's bytes.
        headers: Its headers, those about the error at the end.
        timestamp: Its own; ``None``: now.
        where: The partition it was read from; ``None`` for one that comes from a source.
    """

    value: bytes | None
    key: bytes | None
    headers: list[tuple[str, bytes | None]] | None
    timestamp: int | None
    where: TopicPartition | None = None


class DeadLetter(Future[None]):
    """Done when the dead letter is in its topic; waiting for it, on whichever thread, keeps the writing going."""

    def __init__(self, letters: DeadLetters) -> None:
        super().__init__()
        self._letters = letters

    def done(self) -> bool:
        """Whether it is written, has failed or was cancelled."""
        if not super().done():
            self._letters.poll(0)
        return super().done()

    def result(self, timeout: float | None = None) -> None:
        """Wait; raises what went wrong."""
        self._wait(timeout)
        super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait; what went wrong, or ``None``."""
        self._wait(timeout)
        return super().exception(0)

    def _wait(self, timeout: float | None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        while not super().done():
            left = _STEP if until is None else until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._letters.poll(min(_STEP, left))


class Written:
    """One call to the producer: its ticket, its letters, and a future for each; a :class:`Progress`."""

    def __init__(self, ticket: Ticket, letters: Sequence[Letter], futures: list[DeadLetter]) -> None:
        self.ticket = ticket
        self.letters = letters
        self.futures = futures
        self.again: Progress | None = None  # letters that were too large, sent once more without their values
        self.seen = 0  # failures looked at
        self.shortened = 0  # those of them that are sent once more

    @property
    def done(self) -> bool:
        """Whether all of it is in the topic."""
        whole = self.ticket.acked + self.shortened == len(self.letters)
        return whole and (self.again is None or self.again.done)

    @property
    def contiguous(self) -> int:
        """All or nothing: nobody's offset lies between two letters."""
        return len(self.letters) if self.done else 0


class DeadLetters:
    """Writes dead letters; may be used from any thread.

    Args:
        producer: Its own producer, which nobody else uses; closed with it.
        topic: The dead letter topic.
        tally: Counts requests and failures.
        interrupted: Asked while there is no room: whether to give up.
        shorten: Send a letter that is too large once more, without its value: for records that can be found again by
            their source offset.
    """

    def __init__(
        self,
        producer: Producer,
        topic: str,
        tally: Tally,
        *,
        interrupted: Callable[[], bool] | None = None,
        shorten: bool = False,
    ) -> None:
        self._producer = producer
        self.topic = topic
        self._tally = tally
        self._interrupted = interrupted
        self._shorten = shorten
        self._open: deque[Written] = deque()
        self._lock = threading.RLock()
        self.error: DeadLetterError | None = None
        """The first letter that could not be written: the task is to fail with it."""

    def write(self, letters: Sequence[Letter]) -> Written:
        """Hand letters to the producer; returns before they are in the topic, unless there is no room."""
        self._tally.add(board.DEAD_LETTERS, len(letters))
        return self._write(letters, [DeadLetter(self) for _ in letters])

    def _write(self, letters: Sequence[Letter], futures: list[DeadLetter]) -> Written:
        with self._lock:
            ticket = self._producer.send(
                self.topic,
                [letter.value for letter in letters],
                keys=[letter.key for letter in letters],
                timestamps=[letter.timestamp for letter in letters],
                headers=[letter.headers for letter in letters],
                interrupt=self._interrupted,
            )
            written = Written(ticket, letters, futures)
            self._open.append(written)
            return written

    def poll(self, seconds: float) -> None:
        """Serve acknowledgements; failures are kept in :attr:`error`."""
        with self._lock:
            self._producer.poll(seconds)
            for written in list(self._open):
                self._look(written)

    def _look(self, written: Written) -> None:
        for at, fault in written.ticket.errors[written.seen :]:
            written.seen += 1
            letter = written.letters[at]
            if self._shorten and fault.name == _TOO_LARGE and letter.value is not None:
                self._send_shorter(written, letter, letter.value)
            else:
                self._tally.add(board.DEAD_LETTER_FAILURES)
                self._fail(written, fault)
        client = written.ticket.error
        if client is not None and not written.ticket.errors:  # it is the client that is of no use
            self._fail(written, client)
        if written.done:
            self._open.remove(written)
            for future in written.futures:
                _settle(future, None)

    def _send_shorter(self, written: Written, letter: Letter, value: bytes) -> None:
        note = (_OMITTED, str(len(value)).encode())
        smaller = letter._replace(value=None, headers=[*(letter.headers or ()), note])
        written.shortened += 1
        written.again = _Both(written.again, self._write([smaller], [DeadLetter(self)]))

    def _fail(self, written: Written, fault: KafkaFault) -> None:
        """None of these letters counts as written: the task fails, and its records come again."""
        error = DeadLetterError(
            f"Could not produce message to dead letter queue. topic={self.topic}",
            key="errors.deadletterqueue.topic.name",
            remedy=f"{fault.message} ({fault.name}) No offset beyond the record was committed: it will come again.",
        )
        self.error = self.error or error
        for future in written.futures:
            _settle(future, error)

    def check(self) -> None:
        """Serve acknowledgements, and raise when a letter was refused: called by the task's loop in each round.

        Raises:
            DeadLetterError: A letter could not be written.
        """
        if self._open:
            self.poll(0)
        if self.error is not None:
            raise self.error

    def flush(self, seconds: float) -> set[TopicPartition | None]:
        """Wait for what was written; returns the partitions of letters that are not in the topic all the same."""
        until = time.monotonic() + seconds
        with self._lock:
            while self._producer.in_flight:
                self._producer.flush(max(0.0, until - time.monotonic()))
                self.poll(0)
                if time.monotonic() >= until:
                    break
            self.poll(0)
            return {letter.where for written in self._open for letter in written.letters}

    def forget(self, partitions: Collection[TopicPartition]) -> None:
        """These partitions are another task's: nobody waits for their letters any more; they may arrive all the same.

        Futures are cancelled.
        """
        with self._lock:
            for written in list(self._open):
                for letter, future in zip(written.letters, written.futures, strict=True):
                    if letter.where in partitions:
                        future.cancel()
                if all(future.cancelled() for future in written.futures):
                    self._open.remove(written)

    def close(self, seconds: float) -> None:
        """Give what is on its way so many seconds, then end the producer."""
        with self._lock:
            self.flush(seconds)
            self._producer.close(0 if self._open else seconds)


class _Both:
    """Two things on their way: done when both are."""

    def __init__(self, one: Progress | None, other: Progress) -> None:
        self._parts = [other] if one is None else [one, other]

    @property
    def done(self) -> bool:
        return all(part.done for part in self._parts)

    @property
    def contiguous(self) -> int:
        return 0


def _settle(future: DeadLetter, error: Exception | None) -> None:
    """Tell who waits, unless they were told already or wait no more."""
    if Future.done(future):
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
