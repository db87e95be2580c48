"""``allowed.paths``: which files and folders a provider may read (KIP-993)."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from barnabas.errors import ConfigError

__all__ = ["AllowedPaths"]

log = logging.getLogger(__name__)


class AllowedPaths:
    """A path is allowed if it lies in one of the folders, both as it is written and where its symbolic links lead.

    Kafka looks at the text alone, so that a link inside an allowed folder leads anywhere; here it does not.

    Args:
        setting: ``allowed.paths``: absolute paths that exist, separated by commas; ``None`` or empty allows everything.

    Raises:
        ConfigError: One of them is not absolute, or does not exist.
    """

    def __init__(self, setting: str | None) -> None:
        self._folders: list[Path] | None = None
        if setting:
            self._folders = [_checked(os.path.normpath(part.strip())) for part in setting.split(",")]

    def check(self, path: str) -> Path | None:
        """The path to read, or ``None``, with a warning in the log, if it must not be read.

        Raises:
            ConfigError: It is no path at all.
        """
        if "\0" in path:
            raise ConfigError("A path cannot hold the character NUL.", remedy="Check the placeholder.", code="BRN-1080")
        if self._folders is None:
            return Path(path)
        normal = Path(os.path.normpath(path))
        real = Path(os.path.realpath(normal))
        written = any(normal.is_relative_to(folder) for folder in self._folders)
        if written and any(real.is_relative_to(os.path.realpath(folder)) for folder in self._folders):
            return normal
        log.warning(
            "The path %s is not allowed to be accessed%s: placeholders that name it stay as they are.",
            path,
            f", because a link leads to {real}" if written else " (allowed.paths)",
        )
        return None


def _checked(folder: str) -> Path:
    path = Path(folder)
    problem = "is not absolute" if not path.is_absolute() else "does not exist" if not path.exists() else None
    if problem:
        raise ConfigError(
            f"Path {folder} {problem}",
            key="allowed.paths",
            remedy="Name folders or files by their absolute path, separated by commas.",
            code="BRN-1081",
        )
    return path
