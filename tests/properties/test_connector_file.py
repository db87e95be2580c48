from __future__ import annotations

import pytest

from barnabas.errors import ConfigError
from barnabas.herder.connector_file import ConnectorFile, load_connector_file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name=c\ntasks.max=1\n", ConnectorFile("c", {"name": "c", "tasks.max": "1"})),
        (
            '{"name": "c", "tasks.max": 1, "x": true, "y": 1.50}',
            ConnectorFile("c", {"name": "c", "tasks.max": "1", "x": "true", "y": "1.50"}),
        ),
        ('{"name": "c", "config": {"a": 1}}', ConnectorFile("c", {"a": "1", "name": "c"})),
        (
            '{"name": "c", "config": {"name": "c"}, "initial_state": "paused", "more": []}',
            ConnectorFile("c", {"name": "c"}, "PAUSED"),
        ),
        ('\ufeff{"name": "c"}', ConnectorFile("c", {"name": "c"})),
        ('{"name": "c", "file": null}', ConnectorFile("c", {"name": "c", "file": None})),
        ("{name=c\nname=d\n".replace("{", "#"), ConnectorFile("d", {"name": "d"})),
    ],
)
def test_the_three_forms(tmp_path, text, expected):
    path = tmp_path / "c"
    path.write_text(text)
    assert load_connector_file(path) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tasks.max=1", "missing the mandatory 'name'"),
        ("", "missing the mandatory 'name'"),
        ('{"tasks.max": "1"}', "missing the mandatory 'name'"),
        ('{"config": {"a": "b"}}', "missing the mandatory 'name'"),
        ('{"name": "c", "config": {"name": "d"}}', "'name' is c, but 'name' inside 'config' is d"),
        ('{"name": "c", "config": {"name": "c"}, "initial_state": "ASLEEP"}', "initial_state ASLEEP"),
        ('{"name": "c",', "line 1, column"),
        ('{"name": "c", "topics": ["a"]}', "topics"),
        ("name=\\u00", r"c:1: malformed"),
        ("[1]", "missing the mandatory 'name'"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path, text, says):
    path = tmp_path / "c"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        load_connector_file(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy
