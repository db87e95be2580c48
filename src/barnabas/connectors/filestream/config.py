"""The keys of the file connectors: exactly those of Kafka's, so that validation answers are the same."""

from __future__ import annotations

from barnabas import ConfigDef, Type
from barnabas.config import NonEmptyString

__all__ = ["SINK", "SOURCE"]

SOURCE = (
    ConfigDef()
    .define(
        "file",
        Type.STRING,
        default=None,
        importance="high",
        doc="The file to read; it is waited for when it does not exist. Left out: the worker's standard input.",
    )
    .define("topic", Type.STRING, validator=NonEmptyString(), importance="high", doc="The topic that lines go to.")
    .define(
        "batch.size", Type.INT, default=2000, importance="low", doc="How many lines are handed over at once at most."
    )
)

SINK = ConfigDef().define(
    "file",
    Type.STRING,
    default=None,
    importance="high",
    doc="The file to append to; it is created when it does not exist. Left out: the worker's standard output.",
)
