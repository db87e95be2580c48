"""Source offsets in one local file, in the JVM's own format: either worker goes on where the other stopped."""

# ruff: noqa: D102  the contracts are on the interface
from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from barnabas.errors import ConfigError, ConnectError, DataError
from barnabas.store.base import OffsetStore
from barnabas.store.java_hashmap import dump_map, load_map
from barnabas.store.offset_keys import canonical, parse_key

__all__ = ["FileOffsetStore"]

_KEY = "offset.storage.file.filename"


class _Batch:
    """Entries that are written together, and the promise to everybody who gave some."""

    def __init__(self) -> None:
        self.entries: dict[bytes, bytes | None] = {}
        self.written: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class FileOffsetStore(OffsetStore):
    """The file is read once, and written whole after each change: next to it first, then moved over it.

    Writes of several tasks that arrive while one is under way go into the next write together. The file's mode is kept,
    and a symbolic link stays one. A crash at any moment leaves either the old or the new content.

    Args:
        path: ``offset.storage.file.filename``; a missing or empty file is an empty store.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._data: dict[bytes, bytes | None] = {}
        self._keys: dict[bytes, bytes] = {}
        self._next: _Batch | None = None
        self._writer: asyncio.Task[None] | None = None
        self._new_mode = 0o666

    async def start(self) -> None:
        umask = os.umask(0)
        os.umask(umask)
        self._new_mode = 0o666 & ~umask
        try:
            self._path = self._path.resolve()
            data = self._path.read_bytes() if self._path.exists() else b""
        except (OSError, RuntimeError) as error:
            raise _unusable(self._path, f"cannot be read: {_reason(error)}") from error
        folder = self._path.parent
        if not folder.is_dir():
            raise _unusable(self._path, f"cannot be written: the folder {folder} does not exist")
        if not os.access(folder, os.W_OK):
            raise _unusable(self._path, f"cannot be written: the folder {folder} is not writable")
        if self._path.exists() and not os.access(self._path, os.W_OK):
            raise _unusable(self._path, "cannot be written: it is read-only")
        try:
            self._data = load_map(data) if data else {}
        except DataError as error:
            raise ConfigError(
                f"The offsets file {self._path} cannot be understood: {error.message}.",
                key=_KEY,
                remedy="Name the offsets file of a standalone worker, or move this one away to start without offsets.",
                code="BRN-1031",
            ) from error
        self._keys = {canonical(key): key for key in self._data}

    async def stop(self) -> None:
        if self._writer is not None:
            await asyncio.shield(self._writer)

    async def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self._data.get(self._keys.get(canonical(key), key)) for key in keys]

    async def set(self, entries: Mapping[bytes, bytes | None]) -> None:
        if self._next is None:
            self._next = _Batch()
        batch = self._next
        batch.entries.update(entries)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all(), name="offsets file")
        await asyncio.shield(batch.written)

    def partitions(self, connector: str) -> list[tuple[dict[str, Any], bytes]]:
        found = []
        for key, value in self._data.items():
            parsed = parse_key(key)
            if value is not None and parsed is not None and parsed[0] == connector:
                found.append((parsed[1], value))
        return found

    async def _write_all(self) -> None:
        """Write batches as long as there are some; each either becomes the content, or fails as a whole."""
        try:
            while (batch := self._next) is not None:
                self._next = None
                data, keys = self._merged(batch.entries)
                try:
                    await asyncio.to_thread(_replace, self._path, dump_map(data), self._new_mode)
                except OSError as error:
                    failure = ConnectError(
                        f"Source offsets cannot be written to {self._path}: {_reason(error)}.",
                        key=_KEY,
                        remedy="Make room or repair the permissions; they are written again with the next commit.",
                        code="BRN-2130",
                    )
                    batch.written.set_exception(failure)
                    batch.written.exception()  # everybody who waited may have gone: no "never retrieved" then
                else:
                    self._data, self._keys = data, keys
                    batch.written.set_result(None)
        finally:
            self._writer = None

    def _merged(self, entries: Mapping[bytes, bytes | None]) -> tuple[dict[bytes, bytes | None], dict[bytes, bytes]]:
        """Content after these changes. A key keeps the bytes it was first stored with: a JVM looks it up by them."""
        data, keys = dict(self._data), dict(self._keys)
        for key, value in entries.items():
            form = canonical(key)
            if value is None:
                data.pop(keys.pop(form, key), None)
            else:
                data[keys.setdefault(form, key)] = value
        return data, keys


def _replace(path: Path, data: bytes, new_mode: int) -> None:
    """Put ``data`` in the place of a file so that a crash leaves the one or the other; runs in a thread."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mode = new_mode
    fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(fd, "wb") as file:  # noqa: PTH123  a descriptor, no path
            file.write(data)
            file.flush()
            os.fchmod(fd, mode)
            os.fsync(fd)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unusable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"The offsets file {path} {why}.",
        key=_KEY,
        remedy="Name a file in a folder that exists and is writable; it is created when it is missing.",
        code="BRN-1030",
    )


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
