"""Writes the source file of a campaign while it runs: a steady rate, now and then stopping in the middle of a line."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from campaigns.verdict import line

if TYPE_CHECKING:
    from pathlib import Path

_EVERY_S = 0.05


class Feeder(threading.Thread):
    """Appends numbered lines to ``path`` until told to stop; ``written`` counts the complete ones."""

    def __init__(self, path: Path, per_second: int) -> None:
        super().__init__(name="feeder", daemon=True)
        self._path = path
        self._per_tick = max(1, round(per_second * _EVERY_S))
        self._end = threading.Event()
        self.written = 0

    def run(self) -> None:
        """Write; ends with a complete line."""
        cut = random.Random(0)
        with self._path.open("wb", buffering=0) as file:
            while not self._end.is_set():
                text = b"".join(line(self.written + index) for index in range(self._per_tick))
                middle = cut.randrange(len(text))
                file.write(text[:middle])
                time.sleep(_EVERY_S / 2)
                file.write(text[middle:])
                self.written += self._per_tick
                self._end.wait(_EVERY_S / 2)

    def finish(self) -> int:
        """Stop; the number of lines written."""
        self._end.set()
        self.join()
        return self.written
