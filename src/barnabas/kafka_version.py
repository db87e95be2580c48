"""Which version of Apache Kafka Connect this behaves like: what workers and classes that stand in for Java's say."""

from __future__ import annotations

__all__ = ["KAFKA_VERSION"]

KAFKA_VERSION = "4.3.1"
