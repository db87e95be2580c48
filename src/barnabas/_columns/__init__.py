"""Loops over columns: compiled (``barnabas._native``) where that was built, else in Python.

The modules here say what their functions do; which implementation they are is decided once, when they are imported. The
Python ones are the reference: a compiled one answers the same, or ``None`` for a column that is not for it. Nothing but
speed depends on it. ``BARNABAS_NATIVE=0`` in the environment switches the compiled part off.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Final

from barnabas._schema.exact import Int8, Int16, Int32, Int64

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["native"]

_REVISION: Final = 2  # of the compiled part's functions: one that was built from other sources is not used


def _load() -> ModuleType | None:
    if os.environ.get("BARNABAS_NATIVE") == "0":
        return None
    try:
        found = importlib.import_module("barnabas._native")
    except ImportError:  # it was not built, which is no error
        return None
    if found.REVISION != _REVISION:
        return None
    found.learn_integers((Int8, Int16, Int32, Int64))
    return found


native: Final = _load()
"""The compiled part; ``None`` where it is not used."""
