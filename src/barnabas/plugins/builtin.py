"""The plugins that are part of Barnabas: a table, so that listing and finding them imports nothing.

The name is that of the Java class each stands in for, where there is one: configurations written for Kafka Connect work
unchanged, and ``GET /connector-plugins`` shows what its clients expect.
"""

from __future__ import annotations

from importlib import metadata

from barnabas.converters import CONVERTERS, HEADER_CONVERTERS
from barnabas.supervisor.api import PluginKind, PluginRef

__all__ = ["MORE_NAMES", "builtin"]

MORE_NAMES = dict.fromkeys(("Datagen", "DatagenConnector"), "barnabas.connectors.datagen.source.DatagenSourceConnector")
"""Short names beyond those that the rules give."""

_CONNECTORS: tuple[tuple[PluginKind, str | None, str], ...] = (
    (
        "sink",
        "org.apache.kafka.connect.file.FileStreamSinkConnector",
        "barnabas.connectors.filestream.sink:FileStreamSinkConnector",
    ),
    (
        "source",
        "org.apache.kafka.connect.file.FileStreamSourceConnector",
        "barnabas.connectors.filestream.source:FileStreamSourceConnector",
    ),
    ("source", None, "barnabas.connectors.network.source:NetworkSourceConnector"),
    ("source", None, "barnabas.connectors.datagen.source:DatagenSourceConnector"),
)


def builtin() -> list[PluginRef]:
    """Every plugin of ours."""
    version = _version()
    refs = [
        PluginRef(name=java or path.replace(":", "."), path=path, kind=kind, version=version, trusted=True)
        for kind, java, path in _CONNECTORS
    ]
    converters: list[tuple[PluginKind, str, str]] = [
        *(("converter", java, path) for java, path in CONVERTERS.items()),
        *(("header_converter", java, path) for java, path in HEADER_CONVERTERS.items()),
    ]
    refs += [
        PluginRef(name=java, path=path, kind=kind, version=version, trusted=True) for kind, java, path in converters
    ]
    return refs


def _version() -> str:
    try:
        return metadata.version("barnabas")
    except metadata.PackageNotFoundError:  # run from sources, without being installed
        return "undefined"
