"""The command line: sub-commands, options, help. Imports nothing of what the commands do."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, NoReturn

from barnabas.cli.consume_arguments import CONSUME, VALIDATE, fill_consume, fill_validate
from barnabas.cli.exits import USAGE
from barnabas.logs import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["build_parser"]

_MAX_PORT = 65_535
_NAMES = ("standalone", "distributed", "broker", "dev", "consume", "validate", "plugins", "version")
_OVERVIEW = """\
commands:
  standalone   run a worker in one process tree, configured by files
  distributed  run a worker that shares its work with the others of its group
  broker       run the development broker, which speaks Kafka's protocol
  dev          run broker and worker together: nothing else is needed to try things
  consume      print the records of a topic, read by any converter
  validate     check a connector's configuration, and the records that it would read
  plugins      list the connectors and other plugins, or show the settings of one
  version      print the version

examples:
  barnabas dev
  barnabas standalone worker.properties file-source.properties
  barnabas plugins FileStreamSource
  barnabas consume orders --follow

'barnabas COMMAND --help' explains a command.
"""

_STANDALONE = """\
examples:
  barnabas standalone worker.properties
  barnabas standalone worker.properties orders.properties payments.json
  barnabas standalone --log-format json worker.properties

A connector file is a properties file, a JSON object of settings, or the body of POST /connectors
({"name": …, "config": {…}, "initial_state": "PAUSED"}).

exit codes: 0 stopped on request · 1 wrong usage · 2 failed before the start (worker properties, ports, Kafka)
· 3 failed while starting, or a connector file could not be used

SIGTERM or Ctrl-C stops gracefully within task.shutdown.graceful.timeout.ms; a second one stops at once.
"""

_DISTRIBUTED = """\
examples:
  barnabas distributed worker.properties

Workers with the same group.id share connectors and tasks, be they Barnabas or Kafka Connect on the JVM. They are
managed over REST; what they know is kept in three topics of Kafka, which are created if they are missing.

exit codes: 0 stopped on request · 1 wrong usage, or the group was lost for good · 2 failed before the start (worker
properties, ports, Kafka) · 3 failed while starting

SIGTERM or Ctrl-C stops gracefully and hands the work over; a second one stops at once.
"""

_BROKER = """\
examples:
  barnabas broker --data ./kafka-data
  barnabas broker --data /tmp/k --port 0

The broker is for development and tests: one node, no authentication, no TLS. Production is Apache Kafka.
It listens on this machine only, unless --allow-remote is given.
"""

_DEV = """\
examples:
  barnabas dev
  barnabas dev --data ./playground file-source.properties file-sink.json
  barnabas dev --port 0 --rest-port 0

Data, offsets and topics are kept in the --data folder and are there again next time.
"""

_PLUGINS = """\
examples:
  barnabas plugins
  barnabas plugins --all --format json
  barnabas plugins FileStreamSink
  barnabas plugins my_package.my_module.MyConnector
  barnabas plugins --plugin-path /opt/connectors
"""

_VERSION = """\
example:
  barnabas version
"""


class _Parser(argparse.ArgumentParser):
    """Exits with Kafka Connect's code for wrong usage, and says what is wrong before how it should be."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse for wrong arguments."""
        unknown = re.match(r"argument COMMAND: invalid choice: '(.*?)' ", message)
        if unknown:
            message = f"there is no command {unknown[1]}{_suggestion(unknown[1])}"
        sys.stderr.write(f"barnabas: {message}. See '{self.prog} --help'. (BRN-0001)\n{self.format_usage()}")
        raise SystemExit(USAGE)


def _suggestion(word: str) -> str:
    import difflib  # noqa: PLC0415  only a wrong command pays for it

    near = difflib.get_close_matches(word, _NAMES, n=1)
    return f"; did you mean {near[0]}" if near else ""


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port, which is a number from 0 to {_MAX_PORT}")
    return int(text)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; the chosen command is in ``command``."""
    common = _Parser(add_help=False)
    _add_common(common)
    parser = _Parser(
        prog="barnabas",
        usage="barnabas COMMAND [argument ...] [--log-level LEVEL] [--log-format text|json] [--debug]",
        description="Moves data between Apache Kafka and other systems: what Kafka Connect does, without the JVM.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_OVERVIEW,
        parents=[common],
    )
    commands = parser.add_subparsers(
        prog="barnabas", dest="command", metavar="COMMAND", required=True, help=argparse.SUPPRESS
    )

    def command(name: str, summary: str, epilog: str, fill: Callable[[argparse.ArgumentParser], None]) -> None:
        sub = commands.add_parser(
            name,
            description=summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=epilog,
            parents=[common],
        )
        fill(sub)

    command("standalone", "Run a standalone worker.", _STANDALONE, _fill_standalone)
    command("distributed", "Run one worker of a group.", _DISTRIBUTED, _fill_distributed)
    command("broker", "Run the development broker.", _BROKER, _fill_broker)
    command("dev", "Run the development broker and a standalone worker together.", _DEV, _fill_dev)
    command("consume", "Print the records of a topic.", CONSUME, fill_consume)
    command("validate", "Check the configuration of a connector.", VALIDATE, fill_validate)
    command("plugins", "List plugins, or show the configuration reference of one.", _PLUGINS, _fill_plugins)
    command("version", "Print the version.", _VERSION, lambda _: None)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Options that may stand before or behind the command; SUPPRESS keeps one from overwriting the other."""
    parser.add_argument(
        "--log-level",
        type=str.upper,
        choices=LEVELS,
        default=argparse.SUPPRESS,
        metavar="LEVEL",
        help=f"what is logged: {', '.join(LEVELS)} (default INFO; environment: BARNABAS_LOG_LEVEL)",
    )
    parser.add_argument(
        "--log-format",
        choices=("text", "json"),
        default=argparse.SUPPRESS,
        help="how log lines on standard error look (default text; environment: BARNABAS_LOG_FORMAT)",
    )
    parser.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help="log level DEBUG, and tracebacks with errors"
    )


def _fill_standalone(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("worker", metavar="worker.properties", help="the worker's configuration, in Kafka's style")
    parser.add_argument(
        "connectors",
        nargs="*",
        default=[],
        metavar="connector",
        help="connector files to create at start (.properties or .json)",
    )


def _fill_broker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", required=True, metavar="DIR", help="the folder for topics and offsets")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=9092, help="the port; 0 takes any that is free (default 9092)")
    parser.add_argument(
        "--allow-remote", action="store_true", help="allow an address that other machines can reach: there is no login"
    )
    parser.add_argument("--stop-with-stdin", action="store_true", help=argparse.SUPPRESS)


def _fill_dev(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", default="barnabas-data", metavar="DIR", help="the folder for everything (default ./barnabas-data)"
    )
    parser.add_argument("--port", type=_port, default=9092, help="the broker's port; 0 takes a free one (default 9092)")
    parser.add_argument(
        "--rest-port", type=_port, default=8083, help="the port of the REST API; 0 takes a free one (default 8083)"
    )
    parser.add_argument(
        "--worker", metavar="worker.properties", help="settings to lay over the defaults, such as plugin.path"
    )
    parser.add_argument(
        "connectors", nargs="*", default=[], metavar="connector", help="connector files (.properties or .json)"
    )


def _fill_plugins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="show the settings of this plugin")
    parser.add_argument("--all", action="store_true", help="list converters and other kinds, too")
    parser.add_argument("--plugin-path", metavar="DIRS", help="folders with plugins, as plugin.path of a worker")
    parser.add_argument("--worker", metavar="worker.properties", help="take plugin.path from this file")
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        help="of the list: text or json (default text); of one plugin: markdown or json (default markdown)",
    )


def _fill_distributed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("worker", metavar="worker.properties", help="the worker's settings, the same for all workers")
