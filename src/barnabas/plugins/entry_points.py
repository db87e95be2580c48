"""Plugins that installed packages declare: entry points of the group ``barnabas.plugins``, read without importing any.

The name of an entry point is its kind, a dot, and anything that makes it unique; the value is the class::

    [project.entry-points."barnabas.plugins"]
    "source.orders" = "orders_connector.source:OrdersSourceConnector"
"""

from __future__ import annotations

import logging
from importlib import metadata
from typing import TYPE_CHECKING

from barnabas.plugins.loading import BASES
from barnabas.supervisor.api import PluginRef

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["GROUP", "refs_of"]

GROUP = "barnabas.plugins"

log = logging.getLogger(__name__)


def refs_of(distributions: Iterable[metadata.Distribution], home: str | None) -> list[PluginRef]:
    """The plugins that these distributions declare; a malformed declaration is skipped with a warning."""
    found = []
    for distribution in distributions:
        for entry in distribution.entry_points:
            if entry.group == GROUP:
                ref = _ref(entry, distribution, home)
                if ref is not None:
                    found.append(ref)
    return found


def _ref(entry: metadata.EntryPoint, distribution: metadata.Distribution, home: str | None) -> PluginRef | None:
    kind = entry.name.partition(".")[0]
    if kind not in BASES or ":" not in entry.value:
        log.warning(
            'The package %s declares the plugin "%s" = "%s", which is ignored: the name must start with its kind (%s) '
            "and a dot, the value must be module:Class.",
            distribution.name,
            entry.name,
            entry.value,
            ", ".join(BASES),
        )
        return None
    path = entry.value.replace(" ", "")
    return PluginRef(
        name=path.replace(":", "."),
        path=path,
        kind=kind,
        home=home,
        version=distribution.version,
    )
