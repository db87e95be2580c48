"""What a host may use: memory, open files, and stacks, which count as memory whether or not they are used.

The limit of memory is the kernel's, for the private data that a process has asked for. It is set before the host runs
anything, and may only be raised by the host's own main thread, as units arrive.
"""

from __future__ import annotations

import contextlib
import ctypes
import resource
import threading
from typing import Final

__all__ = ["UNIT", "MemoryLimit", "allow_files", "limit_memory", "set_stacks"]

UNIT: Final = 12 << 20
"""Bytes that a further unit of a shared host adds to its limit: the stacks of its threads, most of it, and clients."""

_STACK: Final = 8 << 20  # of Python's threads: room for Python's limit of recursion
_LIBRARY_STACK: Final = 512 << 10  # of the threads of libraries: a Kafka client starts several
_ATTRIBUTES: Final = 128  # bytes, at least the size of pthread_attr_t on any platform


def set_stacks() -> None:
    """Give the threads of libraries small stacks, and Python's the usual ones; holds for processes forked from here."""
    threading.stack_size(_STACK)
    library = ctypes.CDLL(None)
    setter = getattr(library, "pthread_setattr_default_np", None)
    if setter is None:  # another C library: its stacks are small anyway
        return
    attributes = ctypes.create_string_buffer(_ATTRIBUTES)
    library.pthread_attr_init(attributes)
    if library.pthread_attr_setstacksize(attributes, ctypes.c_size_t(_LIBRARY_STACK)) == 0:
        setter(attributes)
    library.pthread_attr_destroy(attributes)


def allow_files() -> None:
    """Raise the number of open files to what this user may have: a shared host has a dozen for each of its tasks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # not every system takes its own upper limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def limit_memory(size: int) -> None:
    """Bound the private data of this process, in bytes; 0 is unlimited. It can be raised again."""
    if size > 0:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        size = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


class MemoryLimit:
    """Grows with the units of a host, so that it stops one that takes too much, whether it runs alone or among many.

    It does not shrink: what a unit leaves behind may still be in use.
    """

    def __init__(self) -> None:
        self._alone, self._hard = resource.getrlimit(resource.RLIMIT_DATA)
        self._most = 1

    def hold(self, units: int) -> None:
        """There are so many now; called before the last of them starts."""
        if units <= self._most:
            return
        self._most = units
        if self._alone == resource.RLIM_INFINITY:
            return
        size = self._alone + (units - 1) * UNIT
        if self._hard != resource.RLIM_INFINITY:
            size = min(size, self._hard)
        resource.setrlimit(resource.RLIMIT_DATA, (size, self._hard))
