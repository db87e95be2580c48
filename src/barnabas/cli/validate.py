"""``barnabas validate``: whether a connector's configuration is right, and fits what is in its topics.

The first half is the answer of ``PUT /connector-plugins/{plugin}/config/validate``, and equal to it. The second is only
asked here: for a sink, some of the oldest and newest records of each topic are read as its task would read them.
Like ``barnabas plugins`` this process is no worker: it may load the plugins that the configuration names.
"""

from __future__ import annotations

import array
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from barnabas.cli.consume.settings import task_spec
from barnabas.cli.exits import OK
from barnabas.cli.plugins import discover
from barnabas.errors import BarnabasError
from barnabas.supervisor.board import WORDS, Slot
from barnabas.supervisor.describe import validate_connector

if TYPE_CHECKING:
    from argparse import Namespace

    from barnabas.supervisor.api import TaskSpec

__all__ = ["INVALID", "run"]

INVALID: Final = 3
"""The configuration has errors."""


class Finding(NamedTuple):
    """Something to say.

    Args:
        level: ``error`` or ``warning``.
        key: The setting.
        message: What is wrong, and what to do.
    """

    level: str
    key: str
    message: str


def run(arguments: Namespace) -> int:
    """Print what is wrong; the exit code tells whether the configuration would be accepted."""
    spec = task_spec(arguments)
    props: dict[str, str | None] = {**spec.connector_props}
    plugins = asyncio.run(discover(spec.worker_props.get("plugin.path")))
    plugin = plugins.find_connector(props.get("connector.class") or "")
    slot = Slot(memoryview(array.array("q", [0] * WORDS)))
    answer = validate_connector(plugin, props, spec.worker_props, slot)
    findings = [*_errors(answer)]
    if plugin.kind == "sink" and not arguments.no_sample:
        findings += _sampled(spec, arguments)
    _print(props.get("name") or arguments.connector, findings, as_json=arguments.format == "json")
    return INVALID if any(finding.level == "error" for finding in findings) else OK


def _errors(answer: dict[str, Any]) -> list[Finding]:
    return [
        Finding("error", entry["value"]["name"], text)
        for entry in answer["configs"]
        for text in entry["value"]["errors"]
    ]


def _sampled(spec: TaskSpec, arguments: Namespace) -> list[Finding]:
    """What is in the topics; that it could not be looked at is a warning, too."""
    from barnabas.cli.sampling import sample_topics  # noqa: PLC0415  a source has nothing to read

    try:
        found = sample_topics(spec, arguments.sample, arguments.timeout)
    except BarnabasError as error:
        return [Finding("warning", error.key or "topics", f"The topics were not looked at: {error} ({error.code})")]
    return [Finding("warning", key, message) for key, message in found]


def _print(name: str, findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        rows = [finding._asdict() for finding in findings]
        sys.stdout.write(json.dumps({"name": name, "findings": rows}, indent=2) + "\n")
    else:
        for finding in findings:
            message = " ".join(finding.message.split("\n"))
            sys.stdout.write(f"{finding.level}: {finding.key}: {message}\n")
        count = {level: sum(finding.level == level for finding in findings) for level in ("error", "warning")}
        said = ", ".join(f"{number} {level}{'' if number == 1 else 's'}" for level, number in count.items() if number)
        sys.stdout.write(f"{name}: {said or 'fine'}\n")
    sys.stdout.flush()
