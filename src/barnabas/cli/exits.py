"""Exit codes, and how an error that ends the program is said: one line on standard error, never a bare traceback."""

from __future__ import annotations

import logging
import sys
import traceback

from barnabas.errors import BarnabasError
from barnabas.secrets import hide

__all__ = ["BEFORE_START", "BROKEN", "OK", "STARTING", "USAGE", "FatalError", "explain", "report"]

OK = 0
USAGE = 1
"""The command line is wrong."""
BROKEN = 1
"""The worker ran, and cannot go on."""
BEFORE_START = 2
"""Something failed before anything was started: the worker's properties, the ports, reaching Kafka."""
STARTING = 3
"""Starting failed, or a connector file on the command line could not be processed."""

log = logging.getLogger(__name__)


class FatalError(Exception):
    """Ends the program with an exit code; the cause is what is reported.

    Args:
        code: The exit code.
        cause: What went wrong.
    """

    def __init__(self, code: int, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.code = code
        self.cause = cause


def explain(error: BaseException) -> str:
    """One line for a person: what is wrong, where, what to do."""
    if isinstance(error, BarnabasError):
        return " ".join(error.describe().split("\n"))
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}. Check the path, the address and the permissions. (BRN-0010)"
    name = f"{type(error).__name__}: {error}".rstrip(": ").replace("\n", " ")
    return f"Internal error, please report it: {name}. Run with --debug for the traceback. (BRN-0011)"


def report(error: BaseException, *, debug: bool, json: bool) -> None:
    """Say why the program ends: a line of text, or a log line when logs are JSON; with a traceback when debugging."""
    if json:
        log.critical(explain(error), exc_info=error if debug else None)
        return
    if debug:
        sys.stderr.write(hide("".join(traceback.format_exception(error))))
    sys.stderr.write(f"barnabas: {hide(explain(error))}\n")
    sys.stderr.flush()
