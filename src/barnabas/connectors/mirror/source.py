"""``MirrorSourceConnector``: its settings; it cannot be run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from barnabas import ConfigDef, ConfigValue, ExactlyOnceSupport, SourceConnector
from barnabas.connectors.mirror.config import SOURCE, not_available, validate_mirror

__all__ = ["MirrorSourceConnector"]

_SUPPORT: Final = "exactly.once.support"


class MirrorSourceConnector(SourceConnector):
    """Replicates topics from one cluster to another."""

    CONFIG: ClassVar[ConfigDef] = SOURCE

    def start(self, props: Mapping[str, str]) -> None:
        """Refuse to run.

        Raises:
            ConfigError: Always.
        """
        del props
        raise not_available("MirrorSourceConnector")

    def validate(self, props: Mapping[str, str]) -> list[ConfigValue]:
        """Check a configuration; exactly-once delivery needs a consumer that sees no aborted records."""
        values = validate_mirror(SOURCE, props)
        if (props.get(_SUPPORT) or "").strip().lower() == "required" and not _reads_committed(props):
            value = ConfigValue(_SUPPORT)
            value.add_error(
                "MirrorSourceConnector can only provide exactly-once guarantees when its source consumer is "
                "configured with isolation.level set to 'read_committed'; otherwise, records from aborted and "
                "uncommitted transactions will be replicated from the source cluster to the target cluster."
            )
            values.append(value)
        return values

    def exactly_once_support(self, props: Mapping[str, str]) -> ExactlyOnceSupport:
        """Whether the consumer of the source cluster reads committed records only."""
        return ExactlyOnceSupport.SUPPORTED if _reads_committed(props) else ExactlyOnceSupport.UNSUPPORTED


def _reads_committed(props: Mapping[str, str]) -> bool:
    level = props.get("source.consumer.isolation.level", props.get("consumer.isolation.level"))
    return level == "read_committed"
