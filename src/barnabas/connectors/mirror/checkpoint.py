"""``MirrorCheckpointConnector``: its settings; it cannot be run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from barnabas import ConfigDef, ConfigValue, SourceConnector
from barnabas.connectors.mirror.config import CHECKPOINT, not_available, validate_mirror

__all__ = ["MirrorCheckpointConnector"]


class MirrorCheckpointConnector(SourceConnector):
    """Writes where the consumer groups of one cluster are, in offsets of another."""

    CONFIG: ClassVar[ConfigDef] = CHECKPOINT

    def start(self, props: Mapping[str, str]) -> None:
        """Refuse to run.

        Raises:
            ConfigError: Always.
        """
        del props
        raise not_available("MirrorCheckpointConnector")

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """Check a configuration; without checkpoints, or what they are made of, it has nothing to do."""
        values = validate_mirror(CHECKPOINT, props)
        emit = next(value for value in values if value.name == "emit.checkpoints.enabled")
        if emit.value is False:
            emit.add_error("MirrorCheckpointConnector can't run with emit.checkpoints.enabled set to false")
        if props.get("emit.offset-syncs.enabled") == "false":
            error = "MirrorCheckpointConnector can't run without offset syncs"
            values.append(ConfigValue("emit.offset-syncs.enabled", errors=[error]))
        return values
