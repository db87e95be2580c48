"""The APIs of the Kafka protocol, one module each, named after key and name of the API.

Each module defines ``API`` and says in its docstring which versions it supports and what is missing. ``ALL`` is the
dispatch table.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barnabas.broker.api import Api

__all__ = ["ALL"]


def _collect() -> dict[int, Api]:
    modules = (import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    apis: list[Api] = [module.API for module in modules]
    return {api.key: api for api in sorted(apis, key=lambda api: api.key)}


ALL: dict[int, Api] = _collect()
