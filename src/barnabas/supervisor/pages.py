"""How the fork server arranges memory so that its hosts share as much of it as can be.

Done by the compiled part (``native/pages.c`` says how); without it, hosts are as right and larger. ``BARNABAS_PAGES=0``
in the environment switches this off and leaves the rest of the compiled part on.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType
from typing import Any

from barnabas import _columns

native = None if os.environ.get("BARNABAS_PAGES") == "0" else _columns.native

__all__ = ["bring_together", "fill", "gather", "share"]


def gather() -> None:
    """Have large objects put beside each other from now on: called before the fork server imports what hosts need."""
    if native is not None:
        native.gather_large()


def fill() -> None:
    """Take what is free here and there, so that hosts put what they make into new pages, side by side.

    Called by the fork server before hosts are forked, when its garbage has been collected.
    """
    if native is not None and "PYTHONMALLOC" not in os.environ and not sys.flags.dev_mode:
        native.fill_pools()


def share() -> None:
    """Put all objects that there are into memory from which a host's copies can be given back.

    Called once, with one thread, before objects are frozen. None of them is ever freed from then on.
    """
    if native is not None:
        native.share_pages()


def bring_together(rehearsal: Callable[[], None]) -> None:
    """Put the code that a rehearsal runs side by side; it is to be warmed up after that.

    The interpreter writes to code that it runs, and what runs in a task is a small part of what was imported: here and
    there in many pages, all of which would be the task's own. The functions stay the same objects.
    """
    if native is None:
        return
    used: dict[int, CodeType] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            used.setdefault(id(frame.f_code), frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        rehearsal()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    gc.collect()
    fill()
    functions: dict[int, list[FunctionType]] = {}
    for found in gc.get_objects():
        if type(found) is FunctionType and id(found.__code__) in used:
            functions.setdefault(id(found.__code__), []).append(found)
    for number, code in used.items():  # in the order in which they ran
        copy = _copy(code)
        for function in functions.get(number, ()):
            function.__code__ = copy


def _copy(code: CodeType) -> CodeType:
    inner = [_copy(const) if isinstance(const, CodeType) else const for const in code.co_consts]
    return code.replace(co_consts=tuple(inner))
