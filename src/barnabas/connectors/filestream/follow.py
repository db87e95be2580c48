"""Reading what is appended to a file, through truncation and rotation, or to standard input: bytes only, no lines."""

from __future__ import annotations

import errno
import logging
import os
import select
import stat
import time
from abc import ABC, abstractmethod
from pathlib import Path

from barnabas import ConnectError

__all__ = ["Follower", "InputFollower", "PathFollower"]

log = logging.getLogger(__name__)

_GRACE_SECONDS = 1.0
"""How long a replaced file must have been quiet before it is taken as finished: its writer may still hold it open."""


class Follower(ABC):
    """Something that grows. One thread, one caller; nothing here waits."""

    position: int | None = None
    """Where the next byte will be read, in bytes; ``None`` where there are no positions to come back to."""

    ended = False
    """What was read so far is complete: the caller takes the last line as it is, then calls :meth:`advance`."""

    @abstractmethod
    def read_into(self, room: memoryview) -> int:
        """How many more bytes there were, at most as many as there is room for; 0 when there are none now.

        Raises:
            ConnectError: It cannot be read.
        """

    @abstractmethod
    def advance(self) -> None:
        """Go on after :attr:`ended`, with whatever took the old one's place."""

    @abstractmethod
    def close(self) -> None:
        """Release it; may be called at any time, more than once."""


class PathFollower(Follower):
    """A file by its name, which need not exist yet; a named pipe works too, without positions.

    Args:
        path: As configured.
        position: Where to go on, in bytes; ``None`` starts at the beginning.
    """

    def __init__(self, path: str, position: int | None) -> None:
        self._path = path
        self._start = position or 0
        self._fd: int | None = None
        self._identity = (0, 0)
        self._regular = True
        self._missed = False
        self._quiet_since: float | None = None

    def read_into(self, room: memoryview) -> int:
        """See :class:`Follower`; a missing file reads as nothing and is logged once."""
        if self._fd is None and not self._open():
            return 0
        count = self._read(room)
        if count:
            self._quiet_since = None
        elif self._regular:
            self.ended = self._shrunk() or self._replaced()
        return count

    def _read(self, room: memoryview) -> int:
        assert self._fd is not None
        try:
            count = os.readv(self._fd, [room])
        except BlockingIOError:  # a named pipe whose writer is slow
            return 0
        except OSError as error:
            raise self._unreadable(error) from error
        if self.position is not None:
            self.position += count
        return count

    def _open(self) -> bool:
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            if not self._missed:
                log.warning("file: %s does not exist; waiting for it to be created.", self._path)
            self._missed = True
            return False
        except OSError as error:
            raise self._unreadable(error) from error
        about = os.fstat(self._fd)
        if stat.S_ISDIR(about.st_mode):
            raise self._unreadable(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
        self._identity = (about.st_dev, about.st_ino)
        self._regular = stat.S_ISREG(about.st_mode)
        self._missed = False
        if self._regular:
            self._seek(about.st_size)
        return True

    def _seek(self, size: int) -> None:
        assert self._fd is not None
        if self._start > size:
            log.warning("file: %s has %d bytes, fewer than the %d read before: it was truncated or replaced while the "
                        "task was down, and is read from its start.", self._path, size, self._start)  # fmt: skip
            self._start = 0
        self.position = os.lseek(self._fd, self._start, os.SEEK_SET)
        self._start = 0

    def _shrunk(self) -> bool:
        """Whether somebody cut the file shorter than what was read of it."""
        assert self._fd is not None
        assert self.position is not None
        size = os.fstat(self._fd).st_size
        if size >= self.position:
            return False
        log.info(
            "file: %s was truncated from %d to %d bytes; reading it from its start.", self._path, self.position, size
        )
        return True

    def _replaced(self) -> bool:
        """Whether the name means another file now, and this one had time to get its last lines."""
        try:
            about = Path(self._path).stat()
        except OSError:  # renamed away, and the new one is not there yet (or not for us): this one may still grow
            return False
        if (about.st_dev, about.st_ino) == self._identity:
            self._quiet_since = None
            return False
        now = time.monotonic()
        if self._quiet_since is None:
            self._quiet_since = now
        if now - self._quiet_since < _GRACE_SECONDS:
            return False
        log.info("file: %s was replaced by another file; reading the new one from its start.", self._path)
        return True

    def advance(self) -> None:
        """See :class:`Follower`: the file that has the name now is read from its start."""
        self.close()
        self.ended = False
        self._start = 0

    def close(self) -> None:
        """See :class:`Follower`."""
        self._quiet_since = None
        self.position = None
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _unreadable(self, error: OSError) -> ConnectError:
        return ConnectError(
            f"file: {self._path} cannot be read: {error.strerror}.",
            code="BRN-7101",
            key="file",
            remedy="Name a file that the worker's user may read.",
        )


class InputFollower(Follower):
    """Standard input, or any other descriptor that is not a file: what was read is gone, so there are no positions."""

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._over = False

    def read_into(self, room: memoryview) -> int:
        """See :class:`Follower`; never blocks, so that a stop is seen."""
        try:
            if self._over or not select.select([self._fd], [], [], 0)[0]:
                return 0
            count = os.readv(self._fd, [room])
        except (OSError, ValueError) as error:
            raise ConnectError(
                f"Standard input cannot be read: {error}.",
                code="BRN-7102",
                key="file",
                remedy="Set file, or start the worker with an open standard input.",
            ) from error
        if not count:
            log.info("Standard input has ended; there is nothing more to read.")
            self.ended = self._over = True
        return count

    def advance(self) -> None:
        """See :class:`Follower`: nothing comes after the end of the input."""
        self.ended = False

    def close(self) -> None:
        """See :class:`Follower`; the descriptor belongs to the process, and stays open."""
