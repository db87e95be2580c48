"""A worker that validates as a distributed one does: with ``group.id`` and ``exactly.once.source.support``.

``python tests/services/validating_worker.py worker.properties`` runs it until it is stopped. It is put together like a
standalone worker, from properties of both modes, and tells its hosts those of a distributed one.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from barnabas import logs
from barnabas.properties import load_properties
from barnabas.supervisor import forkserver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barnabas.supervisor.forkserver import ForkServer

OFFSETS_FILE = "offset.storage.file.filename"


def main(path: str) -> int:
    """The fork server comes first, while nothing heavy is in memory."""
    logs.configure(None)
    props = load_properties(path)
    fork = forkserver.launch()
    try:
        return _run(fork, props)
    finally:
        fork.close()


def _run(fork: ForkServer, props: Mapping[str, str]) -> int:
    import msgspec  # noqa: PLC0415  only now: the fork server must not inherit what this one imports

    from barnabas.cli.listen import bind_all  # noqa: PLC0415
    from barnabas.cli.worker import _until_stopped  # noqa: PLC0415
    from barnabas.herder.worker_config import WorkerConfig  # noqa: PLC0415

    config = WorkerConfig.standalone(props)
    told = {key: value for key, value in config.props.items() if key != OFFSETS_FILE}
    config = msgspec.structs.replace(config, props=told)
    return asyncio.run(_until_stopped(fork, config, bind_all(config.listeners), [], None))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(main(sys.argv[1]))
