r"""Testing connectors without a worker and without Kafka.

* :class:`SourceHarness` and :class:`SinkHarness` run one task on the calling thread, as a worker would: they make the
  connector, divide its work, give the task its context, and keep offsets.
* :class:`SourceConformance` and :class:`SinkConformance` are test classes: subclass one in a pytest file, say which
  connector it is and how to feed or inspect the outside system, and it is put through everything that a worker may do
  to a connector.

::

    def test_reads_lines(tmp_path):
        (tmp_path / "in.txt").write_text("a\\nb\\n")
        with SourceHarness(FileStreamSourceConnector, {"file": str(tmp_path / "in.txt"), "topic": "t"}) as source:
            assert [record.value for record in source.poll(2)] == ["a", "b"]
"""

from __future__ import annotations

from barnabas._testing.contexts import (
    MemoryConnectorContext,
    MemoryOffsets,
    MemorySinkTaskContext,
    MemorySourceTaskContext,
    MemoryTransactionContext,
)
from barnabas._testing.sink_conformance import SinkConformance
from barnabas._testing.sink_harness import SinkHarness
from barnabas._testing.source_conformance import SourceConformance
from barnabas._testing.source_harness import SourceHarness

__all__ = [
    "MemoryConnectorContext",
    "MemoryOffsets",
    "MemorySinkTaskContext",
    "MemorySourceTaskContext",
    "MemoryTransactionContext",
    "SinkConformance",
    "SinkHarness",
    "SourceConformance",
    "SourceHarness",
]
