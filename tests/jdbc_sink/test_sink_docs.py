"""The page about the sink lists the keys there are. Renew the tables with BARNABAS_WRITE_DOCS=1."""

from __future__ import annotations

import os
import re
from pathlib import Path

from barnabas.connectors.jdbc.sink import JdbcSinkConnector
from barnabas.connectors.jdbc.sink_debezium import DebeziumJdbcSinkConnector

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connectors" / "jdbc-sink.md"
GENERATED = re.compile(r"(?s)(<!-- generated [^\n]*-->\n).*?(<!-- end -->)")


def test_keys() -> None:
    text = PAGE.read_text(encoding="utf-8")
    tables = iter(
        connector.CONFIG.markdown().rstrip("\n") for connector in (JdbcSinkConnector, DebeziumJdbcSinkConnector)
    )
    wanted = GENERATED.sub(lambda match: f"{match[1]}{next(tables)}\n{match[2]}", text)
    if "BARNABAS_WRITE_DOCS" in os.environ:
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted
