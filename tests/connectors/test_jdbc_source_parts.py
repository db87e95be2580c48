"""The pure parts of the JDBC source: URLs, offsets, division of tables, keys that contradict each other."""

from __future__ import annotations

import datetime as dt
import re
import sys

import pytest
from docs_tables import PAGES, rendered
from hypothesis import given
from hypothesis import strategies as st

from barnabas import ConfigError, ConnectError, ExactlyOnceSupport
from barnabas.connectors.jdbc.dialects import dialect_for
from barnabas.connectors.jdbc.dialects.base import TableId
from barnabas.connectors.jdbc.dialects.postgresql_guard import unseen
from barnabas.connectors.jdbc.source import JdbcSourceConnector
from barnabas.connectors.jdbc.source_config import SOURCE
from barnabas.connectors.jdbc.source_offset import Position
from barnabas.connectors.jdbc.source_settings import SourceSettings
from barnabas.connectors.jdbc.source_tables import divide, from_text, missing, selected, to_text
from barnabas.connectors.jdbc.url import parse_url
from barnabas.properties import parse_properties

URL = "jdbc:postgresql://db:5433/shop"
DIALECT = dialect_for(parse_url(URL))
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
TABLES = st.lists(st.builds(TableId, NAMES, NAMES, NAMES), max_size=12)


# -- URLs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hosts", "database"),
    [
        ("jdbc:postgresql://db/shop", (("db", 5432),), "shop"),
        ("jdbc:postgresql://db:1,[::1]:2,c/a%20b", (("db", 1), ("::1", 2), ("c", 5432)), "a b"),
        ("jdbc:postgresql:shop", (("localhost", 5432),), "shop"),
        ("jdbc:postgresql:/", (("localhost", 5432),), ""),
        ("JDBC:PostgreSQL://db/", (("db", 5432),), ""),
    ],
)
def test_url_addresses(text, hosts, database):
    url = parse_url(text)
    assert (url.hosts, url.database) == (hosts, database)


def test_url_settings():
    url = parse_url(
        f"{URL}?user=me&password=a%26b&ssl=true&ApplicationName=x&currentSchema=s&stringtype=unspecified&tcpKeepAlive=true"
        "&targetServerType=preferSecondary&prepareThreshold=0&readOnly=true"
    )
    assert (url.user, url.password) == ("me", "a&b")
    assert url.parameters == {
        "sslmode": "verify-full",
        "application_name": "x",
        "keepalives": "1",
        "target_session_attrs": "prefer-standby",
    }
    assert url.session == {"search_path": "s", "default_transaction_read_only": "on"}
    assert url.options == {"stringtype": "unspecified"}


def test_url_tls():
    def mode(query):
        return parse_url(f"{URL}?{query}").parameters.get("sslmode")

    assert mode("ssl=true&sslmode=require") == "require"
    assert mode("ssl") == "verify-full"
    assert mode("ssl=false") is None
    assert mode("ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory") == "require"


@pytest.mark.parametrize(
    "text",
    [
        "postgres://db/shop",
        "jdbc:mysql://db/shop",
        "jdbc:postgresql://db:port/shop",
        "jdbc:postgresql://db:99999/shop",
        "jdbc:postgresql://me:geheim@db/shop",
        f"{URL}?password=geheim&sslmod=x",
        f"{URL}?targetServerType=best&password=geheim",
        f"{URL}?sslfactory=com.example.Own&password=geheim",
    ],
)
def test_url_refusals_say_no_password(text):
    with pytest.raises(ConfigError) as caught:
        parse_url(text)
    assert caught.value.remedy
    assert "geheim" not in str(caught.value)


def test_a_url_shows_no_secret():
    url = parse_url(f"{URL}?user=me&password=geheim&sslpassword=geheim")
    assert "geheim" not in f"{url} {url!r}"
    assert str(url) == URL


# -- offsets -----------------------------------------------------------------------------------------------------------

POSITIONS = st.builds(
    Position,
    st.none() | st.datetimes(timezones=st.just(dt.UTC)),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none(),
)


@given(POSITIONS)
def test_offsets_come_back(position):
    assert Position.of(position.to_offset()) == position


def test_a_snapshot_comes_back_with_a_time():
    position = Position(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), 5, "7:9:7,8")
    assert Position.of(position.to_offset()) == position


@pytest.mark.parametrize(
    "offset",
    [
        {"incrementing": "5"},
        {"timestamp": 1.5},
        {"timestamp": 10**18},
        {"timestamp": 1, "timestamp_nanos": -1},
        {"timestamp": 1, "snapshot": "true OR 1=1"},
    ],
)
def test_offsets_of_others(offset):
    with pytest.raises(ConnectError):
        Position.of(offset)


@given(POSITIONS, POSITIONS)
def test_of_two_positions_at_most_one_is_beyond(one, other):
    assert not one.beyond(one) or one.time is None
    if one.time is not None and other.time is not None:
        assert not (one.beyond(other) and other.beyond(one)) or None in (one.number, other.number)


# -- transactions ------------------------------------------------------------------------------------------------------


def test_what_an_earlier_snapshot_did_not_see():
    assert unseen("5:7:", "9:9:") == "age(xmin) <= age('7'::xid)"
    assert unseen("5:7:5,6", "9:9:") == "(age(xmin) <= age('7'::xid) OR xmin IN ('5'::xid, '6'::xid))"
    assert unseen(f"{2**32 + 9}:{2**32 + 9}:", f"{2**32 + 20}:{2**32 + 20}:") == "age(xmin) <= age('9'::xid)"
    assert unseen("5:7:", f"{2**31}:{2**31}:") == "true"
    assert unseen("50:70:", "9:9:") == "true"


# -- tables ------------------------------------------------------------------------------------------------------------


@given(TABLES, st.integers(1, 9))
def test_division(tables, most):
    groups = divide(tables, most)
    assert [table for group in groups for table in group] == tables
    assert len(groups) == min(most, len(tables))
    assert not groups or max(map(len, groups)) - min(map(len, groups)) <= 1


@given(TABLES)
def test_names_come_back(tables):
    assert from_text(to_text(tables), DIALECT) == tables


def config(**props):
    return SOURCE.parse({"connection.url": URL, **{key.replace("_", "."): value for key, value in props.items()}})


def test_lists():
    tables = [TableId("shop", "public", name) for name in ("a", "b", "a.b")] + [TableId("shop", "s", "a")]
    a, b, dotted, other = tables

    def chosen(**props):
        return selected(config(**props), DIALECT, tables)

    assert chosen() == tables
    assert chosen(table_whitelist="a") == [a, other]
    assert chosen(table_whitelist='public.a,"a.b"') == [a, dotted]
    assert chosen(table_whitelist="shop.s.a") == [other]
    assert chosen(table_blacklist="a") == [b, dotted]
    assert chosen(table_include_list=r"public\..*", table_exclude_list=".*b") == [a]
    assert chosen(table_include_list=r"shop\.s\.a") == [other]
    absent = config(table_whitelist="a,zz", table_include_list=r"public\.zz,public\.x.*")
    assert missing(absent, DIALECT, tables) == [("table.whitelist", "zz"), ("table.include.list", r"public\.zz")]
    with pytest.raises(ConfigError, match="no regular expression"):
        chosen(table_include_list="(")


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "props"),
    [
        ("mode", {}),
        ("timestamp.column.name", {"mode": "timestamp"}),
        ("query.masked", {"mode": "bulk", "query": "SELECT 1", "query_masked": "SELECT 2", "topic_prefix": "t"}),
        ("query", {"mode": "bulk", "query": "SELECT 1", "table_whitelist": "t", "topic_prefix": "t"}),
        ("topic.prefix", {"mode": "bulk", "query": "SELECT 1"}),
        ("incrementing.column.name", {"mode": "incrementing", "query": "SELECT 1", "topic_prefix": "t"}),
        ("table.blacklist", {"mode": "bulk", "table_whitelist": "t", "table_blacklist": "t"}),
        ("query.suffix", {"mode": "timestamp", "timestamp_column_name": "at", "query_suffix": "limit 5"}),
        ("timestamp.columns.mapping", {"mode": "timestamp", "timestamp_columns_mapping": "a.b"}),
    ],
)
def test_keys_that_contradict_each_other(key, props):
    with pytest.raises(ConfigError) as caught:
        SourceSettings.of(config(**props))
    assert caught.value.key == key


def test_columns_of_each_table():
    settings = SourceSettings.of(
        config(
            mode="timestamp+incrementing",
            timestamp_column_name="at",
            timestamp_columns_mapping=r"s\.a:[made|changed],.*b:[x]",
            incrementing_column_name="id",
            incrementing_column_mapping="s.a:number",
        )
    )
    a, b, c = (TableId("shop", "s", name) for name in "abc")
    assert [settings.timestamps_for(table) for table in (a, b, c, None)] == [
        ("made", "changed"),
        ("x",),
        ("at",),
        ("at",),
    ]
    assert [settings.incrementing_for(table) for table in (a, b, None)] == ["number", "id", "id"]


@pytest.mark.parametrize(
    ("mode", "more", "guard", "supported"),
    [
        ("bulk", {}, "none", False),
        ("incrementing", {}, "writers", True),
        ("timestamp", {"timestamp.column.name": "at"}, "all", False),
        ("timestamp+incrementing", {"timestamp.column.name": "at"}, "all", False),
        ("timestamp+incrementing", {"timestamp.column.name": "at", "timestamp.lookback.ms": "0"}, "all", True),
    ],
)
def test_guard_and_exactly_once(mode, more, guard, supported):
    props = {"connection.url": URL, "mode": mode, **more}
    assert SourceSettings.of(SOURCE.parse(props)).guard == guard
    support = JdbcSourceConnector().exactly_once_support(props)
    assert (support is ExactlyOnceSupport.SUPPORTED) == supported


def test_without_the_driver_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    values = JdbcSourceConnector().validate({"connection.url": URL, "mode": "bulk"})
    (errors,) = [value.errors for value in values if value.errors]
    assert "pip install 'barnabas[postgres]'" in errors[0]


# -- documentation -----------------------------------------------------------------------------------------------------


def test_the_page_has_the_keys_and_right_examples():
    page = (PAGES / "jdbc-source.md").read_text()
    assert rendered(page) == page, "run: python tests/connectors/docs_tables.py"
    examples = re.findall(r"```properties\n(.*?)```", page, re.DOTALL)
    assert examples
    for example in examples:
        props = parse_properties(example)
        assert set(props) <= {*SOURCE.keys, "name", "connector.class"}
        SourceSettings.of(SOURCE.parse(props))
        parse_url(props["connection.url"])
