"""What Java's ``getClass`` would say of a value: messages of converters name it."""

from __future__ import annotations

from barnabas._schema.names import java_class

__all__ = ["java_class"]
