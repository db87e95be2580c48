"""Which pages a process has of its own, and why: fresh ones, and those copied from the process it was forked from.

    python -m campaigns.footprint_pages PID [--parent PID] [--words 20]

For Linux, and for root: the kernel tells page frames to nobody else. A page that differs from the parent's at the same
address was copied because something in it was written; ``--words`` lists what: by the type of the Python object whose
reference count changed, if it is one.
"""

from __future__ import annotations

import argparse
import contextlib
import mmap
import struct
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE = mmap.PAGESIZE
WORD = 8
_PRESENT, _EXCLUSIVE, _FRAME = 1 << 63, 1 << 56, (1 << 55) - 1
_HEAP = 64 << 20  # glibc's further arenas begin at multiples of this
_NAME_AT = 24  # of a type object: where the address of its name is
_LONGEST_NAME = 64


@dataclass(frozen=True)
class Mapping:
    """A line of ``/proc/PID/maps``."""

    start: int
    end: int
    mode: str
    path: str


@dataclass
class Kind:
    """Pages of one kind of mapping: those that are new, and those that the parent has too."""

    fresh: int = 0
    copied: int = 0
    addresses: list[int] = field(default_factory=list)


def mappings(pid: int) -> list[Mapping]:
    """The memory map of a process."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
        place, mode, _, _, _, *path = line.split(None, 5)
        start, end = (int(part, 16) for part in place.split("-"))
        found.append(Mapping(start, end, mode, path[0] if path else ""))
    return found


def entries(pid: int, mapping: Mapping) -> Iterator[tuple[int, int]]:
    """Addresses of the pages that are present, each with its entry of the kernel's page map."""
    if mapping.path in {"[vsyscall]", "[vvar]", "[vdso]"}:
        return
    with Path(f"/proc/{pid}/pagemap").open("rb") as file:
        file.seek(mapping.start // PAGE * WORD)
        data = file.read((mapping.end - mapping.start) // PAGE * WORD)
    for at, (entry,) in enumerate(struct.iter_unpack("<Q", data)):
        if entry & _PRESENT:
            yield mapping.start + at * PAGE, entry


def stack_pointers(pid: int) -> list[int]:
    """Where the stacks of a process's threads are; of those that wait in the kernel."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            found.append(int((task / "syscall").read_text(encoding="ascii").split()[-2], 16))
    return found


def kind_of(mapping: Mapping, stacks: Sequence[int]) -> str:
    """What a mapping is for."""
    if mapping.path:
        name = mapping.path.rpartition("/")[2] if mapping.path.startswith("/") else mapping.path
        return name if "w" in mapping.mode else f"{name} (read only)"
    if any(mapping.start <= pointer < mapping.end for pointer in stacks):
        return "stacks of threads"
    if mapping.start % _HEAP == 0:
        return "malloc: arenas of threads"
    return "anonymous: objects, large blocks, .bss"


def private_pages(pid: int, parent: int) -> dict[str, Kind]:
    """The pages that only this process has, by what they are for."""
    theirs = {at: entry & _FRAME for mapping in mappings(parent) for at, entry in entries(parent, mapping)}
    stacks = stack_pointers(pid)
    kinds: dict[str, Kind] = {}
    for mapping in mappings(pid):
        for at, entry in entries(pid, mapping):
            if not entry & _EXCLUSIVE:
                continue
            kind = kinds.setdefault(kind_of(mapping, stacks), Kind())
            if at in theirs:
                kind.copied += 1
                kind.addresses.append(at)
            else:
                kind.fresh += 1
    return kinds


# ---------------------------------------------------------------------- what was written
class Memory:
    """The memory of a process, read from outside."""

    def __init__(self, pid: int) -> None:
        self._file = Path(f"/proc/{pid}/mem").open("rb", buffering=0)  # noqa: SIM115  closed with the process
        self._names: dict[int, str | None] = {}

    def read(self, at: int, size: int) -> bytes:
        """Bytes; empty where nothing is mapped."""
        try:
            self._file.seek(at)
            return self._file.read(size)
        except (OSError, ValueError, OverflowError):
            return b""

    def type_name(self, at: int) -> str | None:
        """The name of the type at an address, if there is one."""
        if at not in self._names:
            self._names[at] = self._type_name(at)
        return self._names[at]

    def _type_name(self, at: int) -> str | None:
        if not at or at % WORD or len(pointer := self.read(at + _NAME_AT, WORD)) < WORD:
            return None
        text = self.read(struct.unpack("<Q", pointer)[0], _LONGEST_NAME).partition(b"\0")[0]
        name = text.decode("ascii", "replace")
        return name if name and name.replace(".", "").replace("_", "").isalnum() else None


def written(pid: int, parent: int, pages: Sequence[int]) -> tuple[Counter[str], Counter[str]]:
    """What differs in copied pages: words by the type of their object, and pages by how much of them differs."""
    ours, theirs = Memory(pid), Memory(parent)
    words: Counter[str] = Counter()
    amounts: Counter[str] = Counter()
    for page in pages:
        new, old = ours.read(page, PAGE + WORD), theirs.read(page, PAGE)
        if len(new) < PAGE or len(old) < PAGE:
            continue
        new_words = struct.unpack(f"<{len(new) // WORD}Q", new[: len(new) // WORD * WORD])
        changed = [at for at, word in enumerate(struct.unpack(f"<{PAGE // WORD}Q", old)) if word != new_words[at]]
        amounts[amount(len(changed))] += 1
        for at in changed:
            following = new_words[at + 1] if at + 1 < len(new_words) else 0
            words[ours.type_name(following) or "(no reference count)"] += 1
    return words, amounts


def amount(words: int) -> str:
    """How much of a page differs, in words of eight bytes."""
    for limit in (0, 1, 2, 4, 8, 16, 64):
        if words <= limit:
            return f"up to {limit:3}"
    return "more"


def main(arguments: Sequence[str]) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Which pages a process has of its own, and why.")
    parser.add_argument("pid", type=int)
    parser.add_argument("--parent", type=int, help="compare with this process (default: its parent)")
    parser.add_argument("--words", type=int, default=0, help="say what was written in copied pages: so many types")
    options = parser.parse_args(arguments)
    parent = options.parent or psutil.Process(options.pid).ppid()
    kinds = private_pages(options.pid, parent)
    print(f"{'kB':>8} {'fresh':>8} {'copied':>8}")
    for name, kind in sorted(kinds.items(), key=lambda item: -item[1].fresh - item[1].copied):
        fresh, copied = kind.fresh * PAGE // 1024, kind.copied * PAGE // 1024
        print(f"{fresh + copied:8} {fresh:8} {copied:8}  {name}")
    fresh, copied = (
        sum(getattr(kind, which) for kind in kinds.values()) * PAGE // 1024 for which in ("fresh", "copied")
    )
    print(f"{fresh + copied:8} {fresh:8} {copied:8}  in all")
    if options.words:
        words, amounts = written(options.pid, parent, [at for kind in kinds.values() for at in kind.addresses])
        print("copied pages by the number of words that differ:", dict(sorted(amounts.items())))
        for name, count in words.most_common(options.words):
            print(f"{count:8}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
