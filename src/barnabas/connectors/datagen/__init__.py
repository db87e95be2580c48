"""Made-up records from a template, for demonstrations, tests and load."""

from __future__ import annotations

from barnabas.connectors.datagen.source import DatagenSourceConnector, DatagenSourceTask

__all__ = ["DatagenSourceConnector", "DatagenSourceTask"]
