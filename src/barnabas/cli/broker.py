"""``barnabas broker``: the development broker as a program."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from barnabas.cli.exits import OK, STARTING, FatalError
from barnabas.errors import BarnabasError

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    """Run until SIGTERM or Ctrl-C; a broker that cannot start ends with exit code 3."""
    from barnabas.broker import serve  # noqa: PLC0415  the sub-command was chosen: now it may cost something

    if arguments.stop_with_stdin:
        threading.Thread(target=_stop_with_stdin, name="stdin", daemon=True).start()
    try:
        asyncio.run(
            serve(
                Path(arguments.data),
                arguments.host,
                arguments.port,
                announce=_announce,
                allow_remote=arguments.allow_remote,
            )
        )
    except (BarnabasError, OSError) as error:
        raise FatalError(STARTING, error) from error
    return OK


def _announce(line: str) -> None:
    sys.stdout.write(f"barnabas: {line}\n")
    sys.stdout.flush()


def _stop_with_stdin() -> None:
    """Stop when standard input ends: so the broker that ``barnabas dev`` started never outlives it."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
