"""Names and versions of plugins: pure rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from barnabas.plugins import names
from barnabas.supervisor.api import PluginRef

FILE_SOURCE = PluginRef(
    "org.apache.kafka.connect.file.FileStreamSourceConnector", "b.s:FileStreamSourceConnector", "source"
)


def ref(name, kind="source"):
    return PluginRef(name, "m:" + names.simple_name(name), kind)


def test_short_names_of_a_connector():
    assert names.short_names(FILE_SOURCE) == {"FileStreamSourceConnector", "FileStreamSource"}


def test_full_names():
    assert names.full_names(FILE_SOURCE) == {FILE_SOURCE.name, FILE_SOURCE.path, "b.s.FileStreamSourceConnector"}


def test_short_names_by_kind():
    assert names.short_names(ref("x.JsonConverter", "converter")) == {"JsonConverter", "Json"}
    assert names.short_names(ref("x.JsonConverter", "header_converter")) == {"JsonConverter"}
    assert names.short_names(ref("x.SimpleHeaderConverter", "header_converter")) == {"SimpleHeaderConverter", "Simple"}
    assert names.short_names(ref("x.Filter", "transformation")) == {"Filter"}
    assert names.short_names(ref("x.Connector")) == {"Connector"}


def test_inner_classes_have_no_short_names():
    assert names.short_names(ref("x.Cast$Value", "transformation")) == set()


def test_ambiguous_short_names_mean_nothing():
    found = names.aliases([ref("a.OneConnector"), ref("b.OneConnector"), ref("b.TwoConnector")])
    assert found == {"Two": "b.TwoConnector", "TwoConnector": "b.TwoConnector"}


def test_a_class_of_two_kinds_is_not_ambiguous():
    found = names.aliases([ref("a.JsonConverter", "converter"), ref("a.JsonConverter", "header_converter")])
    assert found["Json"] == "a.JsonConverter"


def test_versions():
    ordered = ["undefined", "0.9", "1.0rc1", "1.0", "1.0.1", "1.2", "1.10", "2"]
    assert sorted(set(ordered), key=names.version_key) == ordered


@given(st.text(), st.text())
def test_any_two_versions_can_be_compared(one, other):
    a, b = names.version_key(one), names.version_key(other)
    assert (a < b) + (a == b) + (a > b) == 1


def test_nearest():
    assert names.nearest("FileStreamSorce", [FILE_SOURCE, ref("x.DatagenConnector")]) == FILE_SOURCE.name
    assert names.nearest("com.example.DataGen", [FILE_SOURCE, ref("x.DatagenConnector")]) == "x.DatagenConnector"
    assert names.nearest("FileStreamSourceConector", [ref("x.DatagenConnector"), FILE_SOURCE]) == FILE_SOURCE.name
    assert names.nearest("qqqqqq", [FILE_SOURCE]) is None
    assert names.nearest("io.debezium.connector.postgresql.PostgresConnector", [FILE_SOURCE, ref("x.Datagen")]) is None
