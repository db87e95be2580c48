"""``barnabas version``, and the lines about versions that a worker logs when it starts."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from barnabas._columns import native
from barnabas.cli.exits import OK
from barnabas.kafka_version import KAFKA_VERSION

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["KAFKA_VERSION", "installed_version", "run", "startup_line"]


def installed_version(distribution: str = "barnabas") -> str:
    """The version of an installed package."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:  # run from sources, without being installed
        return "unknown"


def startup_line() -> str:
    """What programs that watch a worker's log look for: ``Kafka version``."""
    return f"Kafka version: {KAFKA_VERSION} (compatible), Barnabas version: {installed_version()}"


def run(arguments: Namespace) -> int:
    """Print the versions that a bug report needs."""
    del arguments
    sys.stdout.write(
        f"barnabas {installed_version()} (compatible with Apache Kafka Connect {KAFKA_VERSION})\n"
        f"Python {platform.python_version()}, confluent-kafka {installed_version('confluent-kafka')}, "
        f"{platform.system()} {platform.machine()}\n"
        f"compiled part: {'not in use' if native is None else 'in use'}\n"
    )
    return OK
