"""The plugins that are part of Barnabas: a table, so that listing and finding them imports nothing.

The name is that of the Java class each stands in for, where there is one: configurations written for Kafka Connect work
unchanged, and ``GET /connector-plugins`` shows what its clients expect.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata

from barnabas.converters import CONVERTERS, HEADER_CONVERTERS, REGISTRY_CONVERTERS
from barnabas.kafka_version import KAFKA_VERSION
from barnabas.predicates.names import PREDICATES
from barnabas.supervisor.api import PluginKind, PluginRef
from barnabas.transforms.names import PYTHON, TRANSFORMS

__all__ = ["KAFKA_VERSION", "MORE_NAMES", "builtin"]

MORE_NAMES = {
    **dict.fromkeys(("Datagen", "DatagenConnector"), "barnabas.connectors.datagen.source.DatagenSourceConnector"),
    **dict.fromkeys(("JdbcSink", "JdbcSinkConnector"), "io.confluent.connect.jdbc.JdbcSinkConnector"),
    "PostgresCdcSource": "io.debezium.connector.postgresql.PostgresConnector",
    "python": PYTHON.replace(":", "."),
}
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
    *(
        (
            "source",
            f"org.apache.kafka.connect.mirror.{name}",
            f"barnabas.connectors.mirror.{module}:{name}",
        )
        for module, name in (
            ("checkpoint", "MirrorCheckpointConnector"),
            ("heartbeat", "MirrorHeartbeatConnector"),
            ("source", "MirrorSourceConnector"),
        )
    ),
    ("source", "io.confluent.connect.jdbc.JdbcSourceConnector", "barnabas.connectors.jdbc.source:JdbcSourceConnector"),
    ("sink", "io.confluent.connect.jdbc.JdbcSinkConnector", "barnabas.connectors.jdbc.sink:JdbcSinkConnector"),
    (
        "sink",
        "io.debezium.connector.jdbc.JdbcSinkConnector",
        "barnabas.connectors.jdbc.sink_debezium:DebeziumJdbcSinkConnector",
    ),
    (
        "source",
        "io.debezium.connector.postgresql.PostgresConnector",
        "barnabas.connectors.postgres.source:PostgresCdcSource",
    ),
    ("source", None, "barnabas.connectors.network.source:NetworkSourceConnector"),
    ("source", None, "barnabas.connectors.datagen.source:DatagenSourceConnector"),
)


def builtin() -> list[PluginRef]:
    """Every plugin of ours."""
    own = _version()
    refs = [
        PluginRef(
            name=java or path.replace(":", "."),
            path=path,
            kind=kind,
            version=KAFKA_VERSION if java and java.startswith("org.apache.kafka.") else own,
            trusted=True,
        )
        for kind, java, path in _CONNECTORS
    ]
    tables: tuple[tuple[PluginKind, Mapping[str, str]], ...] = (
        ("transformation", TRANSFORMS),
        ("predicate", PREDICATES),
        ("converter", CONVERTERS),
        ("header_converter", HEADER_CONVERTERS),
    )
    refs += [
        PluginRef(name=java, path=path, kind=kind, version=KAFKA_VERSION, trusted=True)
        for kind, table in tables
        for java, path in table.items()
    ]
    refs += [
        PluginRef(name=java, path=path, kind="converter", version=own, trusted=True)
        for java, path in REGISTRY_CONVERTERS.items()
    ]
    python = PluginRef(name=PYTHON.replace(":", "."), path=PYTHON, kind="transformation", version=own, trusted=True)
    return [*refs, python]


def _version() -> str:
    try:
        return metadata.version("barnabas")
    except metadata.PackageNotFoundError:  # run from sources, without being installed
        return "undefined"
