"""The column producer: a whole column in one call of the C library, reports as arrays.

The library's message struct is nine words long: error, topic, partition, payload, length, key, key length, offset,
opaque. A column becomes an array of them, filled one field at a time; the opaque is the record's number. Records with
headers or timestamps go one by one (the batch call has neither), through the same client, so order is kept.
"""

from __future__ import annotations

import ctypes
import time
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, Final

from barnabas.errors import ConfigError, DataError
from barnabas.kafka import _librdkafka as rd
from barnabas.kafka import _transactions
from barnabas.kafka._records import RecordSender
from barnabas.kafka.faults import KafkaFault, fault_of, refused
from barnabas.kafka.producer_base import RECORD_OVERHEAD, Columns, GroupOffsets, Producer
from barnabas.kafka.reporting import write_log
from barnabas.kafka.settings import ClientSettings
from barnabas.kafka.tickets import Ticket

__all__ = ["BatchProducer"]

_WORDS: Final = 9  # of the message struct
_ERROR, _PARTITION, _PAYLOAD, _LENGTH, _KEY, _KEY_LENGTH, _OFFSET, _OPAQUE = 0, 2, 3, 4, 5, 6, 7, 8
_CHUNK: Final = 1024  # records in one call: 72 kB of structs, kept for the life of the producer
_POINTERS: Final = 1024  # reports looked at in one piece
_MASK: Final = 0xFFFFFFFF
_QUEUE_FULL: Final = -184
_FATAL: Final = -150
_PURGE_ALL: Final = 0x1 | 0x2  # what waits, and what is on its way
_MUCH: Final = 4 << 20  # bytes in flight: beyond, the allocator keeps pages that an idle task should give back
_TRIM_EVERY: Final = 10.0  # seconds
_Message = ctypes.c_int64 * _WORDS


class BatchProducer(Producer):
    """See :class:`Producer`; ``library`` is what :func:`barnabas.kafka._librdkafka.load` gave."""

    def __init__(
        self,
        library: rd.Library,
        settings: ClientSettings,
        on_error: Callable[[KafkaFault], None] | None,
        *,
        want_metadata: bool,
    ) -> None:
        super().__init__(settings, on_error, want_metadata=want_metadata)
        self._lib = library
        self._handle: int | None = _make_client(library, settings)
        self._queue: int = library.rd_kafka_queue_get_main(self._handle)
        library.rd_kafka_set_log_queue(self._handle, None)
        self._topics: dict[str, int] = {}
        self._messages = array("Q", bytes(8 * _WORDS * _CHUNK))
        self._address = self._messages.buffer_info()[0]
        self._keys_set = False
        self._pointers = array("Q", bytes(8 * _POINTERS))
        self._pointers_address = self._pointers.buffer_info()[0]
        self._trimmed = time.monotonic()
        self._single = RecordSender(library, self._handle or 0)

    # ------------------------------------------------------------------ sending
    def _enqueue(self, ticket: Ticket, columns: Columns, at: int) -> int:
        piece = _Piece(columns, at, min(_CHUNK, len(columns.values) - at))
        if piece.cost > self._max_bytes // 4 and piece.size > 1:  # large records: in pieces, which find room sooner
            piece = _Piece(columns, at, max(1, piece.size * (self._max_bytes // 4) // piece.cost))
        if not self._has_room(piece.size, piece.cost):
            return 0
        if columns.headers is not None or columns.timestamps is not None:
            return self._enqueue_singly(ticket, columns, at, piece)
        size, messages = piece.size, self._messages
        end = _WORDS * size
        messages[_PAYLOAD:end:_WORDS] = _pointers(piece.values, has_null=piece.null_values)
        messages[_LENGTH:end:_WORDS] = array("Q", piece.lengths)
        if piece.keys is not None:
            messages[_KEY:end:_WORDS] = _pointers(piece.keys, has_null=piece.null_keys)
            messages[_KEY_LENGTH:end:_WORDS] = array("Q", piece.key_lengths)
            self._keys_set = True
        elif self._keys_set:
            self._clear_keys()
        messages[_OPAQUE:end:_WORDS] = rd.numbers(self._book.next, size)
        flags = rd.COPY
        if columns.partitions is not None:
            flags |= rd.PER_MESSAGE_PARTITION
            chosen = columns.partitions[at : at + size]
            messages[_PARTITION:end:_WORDS] = array("Q", [_MASK if p is None else p & _MASK for p in chosen])
        topic = self._topics.get(columns.topic) or self._topic(columns.topic)
        good = self._lib.rd_kafka_produce_batch(topic, rd.ANY_PARTITION, flags, self._address, size)
        if good == size:
            self._book.add(ticket, size, piece.cost)
            return size
        return self._enqueued_partly(ticket, size, piece.cost)

    def _enqueued_partly(self, ticket: Ticket, size: int, cost: int) -> int:
        """Some were refused: for lack of room (that one and all after it), or for good."""
        codes = [_signed(code) for code in self._messages[_ERROR : _WORDS * size : _WORDS]]
        taken = next((at for at, code in enumerate(codes) if code == _QUEUE_FULL), size)
        number = self._book.next
        self._book.add(ticket, taken, cost * taken // size)
        for at, code in enumerate(codes[:taken]):
            if code:
                self._book.fail_one(number + at, self._fault(code))
        return taken

    def _enqueue_singly(self, ticket: Ticket, columns: Columns, at: int, piece: _Piece) -> int:
        topic = self._topics.get(columns.topic) or self._topic(columns.topic)
        first, taken, refused = self._book.next, piece.size, []
        for index, value in enumerate(piece.values):
            code, reason = self._single.send(
                topic,
                value,
                None if piece.keys is None else piece.keys[index],
                None if columns.partitions is None else columns.partitions[at + index],
                None if columns.timestamps is None else columns.timestamps[at + index],
                None if columns.headers is None else columns.headers[at + index],
                first + index,
            )
            if code == _QUEUE_FULL:
                taken = index
                break
            if code:
                refused.append((first + index, self._fault(code, reason)))
        # Reports of these records are read by this thread, later: it is early enough to note them now.
        self._book.add(ticket, taken, piece.cost * taken // piece.size)
        for number, fault in refused:
            self._book.fail_one(number, fault)
        return taken

    def _clear_keys(self) -> None:
        nothing = array("Q", bytes(8 * _CHUNK))
        self._messages[_KEY::_WORDS] = nothing
        self._messages[_KEY_LENGTH::_WORDS] = nothing
        self._keys_set = False

    def _topic(self, name: str) -> int:
        topic: int | None = self._lib.rd_kafka_topic_new(self._alive(), name.encode(), None)
        if not topic:
            raise DataError(f"{name!r} cannot be the name of a topic.", code="BRN-2211")
        self._topics[name] = topic
        return topic

    def _fault(self, code: int, reason: str = "") -> KafkaFault:
        if code == _FATAL:
            buffer = ctypes.create_string_buffer(512)
            real = self._lib.rd_kafka_fatal_error(self._alive(), buffer, len(buffer))
            return fault_of(real or code, buffer.value.decode(errors="replace") or reason, fatal=True)
        return fault_of(code, reason)

    # ------------------------------------------------------------------ reports
    def poll(self, timeout_s: float) -> int:
        """Serve what has arrived; see :class:`Producer`."""
        lib, queue, book = self._lib, self._queue, self._book
        before = book.in_flight
        self._alive()
        wait = int(timeout_s * 1000 + 0.999)
        while event := lib.rd_kafka_queue_poll(queue, wait):
            wait = 0
            try:
                self._serve(event, lib.rd_kafka_event_type(event))
            finally:
                lib.rd_kafka_event_destroy(event)
        book.forget()
        if not book.in_flight and book.peak > _MUCH and time.monotonic() - self._trimmed > _TRIM_EVERY:
            book.peak, self._trimmed = 0, time.monotonic()
            rd.return_memory()
        return before - book.in_flight

    def _serve(self, event: int, kind: int) -> None:
        lib = self._lib
        if kind == rd.DELIVERY:
            failed = lib.rd_kafka_event_error(event) != 0
            while count := lib.rd_kafka_event_message_array(event, self._pointers_address, _POINTERS):
                if failed:
                    self._settle_singly(0, count)
                else:
                    self._settle(count)
            if not failed:
                self._arrived()
        elif kind == rd.ERROR:
            reason = (lib.rd_kafka_event_error_string(event) or b"").decode(errors="replace")
            self._report(self._fault(lib.rd_kafka_event_error(event), reason))
        elif kind == rd.LOG:
            _log_event(lib, event)

    def _settle(self, count: int) -> None:
        """Acknowledged records of one partition, in order: two numbers tell which, except across tickets."""
        pointers, book = self._pointers, self._book
        at = 0
        last = _opaque(pointers[count - 1])
        while at < count:
            first = _opaque(pointers[at])
            ticket = book.find(first)
            end = ticket.base + ticket.total
            split = count if last < end else bisect_left(pointers, end, at, count, key=_opaque)
            if ticket.errors:  # the task is about to fail, and its last commit depends on how far the front reaches
                self._settle_singly(at, split)
            elif not book.want_metadata:
                book.acknowledge(ticket, first, _opaque(pointers[split - 1]), split - at)
            elif not self._settle_run(ticket, at, split):
                self._settle_singly(at, split)
            at = split

    def _settle_run(self, ticket: Ticket, start: int, end: int) -> bool:
        """Acknowledged records with neighbouring numbers and offsets: the first and the last tell all places.

        Returns whether they are such a run, which they always are on a topic of one partition.
        """
        count = end - start
        first = _Message.from_address(self._pointers[start])
        last = _Message.from_address(self._pointers[end - 1])
        if last[_OPAQUE] - first[_OPAQUE] != count - 1 or last[_OFFSET] - first[_OFFSET] != count - 1:
            return False
        self._book.acknowledge_run(ticket, first[_OPAQUE], count, first[_PARTITION] & _MASK, first[_OFFSET])
        return True

    def _settle_singly(self, start: int, end: int) -> None:
        """Reports with errors, or whose places are wanted: look at each."""
        for pointer in self._pointers[start:end]:
            message = _Message.from_address(pointer)
            code = _signed(message[_ERROR] & _MASK)
            if code:
                reason = (self._lib.rd_kafka_message_errstr(pointer) or b"").decode(errors="replace")
                self._book.fail_one(message[_OPAQUE], self._fault(code, reason))
            else:
                self._book.acknowledge_one(message[_OPAQUE], message[_PARTITION] & _MASK, message[_OFFSET])

    def _push(self, timeout_s: float) -> None:
        self._lib.rd_kafka_flush(self._alive(), _ms(timeout_s))

    def purge(self) -> None:
        """Give up what is in flight."""
        self._lib.rd_kafka_purge(self._alive(), _PURGE_ALL)

    def close(self, timeout_s: float) -> None:
        """Flush, then end all threads."""
        if self._handle is None:
            return
        if not self.flush(timeout_s):
            self.purge()
            self.poll(0.1)
        lib, handle = self._lib, self._handle
        self._handle = None
        for topic in self._topics.values():
            lib.rd_kafka_topic_destroy(topic)
        self._topics.clear()
        lib.rd_kafka_queue_destroy(self._queue)
        lib.rd_kafka_destroy_flags(handle, 0)

    def _alive(self) -> int:
        if self._handle is None:
            raise ValueError("the producer is closed")
        return self._handle

    # ------------------------------------------------------------------ transactions
    def init_transactions(self, timeout_s: float) -> None:
        """Fence earlier holders of the id."""
        lib = self._lib
        _transactions.check(lib, "start transactions", lib.rd_kafka_init_transactions(self._alive(), _ms(timeout_s)))

    def begin_transaction(self) -> None:
        """What follows belongs together."""
        lib = self._lib
        _transactions.check(lib, "begin a transaction", lib.rd_kafka_begin_transaction(self._alive()))

    def send_offsets(self, offsets: GroupOffsets, group: object, timeout_s: float) -> None:
        """Add consumed offsets."""
        _transactions.send_offsets(self._lib, self._alive(), offsets, group, _ms(timeout_s))

    def commit_transaction(self, timeout_s: float) -> None:
        """Flush and commit."""
        self._finish_transaction("commit the transaction", self._lib.rd_kafka_commit_transaction, timeout_s)

    def abort_transaction(self, timeout_s: float) -> None:
        """Throw it away."""
        self._finish_transaction("abort the transaction", self._lib.rd_kafka_abort_transaction, timeout_s)

    def _finish_transaction(self, doing: str, call: Callable[[int, int], Any], timeout_s: float) -> None:
        """Both wait until all reports were served, which only this thread can do: serve in small steps."""
        _transactions.finish(self._lib, doing, lambda ms: call(self._alive(), ms), timeout_s, lambda: self.poll(0))


def _make_client(lib: rd.Library, settings: ClientSettings) -> int:
    conf = lib.rd_kafka_conf_new()
    reason = ctypes.create_string_buffer(512)
    for key, value in {**settings.librdkafka, "log.queue": "true"}.items():
        if lib.rd_kafka_conf_set(conf, key.encode(), value.encode(), reason, len(reason)):
            lib.rd_kafka_conf_destroy(conf)
            raise ConfigError(
                reason.value.decode(errors="replace"),
                key=settings.java_name(key),
                remedy="Correct this setting.",
                code="BRN-1210",
            )
    lib.rd_kafka_conf_set_events(conf, rd.DELIVERY | rd.ERROR | rd.LOG)
    handle: int | None = lib.rd_kafka_new(0, conf, reason, len(reason))
    if not handle:
        lib.rd_kafka_conf_destroy(conf)
        raise refused("producer", reason.value.decode(errors="replace"))
    return handle


class _Piece:
    """A stretch of the columns, checked and measured; its lists keep the objects alive during the call."""

    __slots__ = ("cost", "key_lengths", "keys", "lengths", "null_keys", "null_values", "size", "values")

    def __init__(self, columns: Columns, at: int, size: int) -> None:
        self.size = size
        self.values, self.lengths, self.null_values = _column(columns.values, at, size, "value")
        self.cost = RECORD_OVERHEAD * size + sum(self.lengths)
        self.keys: list[Any] | None = None
        self.key_lengths: list[int] = []
        self.null_keys = False
        if columns.keys is not None:
            self.keys, self.key_lengths, self.null_keys = _column(columns.keys, at, size, "key")
            self.cost += sum(self.key_lengths)


def _column(column: Sequence[bytes | None], at: int, size: int, what: str) -> tuple[list[Any], list[int], bool]:
    """A piece of a column, the lengths, and whether there are nulls.

    It is a list of its own: nobody else can change it during the call. ``None`` stays where it is and has length 0.
    Anything that is not exactly ``bytes`` would be read as if it were: subclasses are converted, the rest is refused.
    """
    piece: Any = column[at : at + size]
    if type(piece) is not list:
        piece = list(piece)
    kinds = [*map(type, piece)]
    plain = kinds.count(bytes)
    if plain == size:
        return piece, [*map(len, piece)], False
    if plain + kinds.count(type(None)) != size:
        for index, value in enumerate(piece):
            if isinstance(value, bytes):
                piece[index] = bytes(memoryview(value)) if type(value) is not bytes else value
            elif value is not None:
                raise DataError(
                    f"The {what} of record {at + index} is {type(value).__name__}, not bytes.",
                    code="BRN-2212",
                    remedy="Use a converter that returns bytes.",
                )
    return piece, [0 if value is None else len(value) for value in piece], None in piece


def _pointers(piece: list[Any], *, has_null: bool) -> array[int]:
    """Addresses of the contents; a null pointer for ``None``."""
    found = rd.addresses(piece)
    if has_null:
        at = -1
        for _ in range(piece.count(None)):
            at = piece.index(None, at + 1)
            found[at] = 0
    return found


def _opaque(pointer: int) -> int:
    return ctypes.c_uint64.from_address(pointer + 8 * _OPAQUE).value


def _signed(code: int) -> int:
    low = code & _MASK
    return low - (1 << 32) if low >> 31 else low


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _log_event(lib: rd.Library, event: int) -> None:
    facility, text, level = ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_int()
    if lib.rd_kafka_event_log(event, ctypes.byref(facility), ctypes.byref(text), ctypes.byref(level)) == 0:
        write_log(level.value, (facility.value or b"").decode(), (text.value or b"").decode(errors="replace"))
