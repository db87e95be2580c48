"""The C library inside the confluent-kafka wheel, called directly: only what producing and reading columns needs.

Loading it starts nothing. Addresses are plain integers. Where the library cannot be found (another platform, a build
against a system library), or this interpreter lays out objects in another way, :func:`load` returns ``None`` and the
caller uses the client's own interface.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import logging
import sys
from array import array
from pathlib import Path
from typing import Final

__all__ = [
    "ANY_PARTITION",
    "COPY",
    "DELIVERY",
    "ERROR",
    "LOG",
    "PER_MESSAGE_PARTITION",
    "Library",
    "addresses",
    "load",
    "numbers",
    "return_memory",
]

log = logging.getLogger(__name__)

Library = ctypes.CDLL

COPY: Final = 0x2
PER_MESSAGE_PARTITION: Final = 0x8
ANY_PARTITION: Final = -1
DELIVERY, ERROR, LOG = 0x1, 0x8, 0x4  # kinds of events

_P, _S, _I, _N = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t
_I32 = ctypes.c_int32
_PROTOTYPES: Final = (
    ("rd_kafka_version", _I, ()),
    ("rd_kafka_conf_new", _P, ()),
    ("rd_kafka_conf_set", _I, (_P, _S, _S, _P, _N)),
    ("rd_kafka_conf_destroy", None, (_P,)),
    ("rd_kafka_conf_set_events", None, (_P, _I)),
    ("rd_kafka_new", _P, (_I, _P, _P, _N)),
    ("rd_kafka_destroy_flags", None, (_P, _I)),
    ("rd_kafka_set_log_queue", _I, (_P, _P)),
    ("rd_kafka_topic_new", _P, (_P, _S, _P)),
    ("rd_kafka_topic_destroy", None, (_P,)),
    ("rd_kafka_produce_batch", _I, (_P, _I32, _I, _P, _I)),
    ("rd_kafka_produceva", _P, (_P, _P, _N)),
    ("rd_kafka_headers_new", _P, (_N,)),
    ("rd_kafka_headers_copy", _P, (_P,)),
    ("rd_kafka_headers_destroy", None, (_P,)),
    ("rd_kafka_header_add", _I, (_P, _S, ctypes.c_ssize_t, _S, ctypes.c_ssize_t)),
    ("rd_kafka_flush", _I, (_P, _I)),
    ("rd_kafka_purge", _I, (_P, _I)),
    ("rd_kafka_outq_len", _I, (_P,)),
    ("rd_kafka_queue_get_main", _P, (_P,)),
    ("rd_kafka_queue_destroy", None, (_P,)),
    ("rd_kafka_queue_poll", _P, (_P, _I)),
    ("rd_kafka_queue_new", _P, (_P,)),
    ("rd_kafka_queue_get_consumer", _P, (_P,)),
    ("rd_kafka_queue_get_partition", _P, (_P, _S, _I32)),
    ("rd_kafka_queue_forward", None, (_P, _P)),
    ("rd_kafka_queue_length", _N, (_P,)),
    ("rd_kafka_queue_io_event_enable", None, (_P, _I, _S, _N)),
    ("rd_kafka_consume_batch_queue", ctypes.c_ssize_t, (_P, _I, _P, _N)),
    ("rd_kafka_message_destroy", None, (_P,)),
    ("rd_kafka_message_timestamp", ctypes.c_int64, (_P, _P)),
    ("rd_kafka_message_headers", _I, (_P, _P)),
    ("rd_kafka_header_get_all", _I, (_P, _N, _P, _P, _P)),
    ("rd_kafka_topic_name", _S, (_P,)),
    ("rd_kafka_name", _S, (_P,)),
    ("rd_kafka_event_type", _I, (_P,)),
    ("rd_kafka_event_error", _I, (_P,)),
    ("rd_kafka_event_error_string", _S, (_P,)),
    ("rd_kafka_event_log", _I, (_P, ctypes.POINTER(_S), ctypes.POINTER(_S), ctypes.POINTER(_I))),
    ("rd_kafka_event_message_count", _N, (_P,)),
    ("rd_kafka_event_message_array", _N, (_P, _P, _N)),
    ("rd_kafka_event_destroy", None, (_P,)),
    ("rd_kafka_message_errstr", _S, (_P,)),
    ("rd_kafka_fatal_error", _I, (_P, _P, _N)),
    ("rd_kafka_error_code", _I, (_P,)),
    ("rd_kafka_error_string", _S, (_P,)),
    ("rd_kafka_error_is_fatal", _I, (_P,)),
    ("rd_kafka_error_is_retriable", _I, (_P,)),
    ("rd_kafka_error_txn_requires_abort", _I, (_P,)),
    ("rd_kafka_error_destroy", None, (_P,)),
    ("rd_kafka_init_transactions", _P, (_P, _I)),
    ("rd_kafka_begin_transaction", _P, (_P,)),
    ("rd_kafka_commit_transaction", _P, (_P, _I)),
    ("rd_kafka_abort_transaction", _P, (_P, _I)),
    ("rd_kafka_send_offsets_to_transaction", _P, (_P, _P, _P, _I)),
    ("rd_kafka_topic_partition_list_new", _P, (_I,)),
    ("rd_kafka_topic_partition_list_add", _P, (_P, _S, _I32)),
    ("rd_kafka_topic_partition_list_set_offset", _I, (_P, _S, _I32, ctypes.c_int64)),
    ("rd_kafka_topic_partition_list_destroy", None, (_P,)),
    ("rd_kafka_consumer_group_metadata_read", _P, (ctypes.POINTER(_P), _P, _N)),
    ("rd_kafka_consumer_group_metadata_destroy", None, (_P,)),
)
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_LITTLE, _USUAL_PAD, _MUCH = 64 << 10, 128 << 10, 8 << 20  # bytes
_WORD: Final = 8
_OLDEST: Final = 0x02000000  # 2.0: everything used here is older
# Where the bytes of a bytes object begin, and where a list keeps the address of its items.
_BYTES_OFFSET: Final = bytes.__basicsize__ - 1
_ITEMS_OFFSET: Final = list.__basicsize__ - 2 * _WORD


def addresses(column: list[bytes]) -> array[int]:
    """Where the contents of each object begin; valid as long as the list and its items live unchanged.

    A list holds the addresses of its objects side by side. They are read as one big number, to which the size of the
    object header is added in every 64-bit lane at once: seven times faster than asking ``id()`` of each. No carry can
    cross a lane, since addresses end far below 2 to the 64th.
    """
    size = len(column) * _WORD
    if not size:
        return array("Q")
    items = ctypes.c_void_p.from_address(id(column) + _ITEMS_OFFSET).value
    objects = int.from_bytes((ctypes.c_char * size).from_address(items or 0), sys.byteorder)
    return array("Q", (objects + _lanes(len(column), _BYTES_OFFSET)).to_bytes(size, sys.byteorder))


def numbers(first: int, count: int) -> array[int]:
    """``count`` numbers from ``first`` on, made like :func:`addresses`: twice as fast as from a range."""
    counted = _counting(count) + first * _lanes(count, 1)
    return array("Q", counted.to_bytes(count * _WORD, sys.byteorder))


@functools.lru_cache(maxsize=4)
def _lanes(count: int, value: int) -> int:
    """The same 64-bit number, side by side."""
    return int.from_bytes(value.to_bytes(_WORD, sys.byteorder) * count, sys.byteorder)


@functools.lru_cache(maxsize=2)
def _counting(count: int) -> int:
    """0, 1, 2 … side by side."""
    return int.from_bytes(array("Q", range(count)).tobytes(), sys.byteorder)


def return_memory() -> None:
    """Give free pages back to the system; the allocator of glibc keeps them otherwise. Takes some milliseconds.

    Of an arena that threads have, what is free at its end is only given back when something large is freed there.
    """
    library = _allocator()
    if library is None:
        return
    library.mallopt(_M_TRIM_THRESHOLD, _LITTLE)
    library.mallopt(_M_TOP_PAD, 0)
    library.free(library.malloc(2 * _LITTLE))
    library.malloc_trim(0)
    library.mallopt(_M_TOP_PAD, _USUAL_PAD)
    library.mallopt(_M_TRIM_THRESHOLD, _MUCH)


@functools.cache
def _allocator() -> ctypes.CDLL | None:
    """The C library if its allocator is glibc's; large blocks come from its arenas, as they do after a while anyway."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "malloc_trim"):
        return None
    library.malloc.restype, library.malloc.argtypes = _P, (_N,)
    library.free.restype, library.free.argtypes = None, (_P,)
    library.mallopt(_M_MMAP_THRESHOLD, _MUCH // 2)
    return library


@functools.cache
def load() -> Library | None:
    """The library, once per process, or ``None`` where it can't be used; the log says why."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != _WORD or not _layout_is_known():
        log.info("Column producing is off: this interpreter lays out its objects in another way.")
        return None
    for path in _candidates():
        try:
            library = ctypes.CDLL(str(path))
            for name, result, arguments in _PROTOTYPES:
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (OSError, AttributeError) as error:
            log.info("Column producing cannot use %s: %s", path, error)
            continue
        if library.rd_kafka_version() >= _OLDEST:
            return library
    log.info("Column producing is off: no librdkafka was found beside confluent_kafka.")
    return None


def _candidates() -> list[Path]:
    """Shared libraries that wheels of confluent-kafka carry, on Linux and macOS."""
    spec = importlib.util.find_spec("confluent_kafka")
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).parent
    folders = (package.parent / "confluent_kafka.libs", package / ".dylibs")
    return [path for folder in folders for path in sorted(folder.glob("librdkafka[-.]*"))]


def _layout_is_known() -> bool:
    """Compare with what ``id()`` and a copy of memory say, before any address is trusted."""
    if getattr(sys, "_is_gil_enabled", lambda: True)() is False or list.__basicsize__ != _ITEMS_OFFSET + 2 * _WORD:
        return False
    column = [b"", b"first", bytes(range(256)), b"first"]
    if ctypes.c_ssize_t.from_address(id(column) + _ITEMS_OFFSET - _WORD).value != len(column):
        return False
    items = ctypes.c_void_p.from_address(id(column) + _ITEMS_OFFSET).value
    if not items or items % _WORD:
        return False
    found = addresses(column)
    if list(found) != [id(value) + _BYTES_OFFSET for value in column]:
        return False
    return all(ctypes.string_at(address, len(value)) == value for address, value in zip(found, column, strict=True))
