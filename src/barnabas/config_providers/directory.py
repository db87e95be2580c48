"""``DirectoryConfigProvider``: the path is a folder, the key a file in it whose content is the value (KIP-632)."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from barnabas.config_providers.base import PathProvider
from barnabas.errors import ConfigError
from barnabas.extension import ConfigData

__all__ = ["DirectoryConfigProvider"]

log = logging.getLogger(__name__)


class DirectoryConfigProvider(PathProvider):
    """Settings: ``allowed.paths``, ``reload.ms``. A file's content is the value as it is, a last line end included."""

    def get(self, path: str, keys: Collection[str] | None = None) -> ConfigData:
        """The regular files of a folder; nothing without a path, or where there is no such folder or it is not allowed.

        Raises:
            ConfigError: The folder or a file cannot be read.
        """
        folder = self._allowed.check(path) if path else None
        if folder is None:
            return ConfigData({})
        if not folder.is_dir():
            log.warning("The path %s is not a directory: placeholders that name it stay as they are.", path)
            return ConfigData({})
        try:
            files = [file for file in folder.iterdir() if (keys is None or file.name in keys) and file.is_file()]
        except OSError as error:
            raise _unreadable(f"Could not list directory {folder}", error) from error
        # A file may itself be a link, as those of Kubernetes secrets are: it is looked at as any path is.
        return ConfigData({file.name: _read(file) for file in files if self._allowed.check(str(file))}, self.ttl_ms)


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(f"Could not read file {file} for property {file.name}", error) from error


def _unreadable(message: str, error: OSError | UnicodeDecodeError) -> ConfigError:
    reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
    return ConfigError(message, remedy=f"{reason}: check the permissions of the worker's user.", code="BRN-1080")
