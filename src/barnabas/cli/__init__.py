"""The ``barnabas`` command.

Each sub-command is a module with ``run(arguments) -> int``, imported only when it is the one asked for: help and wrong
usage are answered at once, and a worker can start its fork server before anything heavy is in memory.
"""

from __future__ import annotations

import importlib
import os
import signal
from typing import TYPE_CHECKING

from barnabas import logs
from barnabas.cli.exits import BEFORE_START, USAGE, FatalError, report
from barnabas.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

__all__ = ["main"]

_COMMANDS = {
    "standalone": "barnabas.cli.standalone",
    "distributed": "barnabas.cli.distributed",
    "broker": "barnabas.cli.broker",
    "dev": "barnabas.cli.dev",
    "consume": "barnabas.cli.consume",
    "validate": "barnabas.cli.validate",
    "plugins": "barnabas.cli.plugins",
    "version": "barnabas.cli.version",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit code (see :mod:`barnabas.cli.exits`)."""
    from barnabas.cli.arguments import build_parser  # noqa: PLC0415  not needed by who imports this package only

    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as end:  # argparse answered --help (0) or complained (1)
        return end.code if isinstance(end.code, int) else USAGE
    debug = getattr(arguments, "debug", False)
    chosen = getattr(arguments, "log_format", None) or os.environ.get(logs.FORMAT_VARIABLE)
    try:
        logs.configure(
            "DEBUG" if debug else getattr(arguments, "log_level", None),
            json={"json": True, "text": False}.get(chosen or ""),
        )
        return _run(arguments)
    except Exception as error:  # noqa: BLE001  the last resort of the program: one line, then the exit code
        return _failed(error, debug=debug, json=chosen == "json")
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _failed(error: Exception, *, debug: bool, json: bool) -> int:
    if isinstance(error, BrokenPipeError):  # the reader of standard output went away, as in `barnabas plugins | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    report(error.cause if isinstance(error, FatalError) else error, debug=debug, json=json)
    if isinstance(error, FatalError):
        return error.code
    return USAGE if isinstance(error, UsageError) else BEFORE_START


def _run(arguments: Namespace) -> int:
    command = importlib.import_module(_COMMANDS[arguments.command])
    code: int = command.run(arguments)
    return code
