"""Opens producers: the column producer where the C library can be called, else the client's own.

``BARNABAS_PRODUCER=client`` forces the latter.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from barnabas.kafka import _librdkafka
from barnabas.kafka.batch_producer import BatchProducer
from barnabas.kafka.bootstrap import check_bootstrap
from barnabas.kafka.client_producer import ClientProducer
from barnabas.kafka.faults import KafkaFault
from barnabas.kafka.producer_base import Producer
from barnabas.kafka.settings import ClientSettings
from barnabas.kafka.tickets import Ticket

__all__ = ["BatchProducer", "ClientProducer", "Producer", "Ticket", "open_producer"]

log = logging.getLogger(__name__)

_librdkafka.load()  # before a process forks: what it sets up is then shared


def open_producer(
    settings: ClientSettings,
    *,
    on_error: Callable[[KafkaFault], None] | None = None,
    want_metadata: bool = False,
) -> Producer:
    """A producer; it connects in the background, so a broker that is down is not an error here.

    Args:
        settings: From ``translate(…, "producer")``.
        on_error: Told about connections and log-ins while polling; ``None`` logs them.
        want_metadata: Keep partition and offset of each record in its ticket; costs about a microsecond a record.

    Raises:
        ConfigError: A setting is wrong, or no host of ``bootstrap.servers`` is known.
    """
    check_bootstrap(settings)
    library = None if os.environ.get("BARNABAS_PRODUCER") == "client" else _librdkafka.load()
    if library is None:
        log.debug("Records are produced one by one.")
        return ClientProducer(settings, on_error, want_metadata=want_metadata)
    return BatchProducer(library, settings, on_error, want_metadata=want_metadata)
