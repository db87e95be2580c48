"""The text that the demo moves: a service's log with everything that makes line-based copying hard.

The same bytes each time. Every line differs from every other except the empty ones, so that a lost, repeated or
reordered line shows up in a byte-for-byte comparison.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = 1_200_000
_BLOCK = 20_000
_SEED = 4_3_1

_LEVELS = ("INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR")
_ROOMS = ("checkout", "inventory", "billing", "search", "mail", "sessions", "Zürich-02", "東京-1")
_TEXTS = (
    "order {n} accepted for Jürgen Müßig, 3 items, total €{d}.90",
    "cache miss on key user:{n}; loading from the database took {d} ms",
    'GET /api/v2/items/{n}?lang=fr 200 {d}ms "Mozilla/5.0 (X11; Linux x86_64)"',
    "наличие товара {n} обновлено, остаток {d}",
    "注文 {n} を発送しました {d} 個",
    "retrying delivery of message {n}, attempt {d}: connection reset by peer",
    "\tat com.example.shop.Cart.add(Cart.java:{d}) [request {n}]",
    "    trailing and leading spaces are part of line {n}   ",
    "🚀 release {n} is live 🎉 after {d} builds",
    '{{"event":"login","user":{n},"ok":true,"tags":["a","b"],"note":"quotes \\" and \\\\ too"}}',
    "naïve café crème brûlée, order {n}",
    "{n}",
)
_LONG = "The quick brown fox jumps over the lazy dog; " * 40


def _line(number: int, choose: random.Random) -> str:
    pick = choose.random()
    if pick < 0.02:  # noqa: PLR2004 - one line in fifty is empty
        return ""
    detail = choose.randrange(1, 1000)
    text = choose.choice(_TEXTS).format(n=number, d=detail)
    if pick < 0.021:  # noqa: PLR2004 - and one in a thousand longer than a common buffer
        text += " " + _LONG[: detail * 2]
    clock = f"{number // 3_600_000 % 24:02}:{number // 60_000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}"
    return f"2026-11-21T{clock}Z {choose.choice(_LEVELS):5} [{choose.choice(_ROOMS)}] {text}"


def _blocks(lines: int) -> Iterator[str]:
    choose = random.Random(_SEED)  # noqa: S311 - the same text each time is the point
    for start in range(0, lines, _BLOCK):
        stop = min(start + _BLOCK, lines)
        yield "".join(f"{_line(number, choose)}\n" for number in range(start, stop))


def write_text(path: Path, lines: int = LINES) -> int:
    """Write ``lines`` lines to ``path``; the size in bytes."""
    with path.open("wb") as file:
        for block in _blocks(lines):
            file.write(block.encode())
        return file.tell()
