"""Which names mean which predicate; none is loaded before it is used."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PREDICATES"]

_JAVA: Final = "org.apache.kafka.connect.transforms.predicates."
_OURS: Final = "barnabas.predicates."

PREDICATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{_JAVA}HasHeaderKey": f"{_OURS}has_header_key:HasHeaderKey",
        f"{_JAVA}RecordIsTombstone": f"{_OURS}record_is_tombstone:RecordIsTombstone",
        f"{_JAVA}TopicNameMatches": f"{_OURS}topic_name_matches:TopicNameMatches",
    }
)
"""From the name Kafka Connect knows a predicate by to where ours is."""
