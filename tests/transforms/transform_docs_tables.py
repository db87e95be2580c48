"""The generated parts of docs/transforms.md; run this file to write them anew."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "transforms.md"
_KEYS = re.compile(r"(<!-- keys: (\S+)\.(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rendered(page: str) -> str:
    """The page with its tables as the code has them now."""
    return _KEYS.sub(lambda found: f"{found[1]}{keys(found[2], found[3])}{found[4]}", page)


def keys(module: str, name: str) -> str:
    """The table of a class's keys."""
    return f"\n{getattr(importlib.import_module(module), name).CONFIG.markdown()}\n"


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
