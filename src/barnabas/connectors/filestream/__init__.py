"""Lines of a text file into a topic, and a topic's values into lines of a file: Kafka's FileStream connectors."""

from __future__ import annotations

from barnabas.connectors.filestream.sink import FileStreamSinkConnector, FileStreamSinkTask
from barnabas.connectors.filestream.source import FileStreamSourceConnector, FileStreamSourceTask

__all__ = [
    "FileStreamSinkConnector",
    "FileStreamSinkTask",
    "FileStreamSourceConnector",
    "FileStreamSourceTask",
]
