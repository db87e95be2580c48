from __future__ import annotations

import sys

import pytest

from barnabas.connectors.postgres.source import PostgresCdcSource


def test_without_the_driver_a_configuration_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    props = {"database.hostname": "h", "database.user": "u", "database.dbname": "d", "topic.prefix": "p"}
    found = {value.name: value.errors for value in PostgresCdcSource().validate(props) if value.errors}
    ((error,),) = found.values()
    assert "pip install 'barnabas[postgres]'" in error
    assert "BRN-6100" in error
