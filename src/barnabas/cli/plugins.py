"""``barnabas plugins``: what there is, and how one is configured.

This process is no worker: it may import the one plugin it was asked about. Homes on a plugin path are still looked into
by processes of their own, because two homes may hold modules of the same name.
"""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from barnabas.cli.exits import BEFORE_START, OK, FatalError
from barnabas.config import ConfigDef, key_info
from barnabas.errors import PluginError
from barnabas.plugins import Plugins, load, scan_home
from barnabas.properties import load_properties

if TYPE_CHECKING:
    from argparse import Namespace

    from barnabas.supervisor.api import PluginRef

__all__ = ["discover", "reference", "run"]


def run(arguments: Namespace) -> int:
    """Print the list, or the reference of one plugin, on standard output."""
    try:
        path = arguments.plugin_path
        if path is None and arguments.worker is not None:
            path = load_properties(arguments.worker).get("plugin.path")
        plugins = asyncio.run(discover(path))
        if arguments.name is None:
            text = _listing(plugins.list(connectors_only=not arguments.all), arguments.format == "json")
        else:
            text = _reference(plugins.find(arguments.name), arguments.format == "json")
    except Exception as error:
        raise FatalError(BEFORE_START, error) from error
    sys.stdout.write(text)
    sys.stdout.flush()
    return OK


async def discover(path: str | None) -> Plugins:
    """All plugins of this environment, and of the homes on a plugin path."""
    if not path:
        return Plugins()

    async def scan(home: str) -> list[PluginRef]:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return await asyncio.get_running_loop().run_in_executor(pool, scan_home, home)

    plugins = Plugins(path, scan)
    await plugins.discover()
    return plugins


def _listing(refs: list[PluginRef], as_json: bool) -> str:
    if as_json:
        rows = [{"class": ref.name, "type": ref.kind, "version": ref.version, "home": ref.home} for ref in refs]
        return json.dumps(rows, indent=2) + "\n"
    table = [("CLASS", "TYPE", "VERSION", "HOME")]
    table += [(ref.name, ref.kind, ref.version, ref.home or "-") for ref in refs]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _reference(ref: PluginRef, as_json: bool) -> str:
    definition = _definition(ref)
    if as_json:
        return json.dumps([key_info(key) for key in definition.keys.values() if not key.internal], indent=2) + "\n"
    return reference(ref, definition)


def reference(ref: PluginRef, definition: ConfigDef) -> str:
    """The Markdown reference of a plugin: what it is, then its own settings."""
    kind = ref.kind.replace("_", " ")
    also = "" if ref.name == ref.path.replace(":", ".") else f" (`{ref.path.replace(':', '.')}`)"
    keys = definition.markdown() if definition.keys else "It has no settings of its own.\n"
    return f"# {ref.name.rpartition('.')[2]}\n\nA {kind}: `{ref.name}`{also}, version {ref.version}.\n\n{keys}"


def _definition(ref: PluginRef) -> ConfigDef:
    plugin: Any = load(ref)
    try:
        definition = plugin().config()
    except Exception as error:
        raise PluginError(
            f"{ref.path} does not tell its configuration: {type(error).__name__}: {error}",
            code="BRN-4008",
            remedy="Correct its config().",
        ) from error
    return definition if isinstance(definition, ConfigDef) else ConfigDef()
