"""The pages about connectors agree with the code."""

from __future__ import annotations

import re

import pytest
from docs_tables import PAGES, rendered

from barnabas.connectors import datagen, filestream, network

CONNECTORS = {
    "FileStreamSource": filestream.FileStreamSourceConnector,
    "FileStreamSink": filestream.FileStreamSinkConnector,
    "NetworkSource": network.NetworkSourceConnector,
    "Datagen": datagen.DatagenSourceConnector,
}
OURS = [PAGES / f"{name}.md" for name in ("filestream", "network", "datagen")]


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.stem)
def test_tables_are_up_to_date(page):
    text = page.read_text()
    assert "| Key |" in text
    assert rendered(text) == text, "run: python tests/connectors/docs_tables.py"


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.stem)
def test_every_example_is_valid(page):
    examples = re.findall(r"```properties\n(.*?)```", page.read_text(), re.DOTALL)
    assert examples
    for example in examples:
        props = dict(line.split("=", 1) for line in example.splitlines())
        connector = CONNECTORS[props["connector.class"]]()
        assert [value for value in connector.validate(props) if value.errors] == []
        known = set(connector.config().keys) | {"name", "connector.class", "topics", "value.converter"}
        assert set(props) <= known
