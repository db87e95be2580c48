from __future__ import annotations

import re
from pathlib import Path

from barnabas.connectors.postgres.config import CONFIG

PAGE = Path(__file__).parents[2] / "docs" / "connectors" / "postgres-cdc.md"


def test_the_table_of_keys_is_up_to_date() -> None:
    assert CONFIG.markdown() in PAGE.read_text(), "run: python tests/connectors/docs_tables.py"


def test_the_example_is_valid() -> None:
    (example,) = re.findall(r"```properties\n(.*?)```", PAGE.read_text(), re.DOTALL)
    props = dict(line.split("=", 1) for line in example.splitlines())
    assert [value for value in CONFIG.validate(props) if value.errors] == []
    assert set(props) <= set(CONFIG.keys) | {"name", "connector.class"}
