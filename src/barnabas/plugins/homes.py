"""Plugin homes: the entries of the folders on ``plugin.path``, and when one has changed."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["list_homes", "split_plugin_path", "stamp"]

log = logging.getLogger(__name__)


def split_plugin_path(text: str | None) -> list[str]:
    """The folders of a ``plugin.path`` setting: separated by commas, ``~`` expanded, in order, each once."""
    parts = (part.strip() for part in (text or "").split(","))
    return list(dict.fromkeys(str(Path(part).expanduser().absolute()) for part in parts if part))


def list_homes(folders: list[str]) -> list[str]:
    """Every entry that may hold Python plugins; what is left out for a reason worth knowing is logged."""
    homes = []
    for folder in folders:
        if folder.endswith(".jar"):  # Kafka's quick start names the jar of the file connectors, which are built in here
            log.info("plugin.path: %s is a Java archive, and is skipped.", folder)
            continue
        try:
            entries = sorted(Path(folder).iterdir()) if not folder.endswith(".py") else [Path(folder)]
        except OSError as error:
            log.warning("plugin.path: %s cannot be listed and is ignored: %s.", folder, error.strerror)
            continue
        kept = [str(entry) for entry in entries if _has_python(entry)]
        homes += kept
        jars = sorted(entry.name for entry in entries if str(entry) not in kept and _has_jars(entry))
        if jars:
            log.info("plugin.path: in %s these hold Java archives only, and are skipped: %s.", folder, ", ".join(jars))
    return homes


def stamp(home: str) -> tuple[int, int]:
    """Something that is different once any source file of a home was added, changed or removed."""
    newest = count = 0
    for file in _files(Path(home), ".py"):
        count += 1
        newest = max(newest, os.stat(file).st_mtime_ns)  # noqa: PTH116  a Path object for each file costs more
    return newest, count


def _has_python(entry: Path) -> bool:
    if entry.name.startswith((".", "__pycache__")) or entry.name.endswith(".dist-info"):
        return False
    return next(_files(entry, ".py"), None) is not None


def _has_jars(entry: Path) -> bool:
    return next(_files(entry, ".jar"), None) is not None


def _files(entry: Path, suffix: str) -> Iterator[str]:
    if entry.is_file():
        if entry.suffix == suffix:
            yield str(entry)
        return
    for folder, folders, names in os.walk(entry):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (os.path.join(folder, name) for name in names if name.endswith(suffix))  # noqa: PTH118  as above
