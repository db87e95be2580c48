"""How the fork server arranges memory so that its hosts share as much of it as can be.

Done by the compiled part (``native/pages.c`` says how); without it, hosts are as right and larger.
"""

from __future__ import annotations

import os
import sys

from barnabas._columns import native

__all__ = ["fill", "gather", "share"]


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
