"""``barnabas distributed``: says that it is not there yet. Kafka's start script of that name ends here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from barnabas.cli.exits import BEFORE_START, FatalError
from barnabas.errors import ConfigError

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(arguments: Namespace) -> NoReturn:
    """End with exit code 2."""
    del arguments
    raise FatalError(
        BEFORE_START,
        ConfigError(
            "Distributed mode is not available in this version.",
            code="BRN-0004",
            remedy="Run 'barnabas standalone worker.properties connector.properties' instead.",
        ),
    )
