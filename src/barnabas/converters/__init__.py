"""Converters: between Connect values and the bytes in Kafka; none is loaded before it is used."""

from __future__ import annotations

from barnabas.converters.names import (
    CONVERTERS,
    HEADER_CONVERTERS,
    REGISTRY_CONVERTERS,
    canonical_name,
    load_converter,
    load_header_converter,
)

__all__ = [
    "CONVERTERS",
    "HEADER_CONVERTERS",
    "REGISTRY_CONVERTERS",
    "canonical_name",
    "load_converter",
    "load_header_converter",
]
