"""``barnabas distributed``: a worker that shares its work with others of its group."""

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
        from barnabas.cli.group_worker import run_group_worker  # noqa: PLC0415  the fork server must not inherit it

        return run_group_worker(fork, props)
    finally:
        fork.close()
