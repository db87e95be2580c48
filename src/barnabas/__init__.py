"""Barnabas: data between Apache Kafka and everything else.

What is importable from here is the public API for authors of connectors, transforms and converters; nothing else is.
"""

from __future__ import annotations

from barnabas.config import Config, ConfigDef, ConfigValue, Importance, Password, Type, Width
from barnabas.connector import (
    Connector,
    ConnectorContext,
    ConnectorTransactionBoundaries,
    ErrantRecordReporter,
    ExactlyOnceSupport,
    OffsetStorageReader,
    SinkConnector,
    SinkTask,
    SinkTaskContext,
    SourceConnector,
    SourceConnectorContext,
    SourceTask,
    SourceTaskContext,
    Task,
    TransactionBoundary,
    TransactionContext,
)
from barnabas.converters.base import Converter, HeaderConverter
from barnabas.errors import (
    AlreadyExistsError,
    BarnabasError,
    ConfigError,
    ConnectError,
    DataError,
    IllegalWorkerStateError,
    NotFoundError,
    RetriableError,
    SchemaBuilderError,
    SchemaProjectorError,
)
from barnabas.predicates.base import Predicate
from barnabas.record import (
    Header,
    Headers,
    Now,
    RecordMetadata,
    SinkBatch,
    SinkRecord,
    SourceBatch,
    SourceRecord,
    TopicPartition,
)
from barnabas.schema import Field, Schema, SchemaAndValue, SchemaBuilder
from barnabas.transforms.base import Transformation

__all__ = [
    "AlreadyExistsError",
    "BarnabasError",
    "Config",
    "ConfigDef",
    "ConfigError",
    "ConfigValue",
    "ConnectError",
    "Connector",
    "ConnectorContext",
    "ConnectorTransactionBoundaries",
    "Converter",
    "DataError",
    "ErrantRecordReporter",
    "ExactlyOnceSupport",
    "Field",
    "Header",
    "HeaderConverter",
    "Headers",
    "IllegalWorkerStateError",
    "Importance",
    "NotFoundError",
    "Now",
    "OffsetStorageReader",
    "Password",
    "Predicate",
    "RecordMetadata",
    "RetriableError",
    "Schema",
    "SchemaAndValue",
    "SchemaBuilder",
    "SchemaBuilderError",
    "SchemaProjectorError",
    "SinkBatch",
    "SinkConnector",
    "SinkRecord",
    "SinkTask",
    "SinkTaskContext",
    "SourceBatch",
    "SourceConnector",
    "SourceConnectorContext",
    "SourceRecord",
    "SourceTask",
    "SourceTaskContext",
    "Task",
    "TopicPartition",
    "TransactionBoundary",
    "TransactionContext",
    "Transformation",
    "Type",
    "Width",
]
