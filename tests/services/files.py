"""Looks at files that something else is writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20


class LineCounter:
    """Counts the line ends of a growing file, reading each byte once. A file that is not there yet has none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines = 0
        self.bytes = 0

    def look(self) -> int:
        """Read what is new; the lines so far."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self.bytes)
                while chunk := file.read(_CHUNK):
                    self.lines += chunk.count(b"\n")
                    self.bytes += len(chunk)
        return self.lines
