"""Loops over columns: compiled (``barnabas._native``) where that was built, else in Python.

The modules here say what their functions do; which implementation they are is decided once, when they are imported. The
Python ones are the reference: a compiled one answers the same, or ``None`` for a column that is not for it. Nothing but
speed depends on it. ``BARNABAS_NATIVE=0`` in the environment switches the compiled part off.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from barnabas._schema.exact import Int8, Int16, Int32, Int64

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["native"]

_REVISION: Final = 1  # of the compiled part's functions: one that was built from other sources is not used


def _load() -> ModuleType | None:
    if os.environ.get("BARNABAS_NATIVE") == "0":
        return None
    try:
        from barnabas import _native  # noqa: PLC0415  it may be missing, which is no error
    except ImportError:
        return None
    if _native.REVISION != _REVISION:
        return None
    _native.learn_integers((Int8, Int16, Int32, Int64))
    return _native


native: Final = _load()
"""The compiled part; ``None`` where it is not used."""
