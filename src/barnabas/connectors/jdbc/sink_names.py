"""What tables are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from barnabas import DataError, SinkBatch
from barnabas.connectors.jdbc.sink_settings import SinkSettings

__all__ = ["placeholders", "table_name", "table_names"]

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


def placeholders(text: str) -> list[str]:
    """The names in ``${…}``."""
    return _PLACEHOLDER.findall(text)


def table_name(settings: SinkSettings, topic: str) -> str:
    """The table of a topic, where that alone decides."""
    named = settings.table_names.get(topic)
    if named is not None:
        return named
    plain = topic.replace(".", "_") if settings.flat_topics else topic
    name = settings.table_format.replace("${topic}", plain)
    return re.sub(r"\W", "_", name, flags=re.ASCII) if settings.plain_names else name


def table_names(settings: SinkSettings, run: SinkBatch) -> Iterator[tuple[str, SinkBatch]]:
    """The records of a uniform batch by table, each table's in order.

    Raises:
        DataError: A record lacks what the name is made of.
    """
    template = table_name(settings, run.topic)
    fields = [] if run.topic in settings.table_names else placeholders(template)
    if not fields:
        yield template, run
        return
    rows: dict[str, list[int]] = {}
    for at, value in enumerate(run.values):
        if value is not None:  # the row that a record without value speaks of was deleted by the event before it
            rows.setdefault(_filled(template, fields, value), []).append(at)
    for name, positions in rows.items():
        yield name, run.take(positions)


def _filled(template: str, fields: list[str], value: Any) -> str:
    for field in fields:
        found = value
        for part in field.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found is None:
            raise DataError(
                f"The record has no field {field}, which is part of its table's name.",
                code="BRN-6185",
                remedy=f"Correct the name's format, {template!r}.",
            )
        template = template.replace(f"${{{field}}}", str(found))
    return template
