"""The generated parts of docs/connectors; run it to write them anew: ``python tests/connectors/docs_tables.py``."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from barnabas.connectors.datagen.generators import GENERATORS

PAGES = Path(__file__).parents[2] / "docs" / "connectors"
_KEYS = re.compile(r"(<!-- keys: (\S+)\.(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_GENERATORS = re.compile(r"(<!-- generators -->\n).*?(<!-- end -->)", re.DOTALL)


def rendered(page: str) -> str:
    """The page with its tables as the code has them now."""
    page = _KEYS.sub(lambda found: f"{found[1]}{keys(found[2], found[3])}{found[4]}", page)
    return _GENERATORS.sub(lambda found: f"{found[1]}{generators()}{found[2]}", page)


def keys(module: str, name: str) -> str:
    """The table of a connector's keys."""
    connector = getattr(importlib.import_module(module), name)
    return f"\n{connector.CONFIG.markdown()}\n"


def generators() -> str:
    """The list of what a template can ask for."""
    lines = []
    for _, usage in GENERATORS.values():
        written, _, meaning = usage.partition(": ")
        placeholders = re.sub(r"(\{\{.*?\}\})", r"`\1`", written)
        lines.append(f"* {placeholders}{': ' + meaning if meaning else ''}\n")
    return "\n" + "".join(lines) + "\n"


if __name__ == "__main__":
    for path in sorted(PAGES.glob("*.md")):
        path.write_text(rendered(path.read_text(encoding="utf-8")), encoding="utf-8")
