"""``barnabas standalone``: a worker configured by files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barnabas.cli.exits import BEFORE_START, FatalError
from barnabas.errors import BarnabasError
from barnabas.properties import load_properties
from barnabas.supervisor import forkserver

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    """Run until stopped; the fork server comes first, while nothing heavy is in memory."""
    try:
        props = load_properties(arguments.worker)
    except BarnabasError as error:
        raise FatalError(BEFORE_START, error) from error
    fork = forkserver.launch()
    try:
        from barnabas.cli.worker import run_worker  # noqa: PLC0415  only now: the fork server must not inherit it

        return run_worker(fork, props, arguments.connectors)
    finally:
        fork.close()
