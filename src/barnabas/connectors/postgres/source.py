"""Change data capture for PostgreSQL: every row of the captured tables, then every change, in Debezium's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from barnabas import (
    ConfigDef,
    ConfigValue,
    ExactlyOnceSupport,
    SourceConnector,
    Task,
)
from barnabas.connectors.postgres.config import CONFIG
from barnabas.connectors.postgres.position import check_offset
from barnabas.connectors.postgres.task import PostgresCdcTask

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PostgresCdcSource"]


class PostgresCdcSource(SourceConnector):
    """One database, one task. The counterpart of Debezium's connector, with its keys, topics, events and offsets."""

    CONFIG: ClassVar[ConfigDef] = CONFIG
    TASK: ClassVar[type[Task] | None] = PostgresCdcTask

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """Check the settings, and with them the server: role, slot, publication, tables."""
        found = super().validate(props)
        if not any(value.errors for value in found):
            from barnabas.connectors.postgres.checks import check_server  # noqa: PLC0415 - needs the driver

            check_server(CONFIG.parse(props), {value.name: value for value in found})
        return found

    def exactly_once_support(self, props: Mapping[str, str]) -> ExactlyOnceSupport:
        """Supported: events are the same each time that the stream is read."""
        del props
        return ExactlyOnceSupport.SUPPORTED

    def alter_offsets(
        self, props: Mapping[str, str], offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        """Refuse what the task could not use (KIP-875)."""
        del props
        for offset in offsets.values():
            if offset is not None:
                check_offset(offset)
        return True
